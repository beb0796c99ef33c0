// Files of the tutorial's key-value store, which begin with ZIGKV001: strings by key.
//
//     | ZIGKV001 8 | entries 4 | entry … |
//     entry  | key bytes 4 | key | value bytes 4 | value | created 8 | expires? 1 | [expires 8] |
//
// Integers are little-endian, times Unix seconds. There is no checksum: what can be told of an
// altered file is that its lengths do not add up to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kvcore/data/snapshot_reader.hpp"

namespace kv {

constexpr std::string_view zigkv_magic = "ZIGKV001";

/// Shows every entry, with its time to expire in milliseconds; those of a time below 0, or that
/// milliseconds cannot hold, at the nearest that is there. A file of which one byte is missing or
/// too many is refused.
[[nodiscard]] std::optional<DataFault> read_zigkv(std::span<const std::byte> file,
                                                  EntryVisitor& visitor);

/// Such a file, made entry by entry.
class ZigkvWriter {
 public:
  ZigkvWriter();
  /// Adds an entry that was created at `created_s` and expires at the next whole second.
  void add(std::string_view key, std::string_view value, uint64_t created_s, uint64_t deadline_ms);
  /// The file so far. REQUIRES: less than 2^32 entries.
  const std::string& text();

 private:
  void put(uint64_t number, uint64_t bytes);

  std::string text_;
  uint64_t entries_ = 0;
};

}  // namespace kv
