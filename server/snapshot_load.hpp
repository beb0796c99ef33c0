// Fills a store from a snapshot, wherever its bytes come from.
//
// It is read twice: once to see that it is whole and fits the limits, once to fill the store, so
// one that is refused changes nothing. Takes no memory: a value in pieces is put together where a
// large request would lie.
#pragma once

#include <cstdint>
#include <string_view>

#include "kvcore/data/snapshot_reader.hpp"
#include "server/instance.hpp"

namespace kv {

struct LoadedSnapshot {
  SnapshotHeader header;
  uint64_t keys = 0;     ///< that are in the store now
  uint64_t expired = 0;  ///< that were left out
  uint64_t bytes = 0;    ///< of the file, up to the snapshot's end
};

/// Loads a snapshot as it is at `now_ms`, Unix time, which the store's clock is set to. REQUIRES:
/// memory is behind the arena, the store is empty and nobody is served yet. The failure has the
/// snapshot's name, `name`, and the offset and the reason, or the entry and the limit that it does
/// not fit; the store is as it was, but where the snapshot was altered while it was read.
[[nodiscard]] Failure load_snapshot(DataSource& source, std::string_view name, uint64_t now_ms,
                                    Instance& instance, LoadedSnapshot& out);

}  // namespace kv
