// Reads a snapshot, from memory or piece by piece: every length is held to what is there before it
// is used.
//
// A file is refused at its first byte that is wrong, with the offset and the reason, whatever its
// bytes are. Checksums are looked at section by section, before anything in one is believed. Takes
// no memory; a value that runs on from one section or piece to the next is put together in `spare`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "kvcore/data/format.hpp"

namespace kv {

/// A file of which one piece at a time is in memory.
class DataSource {
 public:
  virtual ~DataSource() = default;

  virtual uint64_t size() const = 0;
  /// The first of these bytes, as many as there is room for and section_align at the least; good
  /// until the next call. Empty where they cannot be read. REQUIRES: the file has them.
  virtual std::span<const std::byte> look(uint64_t offset, uint64_t bytes) = 0;
};

/// Is shown what a snapshot holds, entry by entry. A key is good until the entry ends, a value
/// during the call.
class EntryVisitor {
 public:
  virtual ~EntryVisitor() = default;

  /// Whether value() and element() are to be called with the bytes, or with none.
  virtual bool wants_values() const = 0;
  /// An entry begins, at this offset of the file. `key` may be cut to what `spare` holds. False
  /// ends the reading.
  virtual bool begin(const EntryHead& head, std::string_view key, uint64_t offset) = 0;
  /// A string's value, or an element of a list. False ends the reading.
  virtual bool value(uint64_t bytes, std::string_view data) = 0;
  /// The entry ends. One that was dropped does not count.
  virtual bool end(EntryEnd how) = 0;
};

/// The parts of a snapshot as they are found.
class SnapshotReader {
 public:
  explicit SnapshotReader(std::span<const std::byte> file) : file_(file), size_(file.size()) {}
  /// `source` outlives this.
  explicit SnapshotReader(DataSource& source) : source_(&source), size_(source.size()) {}

  /// Looks at the header. The fault says what is wrong with it.
  [[nodiscard]] std::optional<DataFault> open();

  /// REQUIRES: open() found no fault.
  const SnapshotHeader& header() const { return header_; }
  /// Calls back with the name and the number of each limit. REQUIRES: the same.
  template <class Look>
  void look_at_limits(Look look) const;

  /// Reads everything. `spare` has room for the longest key, behind which the longest value stands
  /// where it runs over the end of a section or piece; a smaller one cuts keys, and refuses such
  /// values where they are wanted. REQUIRES: open() found no fault.
  [[nodiscard]] std::optional<DataFault> read(EntryVisitor& visitor, std::span<char> spare);

  /// After read() found no fault:
  const SnapshotTotals& totals() const { return totals_; }
  uint64_t section_count() const { return number_; }
  uint64_t file_bytes() const { return next_; }  ///< what the snapshot takes of the file
  uint32_t crc() const { return crc_; }          ///< of the whole

 private:
  struct Limit {
    std::string_view name;
    uint64_t number;
  };
  Limit limit_at(uint64_t& at) const;

  bool fail(uint64_t offset, std::string_view reason);
  bool show(uint64_t offset, uint64_t bytes);
  bool enter_section();
  bool check_section(std::span<const std::byte> head, uint64_t bytes, uint64_t used);
  bool read_totals(uint64_t payload_bytes);
  bool read_entry(EntryVisitor& visitor, std::span<char> spare);
  bool read_head(EntryHead& head);
  bool read_value(EntryVisitor& visitor, uint64_t bytes, std::span<char> spare);
  bool read_list(EntryVisitor& visitor, const EntryHead& head, std::span<char> spare);
  bool read_number(uint64_t bytes, uint64_t& out);
  bool take(uint64_t bytes, std::span<char> spare, std::string_view& out);
  bool copy(std::span<char> out);
  bool skip(uint64_t bytes);
  bool has_more();
  bool more();
  uint64_t in_sight() const;
  const std::byte* here() const { return window_.data() + (at_ - window_at_); }

  std::span<const std::byte> file_;  ///< all of it, where there is no source
  DataSource* source_ = nullptr;
  uint64_t size_ = 0;
  std::span<const std::byte> window_;  ///< the bytes of the file from window_at_ on
  uint64_t window_at_ = 0;
  SnapshotHeader header_;
  std::array<std::byte, snapshot_header_bytes> header_bytes_ = {};
  uint64_t limits_at_ = 0;
  uint64_t limit_count_ = 0;
  uint64_t next_ = 0;    ///< where the next section begins
  uint64_t number_ = 0;  ///< of sections that were entered
  uint64_t at_ = 0;      ///< in the payload of the section
  uint64_t payload_end_ = 0;
  uint64_t begun_said_ = 0;  ///< entries that the sections say begin in them
  uint64_t begun_ = 0;
  bool at_end_ = false;  ///< the section at the end was entered
  bool ended_ = false;
  uint32_t crc_ = 0;
  SnapshotTotals totals_;
  SnapshotTotals said_;
  std::optional<DataFault> fault_;
};

template <class Look>
void SnapshotReader::look_at_limits(Look look) const {
  uint64_t at = limits_at_;
  for (uint64_t i = 0; i < limit_count_; ++i) {
    const Limit limit = limit_at(at);
    look(limit.name, limit.number);
  }
}

}  // namespace kv
