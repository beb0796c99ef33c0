#include "kvcore/data/section_writer.hpp"

#include <algorithm>
#include <cstring>

#include "kvcore/data/crc32c.hpp"
#include "kvcore/data/limits.hpp"
#include "kvcore/data/little_endian.hpp"

namespace kv {

namespace {

std::byte* put_text(std::byte* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

constexpr uint64_t crc_bytes = 4;

}  // namespace

uint32_t write_snapshot_header(const SnapshotHeader& header, const Config& config,
                               std::span<std::byte> room) {
  std::memset(room.data(), 0, snapshot_header_bytes);
  std::byte* out = put_text(room.data(), snapshot_magic);
  out = put_little(out, snapshot_version, 4);
  out = put_little(out, snapshot_header_bytes, 4);
  out = put_little(out, header.id, 8);
  out = put_little(out, header.saved_ms, 8);
  out = put_little(out, header.section_bytes, 8);
  out = put_little(out, saved_limits.size(), 4);
  for (const SavedLimit& limit : saved_limits) {
    out = put_little(out, limit.name.size(), 1);
    out = put_text(out, limit.name);
    out = put_little(out, config.*limit.number, 8);
  }
  constexpr uint64_t end = snapshot_header_bytes - crc_bytes;
  const uint32_t crc = crc32c(room.first(end));
  put_little(room.data() + end, crc, crc_bytes);
  return crc;
}

uint64_t write_entry_head(const EntryHead& head, std::byte* out) {
  std::byte* const begin = out;
  out = put_little(out, static_cast<uint64_t>(head.type), 1);
  out = put_little(out, head.expires() ? entry_expires : 0, 1);
  out = put_little(out, head.key_bytes, 4);
  out = put_little(out, head.length, 4);
  if (head.expires()) out = put_little(out, head.deadline_ms, 8);
  return static_cast<uint64_t>(out - begin);
}

void SectionWriter::advance(uint64_t bytes) {
  crc_ = crc32c(room_.subspan(at_, bytes), crc_);
  at_ += bytes;
}

void SectionWriter::begin(std::span<std::byte> room) {
  room_ = room;
  at_ = section_header_bytes;
  entries_ = 0;
}

uint64_t SectionWriter::put(std::span<const std::byte> bytes) {
  const uint64_t count = std::min<uint64_t>(bytes.size(), free_bytes());
  if (count > 0) std::memcpy(next(), bytes.data(), count);
  advance(count);
  return count;
}

std::span<const std::byte> SectionWriter::finish() { return close(SectionKind::data); }

std::span<const std::byte> SectionWriter::finish_all(const SnapshotTotals& totals,
                                                     std::span<std::byte> room) {
  begin(room);
  std::byte* out = next();
  for (const uint64_t number : {totals.entries, totals.expiring, totals.bytes, totals.dropped}) {
    out = put_little(out, number, 8);
  }
  advance(totals_bytes);
  return close(SectionKind::end);
}

std::span<const std::byte> SectionWriter::close(SectionKind kind) {
  const uint64_t whole = (at_ + section_align - 1) / section_align * section_align;
  const uint64_t used = at_;
  std::memset(next(), 0, whole - used);
  advance(whole - used);
  std::byte* out = room_.data();
  out = put_little(out, static_cast<uint64_t>(kind), 4);
  out = put_little(out, used - section_header_bytes, 4);
  out = put_little(out, number_++, 8);
  out = put_little(out, entries_, 8);
  put_little(out, 0, 4 + crc_bytes);
  const std::span<const std::byte> section = room_.first(whole);
  crc_ = crc32c(section.first(section_header_bytes), crc_);
  put_little(room_.data() + section_header_bytes - crc_bytes, crc_, crc_bytes);
  room_ = {};
  return section;
}

}  // namespace kv
