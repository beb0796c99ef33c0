// Latencies in a histogram of fixed size: 256 KiB, whatever is recorded.
//
// Values up to 2047 have a counter each; above, every doubling is cut into 1024 equal steps, so
// a value is known to a thousandth of itself (three figures). What is beyond `value_max` is
// counted there. The scheme is that of HdrHistogram.
#pragma once

#include <array>
#include <cstdint>

namespace kv::bench {

class Histogram {
 public:
  static constexpr uint64_t value_max = (1ULL << 40) - 1;  // of nanoseconds: 18 minutes

  void record(uint64_t value, uint64_t count = 1);

  /// The least value that at least `fraction` of all values do not exceed, to a thousandth: the
  /// largest that its step can hold, but never more than max(). 0 where nothing was recorded.
  /// REQUIRES: 0 <= fraction <= 1.
  [[nodiscard]] uint64_t percentile(double fraction) const;

  [[nodiscard]] uint64_t count() const { return count_; }
  [[nodiscard]] uint64_t max() const { return max_; }

 private:
  static constexpr uint32_t step_bits = 10;
  static constexpr uint64_t steps = 1ULL << step_bits;  // of each doubling
  static constexpr uint64_t doublings = 40 - step_bits;

  static uint64_t slot_of(uint64_t value);
  static uint64_t last_of(uint64_t slot);

  std::array<uint64_t, (doublings + 1)* steps> counts_ = {};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace kv::bench
