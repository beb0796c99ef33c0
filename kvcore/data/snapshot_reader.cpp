#include "kvcore/data/snapshot_reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "kvcore/data/crc32c.hpp"
#include "kvcore/data/little_endian.hpp"

namespace kv {

namespace {

constexpr uint64_t crc_bytes = 4;
constexpr uint64_t header_crc_at = snapshot_header_bytes - crc_bytes;
constexpr uint64_t section_crc_at = section_header_bytes - crc_bytes;

std::string_view text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](std::byte byte) { return byte == std::byte{}; });
}

}  // namespace

SnapshotReader::Limit SnapshotReader::limit_at(uint64_t& at) const {
  const std::span<const std::byte> header(header_bytes_);
  const auto name_bytes = static_cast<uint64_t>(header[at]);
  const std::string_view name = text(header.subspan(at + 1, name_bytes));
  at += 1 + name_bytes + 8;
  return {name, get_little(header.data() + at - 8, 8)};
}

std::optional<DataFault> SnapshotReader::open() {
  const uint64_t there = std::min(size_, snapshot_header_bytes);
  if (there > 0 && !show(0, there)) return fault_;
  if (there < snapshot_magic.size() ||
      text(window_.first(snapshot_magic.size())) != snapshot_magic) {
    return DataFault{0, "it does not begin with the magic word of a snapshot, kvsnap01"};
  }
  if (there < snapshot_header_bytes) {
    return DataFault{there, "it is cut off within its header"};
  }
  std::copy(window_.begin(), window_.end(), header_bytes_.begin());
  const std::byte* const data = header_bytes_.data();
  const auto crc = static_cast<uint32_t>(get_little(data + header_crc_at, crc_bytes));
  if (crc32c(std::span<const std::byte>(header_bytes_).first(header_crc_at)) != crc) {
    return DataFault{0, "the checksum of the header is wrong"};
  }
  // From here on the header is what a program wrote, be it this one.
  if (get_little(data + 8, 4) != snapshot_version) {
    return DataFault{8, "it has another version than 1"};
  }
  if (get_little(data + 12, 4) != snapshot_header_bytes) {
    return DataFault{12, "its header is not of 4096 bytes"};
  }
  header_ = {get_little(data + 16, 8), get_little(data + 24, 8), get_little(data + 32, 8)};
  if (header_.section_bytes < section_align || header_.section_bytes % section_align != 0 ||
      header_.section_bytes > section_bytes_max) {
    return DataFault{32, "the size of its sections is not a multiple of 4096 up to 1 GiB"};
  }
  limit_count_ = get_little(data + 40, 4);
  limits_at_ = 44;
  uint64_t at = limits_at_;
  for (uint64_t i = 0; i < limit_count_; ++i) {
    if (at + 1 + static_cast<uint64_t>(data[at]) + 8 > header_crc_at) {
      return DataFault{at, "its limits do not fit in the header"};
    }
    limit_at(at);
  }
  next_ = snapshot_header_bytes;
  crc_ = crc;
  return {};
}

bool SnapshotReader::fail(uint64_t offset, std::string_view reason) {
  fault_ = DataFault{offset, reason};
  return false;
}

/// Has these bytes of the file in sight, or as many of them as there is room for.
bool SnapshotReader::show(uint64_t offset, uint64_t bytes) {
  window_ = source_ == nullptr ? file_.subspan(offset, bytes) : source_->look(offset, bytes);
  window_at_ = offset;
  return !window_.empty() || fail(offset, "it cannot be read");
}

/// Goes on to the next section, of which nothing is believed but by its checksum.
bool SnapshotReader::enter_section() {
  const uint64_t begin = next_;
  if (size_ - begin < section_align) {
    return fail(size_, "it is cut off: the section at its end is missing");
  }
  if (!show(begin, std::min(header_.section_bytes, size_ - begin))) return false;
  std::array<std::byte, section_header_bytes> bytes_of_head;
  std::copy_n(window_.begin(), section_header_bytes, bytes_of_head.begin());
  const std::byte* const head = bytes_of_head.data();
  const uint64_t payload_bytes = get_little(head + 4, 4);
  const uint64_t used = section_header_bytes + payload_bytes;
  if (used > header_.section_bytes) return fail(begin + 4, "a section is longer than it may be");
  const uint64_t bytes = (used + section_align - 1) / section_align * section_align;
  if (size_ - begin < bytes) return fail(size_, "it is cut off within a section");
  if (!check_section(bytes_of_head, bytes, used)) return false;
  if (get_little(head + 8, 8) != number_) return fail(begin + 8, "a section is out of order");
  if (get_little(head + 24, 4) != 0) return fail(begin + 24, "a reserved field is not 0");
  const uint64_t kind = get_little(head, 4);
  begun_said_ += get_little(head + 16, 8);
  ++number_;
  next_ = begin + bytes;
  at_ = begin + section_header_bytes;
  payload_end_ = at_ + payload_bytes;
  if (kind == static_cast<uint64_t>(SectionKind::data)) {
    return payload_bytes > 0 || fail(begin + 4, "a section is empty");
  }
  if (kind != static_cast<uint64_t>(SectionKind::end)) {
    return fail(begin, "a section is of no kind that is known");
  }
  at_end_ = true;
  payload_end_ = at_;  // No entry reaches into it.
  return read_totals(payload_bytes);
}

/// The checksum and the padding of the section in sight, the next one, of which `bytes` are in the
/// file and `used` mean something. What was in sight still is, where that is all of it.
bool SnapshotReader::check_section(std::span<const std::byte> head, uint64_t bytes, uint64_t used) {
  constexpr std::array<std::byte, crc_bytes> no_crc = {};
  const uint64_t begin = window_at_;
  uint32_t crc = crc_;
  bool is_padded = true;
  for (uint64_t done = section_header_bytes; done < bytes;) {
    if (begin + done >= window_at_ + window_.size() && !show(begin + done, bytes - done)) {
      return false;
    }
    const uint64_t from = begin + done - window_at_;
    const std::span<const std::byte> piece =
        window_.subspan(from, std::min(window_.size() - from, bytes - done));
    crc = crc32c(piece, crc);
    const uint64_t padding_at = std::max(used, done) - done;
    if (padding_at < piece.size()) is_padded = is_padded && is_zero(piece.subspan(padding_at));
    done += piece.size();
  }
  crc = crc32c(no_crc, crc32c(head.first(section_crc_at), crc));
  const uint64_t said = get_little(head.data() + section_crc_at, crc_bytes);
  if (crc != said) return fail(begin, "the checksum of a section is wrong");
  if (!is_padded) return fail(begin + used, "a section's padding is not 0");
  crc_ = crc;
  return true;
}

/// REQUIRES: the section's first section_align bytes are in sight.
bool SnapshotReader::read_totals(uint64_t payload_bytes) {
  if (payload_bytes != totals_bytes) return fail(at_, "the totals have another size than theirs");
  const std::byte* const data = here();
  said_ = {get_little(data, 8), get_little(data + 8, 8), get_little(data + 16, 8),
           get_little(data + 24, 8)};
  return true;
}

/// Makes sure that there is a byte to read. False at the end, or with a fault.
bool SnapshotReader::has_more() {
  if (at_ < payload_end_) return true;
  return !at_end_ && enter_section() && !at_end_;
}

/// The same, and has it in sight.
bool SnapshotReader::more() {
  return has_more() && (in_sight() > 0 || show(at_, payload_end_ - at_));
}

/// How much of the payload is, from here on.
uint64_t SnapshotReader::in_sight() const {
  const uint64_t end = std::min(payload_end_, window_at_ + window_.size());
  return window_at_ <= at_ && at_ < end ? end - at_ : 0;
}

std::optional<DataFault> SnapshotReader::read(EntryVisitor& visitor, std::span<char> spare) {
  while (!ended_ && more()) {
    if (!read_entry(visitor, spare)) break;
  }
  if (ended_ || fault_) return fault_;
  const uint64_t totals_at = next_ - section_align + section_header_bytes;
  if (begun_ != begun_said_) fail(totals_at, "entries are not where the sections say");
  if (!(totals_ == said_)) fail(totals_at, "the totals are not those of the entries");
  return fault_;
}

/// False ends the reading, with a fault or because the visitor wants no more.
bool SnapshotReader::read_entry(EntryVisitor& visitor, std::span<char> spare) {
  const uint64_t offset = at_;
  EntryHead head;
  ++begun_;
  if (!read_head(head)) return false;
  const std::span<char> key_room = spare.first(std::min<uint64_t>(spare.size(), head.key_bytes));
  if (!copy(key_room) || !skip(head.key_bytes - key_room.size())) return false;
  if (!visitor.begin(head, {key_room.data(), key_room.size()}, offset)) {
    ended_ = true;
    return false;
  }
  const std::span<char> room = spare.subspan(key_room.size());
  uint64_t bytes = head.key_bytes;
  if (head.type == EntryType::string) {
    bytes += head.length;
    if (!read_value(visitor, head.length, room)) return false;
  } else {
    const uint64_t before = totals_.bytes;
    if (!read_list(visitor, head, room)) return false;
    bytes += totals_.bytes - before;
    totals_.bytes = before;
  }
  const uint64_t end_at = at_;
  uint64_t end = 0;
  if (!read_number(1, end)) return false;
  const auto how = static_cast<EntryEnd>(end);
  if (how == EntryEnd::dropped && head.expires()) {
    ++totals_.dropped;
  } else if (how == EntryEnd::whole) {
    ++totals_.entries;
    totals_.expiring += head.expires();
    totals_.bytes += bytes;
  } else {
    return fail(end_at, "an entry does not end where it should");
  }
  ended_ = !visitor.end(how);
  return !ended_;
}

bool SnapshotReader::read_head(EntryHead& head) {
  const uint64_t offset = at_;
  uint64_t type = 0, flags = 0, key_bytes = 0, length = 0;
  if (!read_number(1, type) || !read_number(1, flags)) return false;
  if (type != static_cast<uint64_t>(EntryType::string) &&
      type != static_cast<uint64_t>(EntryType::list)) {
    return fail(offset, "an entry is of no type that is known");
  }
  if ((flags & ~uint64_t{entry_expires}) != 0) return fail(offset, "an entry has unknown flags");
  if (!read_number(4, key_bytes) || !read_number(4, length)) return false;
  head.type = static_cast<EntryType>(type);
  head.key_bytes = static_cast<uint32_t>(key_bytes);
  head.length = static_cast<uint32_t>(length);
  if (key_bytes > data_bytes_max) return fail(offset, "a key is longer than 512 MiB");
  if (head.type == EntryType::string && length > data_bytes_max) {
    return fail(offset, "a value is longer than 512 MiB");
  }
  if (head.type == EntryType::list && length == 0) return fail(offset, "a list has no elements");
  if (flags == 0) return true;
  if (!read_number(8, head.deadline_ms)) return false;
  return head.deadline_ms <= deadline_ms_max || fail(offset, "an entry expires beyond all time");
}

bool SnapshotReader::read_list(EntryVisitor& visitor, const EntryHead& head,
                               std::span<char> spare) {
  for (uint64_t i = 0; i < head.length; ++i) {
    const uint64_t offset = at_;
    uint64_t bytes = 0;
    if (!read_number(element_frame_bytes, bytes)) return false;
    if (bytes > data_bytes_max) return fail(offset, "an element is longer than 512 MiB");
    if (!read_value(visitor, bytes, spare)) return false;
    totals_.bytes += bytes;
  }
  return true;
}

bool SnapshotReader::read_value(EntryVisitor& visitor, uint64_t bytes, std::span<char> spare) {
  std::string_view data;
  const bool wanted = visitor.wants_values();
  const bool read = wanted ? take(bytes, spare, data) : skip(bytes);
  if (!read) return false;
  ended_ = !visitor.value(bytes, data);
  return !ended_;
}

bool SnapshotReader::read_number(uint64_t bytes, uint64_t& out) {
  out = 0;
  if (in_sight() >= bytes) {
    out = get_little(here(), bytes);
    at_ += bytes;
    return true;
  }
  for (uint64_t i = 0; i < bytes; ++i) {
    if (!more()) return fault_ ? false : fail(at_, "it ends within an entry");
    out |= static_cast<uint64_t>(*here()) << 8 * i;
    ++at_;
  }
  return true;
}

/// `bytes` of the payload, where they lie or, from several pieces, in `spare`.
bool SnapshotReader::take(uint64_t bytes, std::span<char> spare, std::string_view& out) {
  if (in_sight() >= bytes && bytes > 0) {
    out = {reinterpret_cast<const char*>(here()), bytes};
    at_ += bytes;
    return true;
  }
  if (bytes > spare.size()) return fail(at_, "a value is longer than there is room to read it");
  out = {spare.data(), bytes};
  return copy(spare.first(bytes));
}

bool SnapshotReader::copy(std::span<char> out) {
  for (uint64_t done = 0; done < out.size();) {
    if (!more()) return fault_ ? false : fail(at_, "it ends within an entry");
    const uint64_t count = std::min(out.size() - done, in_sight());
    std::memcpy(out.data() + done, here(), count);
    at_ += count;
    done += count;
  }
  return true;
}

/// Reads nothing of what it passes in a section.
bool SnapshotReader::skip(uint64_t bytes) {
  while (bytes > 0) {
    if (!has_more()) return fault_ ? false : fail(at_, "it ends within an entry");
    const uint64_t count = std::min(bytes, payload_end_ - at_);
    at_ += count;
    bytes -= count;
  }
  return true;
}

}  // namespace kv
