// The layout of a snapshot file: a header, then sections, then the section that ends it.
//
//     0        4096                                                  all at multiples of 4096
//     | header | section | section | … | end |   what an older snapshot left, never read
//
//     header   | magic 8 | version 4 | header_bytes 4 | id 8 | saved_ms 8 | section_bytes 8 |
//              | limits 4 | limits × (name length 1, name, number 8) | 0 … | crc 4, the last bytes
//              |
//     section  | kind 4 | payload 4 | number 8 | entries begun 8 | 0 4 | crc 4 | payload | 0 … |
//     entry    | type 1 | flags 1 | key bytes 4 | length 4 | [deadline 8] | key | value | end 1 |
//     list     … | element bytes 4 | element | …
//
// Integers are little-endian. A section is padded with zeros to a multiple of 4096, and all but the
// last are as long as the header says; entries run on from one to the next. The checksum of a
// section (CRC-32C) is that of its payload, its padding and then its head, with its own field as 0,
// and continues that of the section before, the first one that of the header, whose id is random.
// So that of the end is the checksum of the whole file, and no section of another file can stand in
// for one of this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kv {

constexpr std::string_view snapshot_magic = "kvsnap01";
constexpr uint32_t snapshot_version = 1;

/// What every offset and length of a section is a multiple of, so that O_DIRECT can write it.
constexpr uint64_t section_align = 4096;
constexpr uint64_t snapshot_header_bytes = section_align;
constexpr uint64_t section_header_bytes = 32;
constexpr uint64_t section_bytes_max = uint64_t{1} << 30;

/// What an entry takes beside its key and value, and a list element beside its bytes.
constexpr uint64_t entry_frame_bytes_max = 1 + 1 + 4 + 4 + 8 + 1;
constexpr uint64_t element_frame_bytes = 4;

/// A key or value cannot be longer, whatever the limits are.
constexpr uint64_t data_bytes_max = uint64_t{512} << 20;

constexpr uint64_t no_deadline_ms = UINT64_MAX;
/// The last time at which a key can expire: the store keeps it in 63 bits.
constexpr uint64_t deadline_ms_max = (uint64_t{1} << 63) - 1;

enum class SectionKind : uint32_t { data = 1, end = 2 };

enum class EntryType : uint8_t { string = 1, list = 2 };

/// EntryHead::flags on disk.
constexpr uint8_t entry_expires = 1;

/// How an entry ends: whole, or given up because the key expired while it was being written. What
/// it holds does not count then.
enum class EntryEnd : uint8_t { whole = 0xe1, dropped = 0xe0 };

/// The head of an entry.
struct EntryHead {
  EntryType type = EntryType::string;
  uint32_t key_bytes = 0;
  uint32_t length = 0;                    ///< string: bytes of the value; list: elements
  uint64_t deadline_ms = no_deadline_ms;  ///< Unix time

  bool expires() const { return deadline_ms != no_deadline_ms; }
};

/// What the section at the end says of all before it.
struct SnapshotTotals {
  uint64_t entries = 0;   ///< whole ones
  uint64_t expiring = 0;  ///< of them, with a deadline
  uint64_t bytes = 0;     ///< of their keys, values and elements
  uint64_t dropped = 0;   ///< entries that were given up

  bool operator==(const SnapshotTotals&) const = default;
};
constexpr uint64_t totals_bytes = 32;

/// What a header says beside its limits.
struct SnapshotHeader {
  uint64_t id = 0;             ///< random
  uint64_t saved_ms = 0;       ///< Unix time of the state
  uint64_t section_bytes = 0;  ///< of each section but the last ones
};

/// Why a file is refused, and where: the offset of the first byte that is wrong.
struct DataFault {
  uint64_t offset = 0;
  std::string_view reason;  ///< static text
};

/// The file of at most so many payload bytes, whole. REQUIRES: section_bytes is a multiple of
/// section_align.
constexpr uint64_t snapshot_file_bytes(uint64_t payload_bytes, uint64_t section_bytes) {
  const uint64_t in_section = section_bytes - section_header_bytes;
  const uint64_t sections = (payload_bytes + in_section - 1) / in_section;
  return snapshot_header_bytes + sections * section_bytes + section_align;
}

}  // namespace kv
