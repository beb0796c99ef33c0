// Which key comes next, and how it is written: a prefix and eight hexadecimal digits, so every
// key of a test has the same length and a request can be changed to another key in place.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace kv::bench {

enum class Order : uint8_t { uniform, sequential };

class KeySource {
 public:
  static constexpr uint64_t count_max = 1ULL << 32;

  /// REQUIRES: 1 <= count <= count_max. `seed` decides the sequence of Order::uniform.
  KeySource(Order order, uint64_t count, uint64_t seed)
      : order_(order), count_(count), state_(seed) {}

  /// At least 0, less than the count.
  uint64_t next() {
    if (order_ == Order::sequential) {
      const uint64_t key = next_;
      next_ = key + 1 == count_ ? 0 : key + 1;
      return key;
    }
    // splitmix64 (Steele, Lea, Flood 2014), and the upper half scaled to the count.
    state_ += 0x9e3779b97f4a7c15;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    mixed ^= mixed >> 31;
    return (mixed >> 32) * count_ >> 32;
  }

 private:
  Order order_;
  uint64_t count_;
  uint64_t state_;
  uint64_t next_ = 0;
};

constexpr uint64_t key_digits = 8;

/// Writes the lower 32 bits of `key` to `at`, which has room for `key_digits`.
inline void write_key(char* at, uint64_t key) {
  static constexpr auto pairs = [] {
    std::array<char, 512> table = {};
    constexpr const char* digits = "0123456789abcdef";
    for (uint32_t i = 0; i < 256; ++i) {
      table[2 * i] = digits[i / 16];
      table[2 * i + 1] = digits[i % 16];
    }
    return table;
  }();
  for (uint32_t shift = 24, place = 0; place < key_digits; shift -= 8, place += 2) {
    std::memcpy(at + place, &pairs[2 * (key >> shift & 0xff)], 2);
  }
}

}  // namespace kv::bench
