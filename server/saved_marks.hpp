// Which keys the snapshot that is being written has, so that the store can go on changing.
//
// A snapshot goes through the entries by index, which they keep for life. Those before the cursor
// are done with. Of those behind it a bit says that they need no more: saved ahead, because a
// command is going to change them, or made since the snapshot began. An entry that expires is
// left out. Bytes: a bit for each key.
//
//     entry    0 …………… cursor …………………………… end ………………
//              done      written when its turn comes,       made since, or free
//                        but where a bit is set
#pragma once

#include <cstdint>
#include <span>

#include "kvcore/memory/arena.hpp"
#include "kvcore/memory/assert.hpp"
#include "kvcore/plan/config.hpp"

namespace kv {

class SavedMarks {
 public:
  /// Carves the bits; none where the config excludes snapshots.
  static SavedMarks carve(Arena& arena, const Config& config) {
    SavedMarks out;
    const uint64_t words = config.snapshot_enabled * ((config.key_count + 63) / 64);
    out.words_ = arena.take<uint64_t>(Part::saved_bits, words, /*align=*/64);
    return out;
  }

  /// A snapshot of the entries below `end` begins. REQUIRES: no other is being written.
  void begin(uint32_t end) {
    KV_ASSERT(end_ == 0);
    KV_ASSERT(end <= words_.size() * 64);
    cursor_ = 0;
    end_ = end;
  }
  /// The snapshot is written, or given up: then every bit is looked at.
  void end() {
    for (uint64_t word = cursor_ / 64; word * 64 < end_; ++word) words_[word] = 0;
    cursor_ = end_ = 0;
    writing_ = index_none;
    dropped_ = false;
  }

  bool active() const { return end_ != 0; }
  uint32_t cursor() const { return cursor_; }
  bool at_end() const { return cursor_ == end_; }
  /// Whether the entry, where it is used, still has to be written.
  bool needs(uint32_t index) const { return index - cursor_ < end_ - cursor_ && !bit(index); }
  void set(uint32_t index) { words_[index / 64] |= uint64_t{1} << index % 64; }
  /// The entry at the cursor is done with.
  void pass() {
    words_[cursor_ / 64] &= ~(uint64_t{1} << cursor_ % 64);
    ++cursor_;
  }

  /// The store has made a key. One comparison where no snapshot is being written.
  void made(uint32_t index) {
    if (index - cursor_ < end_ - cursor_) set(index);
  }
  /// The store is about to remove a key.
  void goes(uint32_t index) {
    if (index == writing_) dropped_ = true;
  }

  /// The entry that is being written in pieces, or index_none.
  void write_in_pieces(uint32_t index) {
    writing_ = index;
    dropped_ = false;
  }
  /// Whether that one has expired meanwhile: what is left of it cannot be read.
  bool was_dropped() const { return dropped_; }

 private:
  bool bit(uint32_t index) const { return (words_[index / 64] >> index % 64 & 1) != 0; }

  std::span<uint64_t> words_;
  uint32_t cursor_ = 0;
  uint32_t end_ = 0;  ///< 0 while no snapshot is being written
  uint32_t writing_ = index_none;
  bool dropped_ = false;
};

}  // namespace kv
