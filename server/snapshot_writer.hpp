// Writes the store as it is at one moment, while it goes on changing, into two halves of a buffer.
//
// One half is filled while the other is written to the file by whoever drives this. Entries go out
// in the order of their indices, but those that a command is going to change before it does:
// save(). Where the buffer has no room for one, it is begun all the same, the rest follows as room
// comes, and the command waits. Bytes: the buffer's, no more.
//
//     entries ──► fill() ──► | half | half | ──► next_section() ──► file ──► written()
//                   ▲
//     save() ───────┘  a key that is about to be changed
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "kvcore/data/section_writer.hpp"
#include "server/store.hpp"

namespace kv {

class SnapshotWriter {
 public:
  /// What a turn may cost: entries that are looked at, and bytes.
  struct Steps {
    uint64_t entries = 0;
    uint64_t bytes = 0;
  };

  SnapshotWriter() = default;
  /// Carves the buffer; nothing where the config excludes snapshots.
  static SnapshotWriter carve(Arena& arena, const Config& config);

  /// Begins a snapshot of the store as it is now. REQUIRES: none is being written.
  void begin(Store& store, const SnapshotHeader& header, const Config& config);
  /// Gives the snapshot up. REQUIRES: nothing of the buffer is being written to the file.
  void give_up();
  bool active() const { return store_ != nullptr; }

  /// Goes on as far as there is room and `steps` reach. Returns whether it could go on at once.
  /// save() may then write as many bytes, until fill() is called again. REQUIRES: steps.bytes > 0.
  bool fill(Steps steps);

  /// Makes sure that the snapshot has the key, before it is changed. False where there is no room
  /// for all of it now: it is on its way, and room comes with written() or fill().
  bool save(uint32_t index);

  /// What is to be written next, empty where nothing is: the header, then section by section. It
  /// stays as it is until written(), and is the same until then. The last section has no other
  /// behind it.
  std::span<const std::byte> next_section();
  /// All of next_section() is in the file.
  void written();
  /// Everything is in the file, up to the end.
  bool done() const { return stage_ == Stage::done; }

  uint64_t section_bytes() const { return halves_[0].room.size(); }
  /// The whole buffer, for who needs one before anything is written. REQUIRES: not active().
  std::span<std::byte> idle_buffer() const {
    return {halves_[0].room.data(), halves_[0].room.size() + halves_[1].room.size()};
  }
  const SnapshotTotals& totals() const { return totals_; }

 private:
  enum class Stage : uint8_t { entries, end, sealed, done };

  /// Where an entry has come to that is being written: the rest of `frame`, then of a piece of the
  /// store, then the elements that are left, then how it ends.
  struct Progress {
    uint32_t index = index_none;  ///< none is
    EntryHead head;
    std::array<std::byte, entry_frame_bytes_max> frame = {};
    uint64_t frame_at = 0;
    uint64_t frame_bytes = 0;
    BlockPool::Reader piece;  ///< the chain of the key, or an element
    uint64_t piece_at = 0;
    uint64_t piece_bytes = 0;
    uint64_t bytes = 0;          ///< of all pieces
    uint32_t node = index_none;  ///< of the element at hand
    uint32_t elements_left = 0;
    bool is_counted = false;  ///< as begun in a section
    bool has_end = false;
  };

  struct Half {
    std::span<std::byte> room;
    uint64_t sealed_bytes = 0;  ///< to be written to the file
  };

  bool fill_entries(uint64_t entries);
  bool open_section();
  void seal();
  void begin_entry(uint32_t index);
  bool go_on();
  void put_piece();
  void next_element();
  void put_end();
  void finish_entry();
  bool was_dropped() const { return store_->marks().was_dropped(); }

  Store* store_ = nullptr;
  std::array<Half, 2> halves_;
  uint32_t filling_ = 0;  ///< the half that is filled next
  uint32_t writing_ = 0;  ///< the half that is written to the file next
  SectionWriter sections_;
  Progress entry_;
  SnapshotTotals totals_;
  Stage stage_ = Stage::done;
  uint64_t bytes_left_ = 0;  ///< of this turn
};

}  // namespace kv
