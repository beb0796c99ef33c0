#include "bench/load/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace kv::bench {

/// Doubling 0 holds 0 to 1023 in steps of 1, doubling 1 holds 1024 to 2047 in steps of 1,
/// doubling 2 holds 2048 to 4095 in steps of 2, and so on.
uint64_t Histogram::slot_of(uint64_t value) {
  if (value < steps) return value;
  const auto doubling = static_cast<uint64_t>(std::bit_width(value)) - step_bits;
  return doubling * steps + ((value >> (doubling - 1)) - steps);
}

uint64_t Histogram::last_of(uint64_t slot) {
  const uint64_t doubling = slot / steps;
  if (doubling == 0) return slot;
  return ((slot % steps + steps + 1) << (doubling - 1)) - 1;
}

void Histogram::record(uint64_t value, uint64_t count) {
  value = std::min(value, value_max);
  counts_[slot_of(value)] += count;
  count_ += count;
  max_ = std::max(max_, value);
}

uint64_t Histogram::percentile(double fraction) const {
  const auto wanted = static_cast<uint64_t>(std::ceil(fraction * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (uint64_t slot = 0; slot < counts_.size(); ++slot) {
    seen += counts_[slot];
    if (seen > 0 && seen >= wanted) return std::min(last_of(slot), max_);
  }
  return 0;
}

}  // namespace kv::bench
