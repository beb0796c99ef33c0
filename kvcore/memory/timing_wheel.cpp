#include "kvcore/memory/timing_wheel.hpp"

#include <algorithm>
#include <bit>

#include "kvcore/memory/assert.hpp"

namespace kv {

namespace {

constexpr uint32_t slot_bits = 6;
constexpr uint32_t slots_per_level = 1U << slot_bits;
static_assert(Timer::slots == Timer::levels * slots_per_level);

uint64_t saturating_sum(uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }

}  // namespace

TimingWheel TimingWheel::carve(Arena& arena, const Config& config) {
  const std::span<uint32_t> slots =
      arena.take<uint32_t>(Part::wheel_slots, Timer::slots, part_info(Part::wheel_slots).align);
  const std::span<Timer> timers =
      arena.take<Timer>(Part::timers, config.expiring_keys_max, part_info(Part::timers).align);
  return TimingWheel(slots, timers);
}

TimingWheel::TimingWheel(std::span<uint32_t> slots, std::span<Timer> timers)
    : slots_(slots), timers_(timers) {
  KV_ASSERT(slots.size() == Timer::slots);
  KV_ASSERT(timers.size() <= index_max);
}

uint32_t TimingWheel::set(uint32_t entry, uint64_t deadline_ms) {
  KV_ASSERT(deadline_ms <= deadline_max);
  KV_ASSERT(free_count() > 0);
  uint32_t index = free_head_;
  if (index != index_none) {
    free_head_ = timers_[index].next;
  } else {
    index = fresh_++;
  }
  timers_[index].entry = entry;
  link(index, deadline_ms);
  ++count_;
  count_max_seen_ = std::max(count_max_seen_, count_);
  deadline_sum_ += deadline_ms;
  return index;
}

void TimingWheel::change(uint32_t index, uint64_t deadline_ms) {
  KV_ASSERT(deadline_ms <= deadline_max);
  deadline_sum_ -= this->deadline_ms(index);
  deadline_sum_ += deadline_ms;
  unlink(index);
  link(index, deadline_ms);
}

void TimingWheel::cancel(uint32_t index) {
  KV_ASSERT(count_ > 0);
  deadline_sum_ -= deadline_ms(index);
  --count_;
  unlink(index);
  timers_[index].next = free_head_;
  free_head_ = index;
}

void TimingWheel::advance(uint64_t now_ms) {
  if (now_ms < now_ms_) ahead_ms_ = saturating_sum(ahead_ms_, now_ms_ - now_ms);
  now_ms_ = now_ms;
}

uint32_t TimingWheel::next_due(uint64_t& steps) {
  const uint64_t clock_ms = saturating_sum(now_ms_, ahead_ms_);
  while (steps > 0) {
    uint32_t slot = moving_;
    if (slot == index_none) {
      slot = first_occupied();
      if (slot == index_none || begin_of(slot) > clock_ms) {
        // Nothing lies between the wheel's time and the clock's.
        time_ms_ = std::max(time_ms_, clock_ms);
        return index_none;
      }
      time_ms_ = begin_of(slot);
      moving_ = slot;
    }
    --steps;
    const uint32_t index = slots_[slot];
    const uint64_t deadline = deadline_ms(index);
    if (deadline <= now_ms_) {
      cancel(index);
      return timers_[index].entry;
    }
    unlink(index);
    link(index, deadline);
  }
  return index_none;
}

uint64_t TimingWheel::idle_ms() const {
  if (moving_ != index_none) return 0;
  const uint32_t slot = first_occupied();
  if (slot == index_none) return UINT64_MAX;
  const uint64_t clock_ms = saturating_sum(now_ms_, ahead_ms_);
  const uint64_t begin_ms = begin_of(slot);
  return begin_ms > clock_ms ? begin_ms - clock_ms : 0;
}

void TimingWheel::clear() {
  occupied_.fill(0);
  moving_ = index_none;
  count_ = 0;
  free_head_ = index_none;
  fresh_ = 0;
  deadline_sum_ = 0;
}

/// A deadline that is over belongs to the slot of level 0 that is emptied next.
uint32_t TimingWheel::slot_for(uint64_t deadline_ms) const {
  const uint64_t at = std::max(saturating_sum(deadline_ms, ahead_ms_), time_ms_);
  const uint64_t differing = at ^ time_ms_;
  const uint32_t level =
      differing == 0 ? 0 : (static_cast<uint32_t>(std::bit_width(differing)) - 1) / slot_bits;
  const uint64_t place = (at >> (level * slot_bits)) % slots_per_level;
  return level * slots_per_level + static_cast<uint32_t>(place);
}

/// When a slot's time begins: the wheel's time down to the slot's level, then the slot.
uint64_t TimingWheel::begin_of(uint32_t slot) const {
  const uint32_t shift = slot / slots_per_level * slot_bits;
  const uint64_t place = slot % slots_per_level;
  const uint32_t above = shift + slot_bits;
  const uint64_t upper = above >= 64 ? 0 : time_ms_ >> above << above;
  return upper | place << shift;
}

/// The slot whose time comes first: the first of the lowest level that has one.
uint32_t TimingWheel::first_occupied() const {
  for (uint32_t level = 0; level < Timer::levels; ++level) {
    if (occupied_[level] == 0) continue;
    return level * slots_per_level + static_cast<uint32_t>(std::countr_zero(occupied_[level]));
  }
  return index_none;
}

void TimingWheel::link(uint32_t index, uint64_t deadline_ms) {
  const uint32_t slot = slot_for(deadline_ms);
  uint64_t& occupied = occupied_[slot / slots_per_level];
  const uint64_t bit = uint64_t{1} << (slot % slots_per_level);
  const uint32_t next = (occupied & bit) != 0 ? slots_[slot] : index_none;
  if (next != index_none) {
    timers_[next].set_marked_deadline(this->deadline_ms(next));
    timers_[next].previous = index;
  }
  timers_[index].set_marked_deadline(deadline_ms | Timer::first_in_slot);
  timers_[index].previous = slot;
  timers_[index].next = next;
  slots_[slot] = index;
  occupied |= bit;
}

void TimingWheel::unlink(uint32_t index) {
  const Timer timer = timers_[index];
  const bool first = (timer.marked_deadline() & Timer::first_in_slot) != 0;
  if (timer.next != index_none) {
    timers_[timer.next].previous = timer.previous;
    if (first) {
      timers_[timer.next].set_marked_deadline(deadline_ms(timer.next) | Timer::first_in_slot);
    }
  }
  if (!first) {
    timers_[timer.previous].next = timer.next;
    return;
  }
  const uint32_t slot = timer.previous;
  if (timer.next != index_none) {
    slots_[slot] = timer.next;
    return;
  }
  occupied_[slot / slots_per_level] &= ~(uint64_t{1} << (slot % slots_per_level));
  if (slot == moving_) moving_ = index_none;
}

}  // namespace kv
