#include "server/snapshot_writer.hpp"

#include <algorithm>
#include <cstring>

#include "kvcore/data/little_endian.hpp"
#include "kvcore/memory/assert.hpp"

namespace kv {

SnapshotWriter SnapshotWriter::carve(Arena& arena, const Config& config) {
  const uint64_t bytes = config.snapshot_enabled * config.snapshot_buffer_bytes;
  const std::span<std::byte> buffer =
      arena.take<std::byte>(Part::snapshot_buffer, bytes, section_align);
  SnapshotWriter out;
  out.halves_[0].room = buffer.first(bytes / 2);
  out.halves_[1].room = buffer.subspan(bytes / 2);
  return out;
}

void SnapshotWriter::begin(Store& store, const SnapshotHeader& header, const Config& config) {
  KV_ASSERT(store_ == nullptr);
  KV_ASSERT(header.section_bytes == section_bytes());
  store_ = &store;
  store.marks().begin(store.entry_end());
  sections_ = SectionWriter(write_snapshot_header(header, config, halves_[0].room));
  halves_[0].sealed_bytes = snapshot_header_bytes;
  halves_[1].sealed_bytes = 0;
  filling_ = 1;
  writing_ = 0;
  entry_ = Progress();
  totals_ = SnapshotTotals();
  stage_ = Stage::entries;
}

void SnapshotWriter::give_up() {
  KV_ASSERT(store_ != nullptr);
  store_->marks().end();
  for (Half& half : halves_) half.sealed_bytes = 0;
  store_ = nullptr;
  stage_ = Stage::done;
}

bool SnapshotWriter::fill(Steps steps) {
  if (store_ == nullptr) return false;
  KV_ASSERT(steps.bytes > 0);
  bytes_left_ = steps.bytes;
  const bool could_go_on = fill_entries(steps.entries);
  bytes_left_ = steps.bytes;
  Half& last = halves_[filling_];
  if (stage_ == Stage::end && last.sealed_bytes == 0) {
    last.sealed_bytes = sections_.finish_all(totals_, last.room.first(section_align)).size();
    stage_ = Stage::sealed;
  }
  return could_go_on;
}

/// Returns whether it was the steps that were at an end.
bool SnapshotWriter::fill_entries(uint64_t entries) {
  SavedMarks& marks = store_->marks();
  while (stage_ == Stage::entries) {
    if (entry_.index != index_none && !go_on()) return bytes_left_ == 0;
    if (entries == 0 || bytes_left_ == 0) return true;
    --entries;
    if (marks.at_end()) {
      if (sections_.is_open()) seal();
      marks.end();
      stage_ = Stage::end;
      break;
    }
    const uint32_t index = marks.cursor();
    if (marks.needs(index) && store_->is_live(index)) {
      begin_entry(index);
    } else {
      marks.pass();
    }
  }
  return false;
}

bool SnapshotWriter::save(uint32_t index) {
  if (store_ == nullptr) return true;
  const SavedMarks& marks = store_->marks();
  if (!marks.needs(index) || !store_->is_live(index)) return true;
  if (entry_.index != index_none && !go_on()) return false;
  if (!marks.needs(index)) return true;  // It was the one that was being written.
  begin_entry(index);
  return go_on();
}

std::span<const std::byte> SnapshotWriter::next_section() {
  const Half& half = halves_[writing_];
  return half.room.first(half.sealed_bytes);
}

void SnapshotWriter::written() {
  Half& half = halves_[writing_];
  KV_ASSERT(half.sealed_bytes > 0);
  half.sealed_bytes = 0;
  writing_ ^= 1;
  if (stage_ != Stage::sealed || halves_[writing_].sealed_bytes > 0) return;
  stage_ = Stage::done;
  store_ = nullptr;
}

/// Makes sure that a section has room for a byte. False where both halves are full.
bool SnapshotWriter::open_section() {
  if (sections_.is_open() && sections_.free_bytes() == 0) seal();
  if (sections_.is_open()) return true;
  if (halves_[filling_].sealed_bytes > 0) return false;
  sections_.begin(halves_[filling_].room);
  return true;
}

void SnapshotWriter::seal() {
  halves_[filling_].sealed_bytes = sections_.finish().size();
  filling_ ^= 1;
}

void SnapshotWriter::begin_entry(uint32_t index) {
  KV_ASSERT(entry_.index == index_none);
  const Entry& entry = store_->entry_at(index);
  const bool is_list = entry.type == Entry::Type::list;
  entry_ = Progress();
  entry_.index = index;
  entry_.head = {is_list ? EntryType::list : EntryType::string, entry.key_bytes, entry.length,
                 store_->deadline_ms({index, 0})};
  entry_.frame_bytes = write_entry_head(entry_.head, entry_.frame.data());
  entry_.piece = store_->chain(entry);
  entry_.piece_bytes = entry_.bytes = entry.chain_bytes();
  if (is_list) {
    entry_.elements_left = entry.length;
    entry_.node = entry.first;
  }
  store_->marks().write_in_pieces(index);
}

/// Writes on at the entry that was begun. False where there is no room for all of it, or the turn
/// has written enough.
bool SnapshotWriter::go_on() {
  for (;;) {
    const bool has_frame = entry_.frame_at < entry_.frame_bytes;
    if (!has_frame && entry_.piece_at == entry_.piece_bytes) {
      if (entry_.elements_left > 0) {
        next_element();
      } else if (!entry_.has_end) {
        put_end();
      } else {
        finish_entry();
        return true;
      }
      continue;
    }
    if (bytes_left_ == 0 || !open_section()) return false;
    if (!entry_.is_counted) sections_.count_entry();
    entry_.is_counted = true;
    if (has_frame) {
      const std::span<const std::byte> frame(entry_.frame);
      const uint64_t bytes =
          sections_.put(frame.subspan(entry_.frame_at, entry_.frame_bytes - entry_.frame_at));
      entry_.frame_at += bytes;
      bytes_left_ -= std::min(bytes_left_, bytes);
    } else {
      put_piece();
    }
  }
}

/// As much of the piece as fits. An entry that was begun can only expire, since a command that is
/// about to change it has it finished before: so it is enough that Store::remove() tells of it. Of
/// one that has expired nothing is left to read, and it is known by its end not to count: its bytes
/// are zeros from here on.
void SnapshotWriter::put_piece() {
  const uint64_t bytes =
      std::min({entry_.piece_bytes - entry_.piece_at, sections_.free_bytes(), bytes_left_});
  char* const out = reinterpret_cast<char*>(sections_.next());
  if (was_dropped()) {
    std::memset(out, 0, bytes);
  } else {
    const bool of_key = entry_.node == index_none || entry_.elements_left == entry_.head.length;
    KV_ASSERT(entry_.piece_bytes == (of_key ? store_->entry_at(entry_.index).chain_bytes()
                                            : store_->node(entry_.node).bytes));
    entry_.piece.copy(out, bytes);
  }
  sections_.advance(bytes);
  entry_.piece_at += bytes;
  bytes_left_ -= bytes;
}

/// Goes on to the next element: its length, then its bytes. One of an entry that has expired is
/// empty.
void SnapshotWriter::next_element() {
  const bool is_first = entry_.elements_left == entry_.head.length;
  entry_.piece_at = entry_.piece_bytes = 0;
  if (!was_dropped()) {
    KV_ASSERT(store_->entry_at(entry_.index).length == entry_.head.length);
    if (!is_first) entry_.node = store_->node(entry_.node).next;
    entry_.piece = store_->chain(store_->node(entry_.node));
    entry_.piece_bytes = store_->node(entry_.node).bytes;
  }
  entry_.bytes += entry_.piece_bytes;
  --entry_.elements_left;
  entry_.frame_at = 0;
  entry_.frame_bytes = element_frame_bytes;
  put_little(entry_.frame.data(), entry_.piece_bytes, element_frame_bytes);
}

void SnapshotWriter::put_end() {
  entry_.has_end = true;
  entry_.frame_at = 0;
  entry_.frame_bytes = 1;
  entry_.frame[0] = static_cast<std::byte>(was_dropped() ? EntryEnd::dropped : EntryEnd::whole);
}

/// The entry is whole in the buffer. It may expire, or be changed, from now on.
void SnapshotWriter::finish_entry() {
  SavedMarks& marks = store_->marks();
  if (entry_.frame[0] == static_cast<std::byte>(EntryEnd::dropped)) {
    ++totals_.dropped;
  } else {
    ++totals_.entries;
    totals_.expiring += entry_.head.expires();
    totals_.bytes += entry_.bytes;
  }
  if (marks.needs(entry_.index)) marks.set(entry_.index);
  marks.write_in_pieces(index_none);
  entry_.index = index_none;
}

}  // namespace kv
