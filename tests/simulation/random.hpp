// Random numbers that are the same everywhere: from a seed follows everything that a simulation
// does, so no distribution of the standard library is used, which each library may do its own way.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace kv::sim {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  /// Source: splitmix64 of Steele, Lea and Flood.
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// From 0 to below `end`; 0 for an end of 0.
  uint64_t below(uint64_t end) { return end == 0 ? 0 : next() % end; }
  /// From `first` to `last`. REQUIRES: first <= last.
  uint64_t between(uint64_t first, uint64_t last) { return first + below(last - first + 1); }
  bool one_in(uint64_t n) { return below(n) == 0; }
  bool percent(uint64_t chance) { return below(100) < chance; }

  template <class T>
  T any_of(std::initializer_list<T> list) {
    return list.begin()[below(list.size())];
  }

 private:
  uint64_t state_;
};

}  // namespace kv::sim
