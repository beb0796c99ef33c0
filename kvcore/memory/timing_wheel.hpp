// The timing wheel: which key expires next, in constant time a step.
//
// Eleven levels of 64 slots: a slot of level n spans 64^n milliseconds, so every deadline of 63
// bits has its slot and nothing overflows into a list of its own. A timer goes to the level of
// the highest bit in which its deadline differs from the wheel's time, so a lower level is always
// sooner than a higher one; when the wheel's time comes to a slot of a higher level, the timers
// in it move down, one a step. Memory is a timer of 20 bytes for each key that may expire, which
// knows the entry of its key, and 704 slots of 4.
//
//     level 1   | 0 … 63 ms | 64 … 127 ms | ……      slot ──► timer ◄──► timer
//     level 0   | 0 | 1 | 2 | … | 63 |              slot ──► timer
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "kvcore/memory/arena.hpp"
#include "kvcore/plan/records.hpp"

namespace kv {

class TimingWheel {
 public:
  __extension__ using Sum = unsigned __int128;

  /// The largest deadline.
  static constexpr uint64_t deadline_max = Timer::first_in_slot - 1;

  /// Carves the slots and expiring_keys_max timers. REQUIRES: a resolved config.
  static TimingWheel carve(Arena& arena, const Config& config);

  TimingWheel() = default;
  /// REQUIRES: as many slots as Timer::slots.
  TimingWheel(std::span<uint32_t> slots, std::span<Timer> timers);

  uint64_t count() const { return count_; }
  uint64_t capacity() const { return timers_.size(); }
  uint64_t free_count() const { return capacity() - count_; }
  uint64_t count_max_seen() const { return count_max_seen_; }
  /// The sum of the deadlines of all timers that are set.
  Sum deadline_sum() const { return deadline_sum_; }

  /// Sets a timer for an entry and returns it.
  /// REQUIRES: free_count() > 0; deadline_ms <= deadline_max.
  uint32_t set(uint32_t entry, uint64_t deadline_ms);

  // REQUIRES: timer `index` is set.
  void change(uint32_t index, uint64_t deadline_ms);
  void cancel(uint32_t index);
  uint64_t deadline_ms(uint32_t index) const {
    return timers_[index].marked_deadline() & ~Timer::first_in_slot;
  }
  /// From now on the timer is that of another entry.
  void set_entry(uint32_t index, uint32_t entry) { timers_[index].entry = entry; }

  /// The time on the clock. When the clock goes back the wheel does not; timers that come up
  /// before their deadline are then put back.
  void advance(uint64_t now_ms);

  /// Takes at most `steps` steps, which it counts down, until a timer is due. Returns its entry,
  /// which has no timer any more, or index_none: nothing is due if there are steps left.
  uint32_t next_due(uint64_t& steps);

  /// Milliseconds until there is work for next_due(), at most; UINT64_MAX if no timer is set.
  uint64_t idle_ms() const;

  /// Cancels every timer. Costs a pass over the slots.
  void clear();

 private:
  uint32_t slot_for(uint64_t deadline_ms) const;
  uint64_t begin_of(uint32_t slot) const;
  uint32_t first_occupied() const;
  void link(uint32_t index, uint64_t deadline_ms);
  void unlink(uint32_t index);

  std::span<uint32_t> slots_;  ///< the first timer of each slot
  std::span<Timer> timers_;
  std::array<uint64_t, Timer::levels> occupied_ = {};  ///< a bit for each slot that has timers
  uint64_t now_ms_ = 0;                                ///< the clock
  uint64_t ahead_ms_ = 0;                              ///< by how much the clock went back in all
  uint64_t time_ms_ = 0;                               ///< the wheel is done with all before
  uint32_t moving_ = index_none;                       ///< the slot whose timers move down
  uint64_t count_ = 0;
  uint32_t free_head_ = index_none;  ///< timers that were given back
  uint32_t fresh_ = 0;               ///< timers from here on were never used
  uint64_t count_max_seen_ = 0;
  Sum deadline_sum_ = 0;
};

}  // namespace kv
