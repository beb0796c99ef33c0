// Randomness for model tests: a small generator, and a seed that a failure shows.
//
// Every run does the same; KV_TEST_SEED chooses others.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

namespace kv {

/// xorshift64*, good enough to choose operations and cheap beside them.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed == 0 ? 1 : seed) {}

  uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1d;
  }

  /// A number in [0, bound). REQUIRES: bound > 0.
  uint64_t below(uint64_t bound) { return (next() >> 11) % bound; }

  std::string text(uint64_t bytes) {
    std::string out(bytes, '\0');
    for (char& c : out) c = static_cast<char>(next() >> 32);
    return out;
  }

 private:
  uint64_t state_;
};

/// The seed of this run: 1, or what the environment's KV_TEST_SEED says. Show it with
/// INFO("KV_TEST_SEED=" << seed) in every model test.
inline uint64_t test_seed() {
  if (const char* text = std::getenv("KV_TEST_SEED")) return std::strtoull(text, nullptr, 0);
  return 1;
}

}  // namespace kv
