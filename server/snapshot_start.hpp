// The files of snapshots at start: opened, their space reserved, and the last one loaded.
//
// A snapshot is read into the buffer that the next one is written from, so that takes no memory.
// One that is refused changes nothing: see load_snapshot(). The directory is locked, so that one
// server has it. Nothing of this is needed after ready, and nothing is permitted then.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "server/instance.hpp"
#include "server/snapshots.hpp"

namespace kv {

struct SnapshotStart {
  SnapshotFiles files;
  std::string report;  ///< a line of what was loaded
};

/// Opens the files in data.directory, makes an empty snapshot where there is none, and loads the
/// current one. REQUIRES: snapshot.enabled, and memory is behind the arena; nobody is served yet.
/// The failure names the file and, of one that is refused, the offset and the reason, or the entry
/// and the limit that it does not fit.
[[nodiscard]] Failure open_snapshots(Instance& instance, SnapshotStart& out);

/// Whether names can be exchanged in data.directory, asked with a file that means nothing. To be
/// asked with the privileges that the server keeps. The failure says why not.
[[nodiscard]] Failure try_exchange(const Config& config, const SnapshotFiles& files);

}  // namespace kv
