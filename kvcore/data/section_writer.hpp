// Writes the sections of a snapshot, one after the other, into rooms that the caller gives.
//
// It knows the format and neither file nor store: kvd gives it the halves of its buffer, kvplan a
// growing string. Takes no memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kvcore/data/format.hpp"
#include "kvcore/plan/config.hpp"

namespace kv {

/// Fills `room` with the header of a snapshot under these limits and returns its checksum, which
/// the first section continues. REQUIRES: room has snapshot_header_bytes; a resolved config.
uint32_t write_snapshot_header(const SnapshotHeader& header, const Config& config,
                               std::span<std::byte> room);

/// Writes the head of an entry and returns its bytes. REQUIRES: room for entry_frame_bytes_max.
uint64_t write_entry_head(const EntryHead& head, std::byte* out);

class SectionWriter {
 public:
  SectionWriter() = default;
  /// `crc` is the header's.
  explicit SectionWriter(uint32_t crc) : crc_(crc) {}

  /// Begins the next section in `room`. REQUIRES: none is begun; room is a multiple of
  /// section_align, at least that.
  void begin(std::span<std::byte> room);
  bool is_open() const { return !room_.empty(); }

  /// Bytes of payload that still fit.
  uint64_t free_bytes() const { return room_.size() - at_; }
  /// Where the next of them go. REQUIRES: is_open().
  std::byte* next() const { return room_.data() + at_; }
  /// So many were written there, and are taken into the checksum. REQUIRES: at most free_bytes().
  void advance(uint64_t bytes);
  /// Copies as many of `bytes` as fit and returns how many.
  uint64_t put(std::span<const std::byte> bytes);
  /// An entry begins here.
  void count_entry() { ++entries_; }

  /// Ends the section and returns what is to be written of the room.
  std::span<const std::byte> finish();
  /// Fills `room` with the section at the end. REQUIRES: no section is begun; room for
  /// section_align.
  std::span<const std::byte> finish_all(const SnapshotTotals& totals, std::span<std::byte> room);

 private:
  std::span<const std::byte> close(SectionKind kind);

  std::span<std::byte> room_;
  uint64_t at_ = 0;
  uint64_t entries_ = 0;
  uint64_t number_ = 0;
  uint32_t crc_ = 0;
};

}  // namespace kv
