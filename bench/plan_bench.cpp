// How long one plan takes: the mathematics alone, from a Config to every byte of it.
//
// Each round plans configs that differ, so that nothing can be computed once and kept. Rounds
// are shorter than a turn on a shared processor, and the best one is what counts: everything
// that disturbs a round makes it longer.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>

#include "kvcore/plan/allocation.hpp"

namespace {

constexpr uint64_t plans_per_round = 500;
constexpr uint64_t rounds = 1000;

/// Plans `plans_per_round` configs and returns the nanoseconds for each. What was planned is
/// added to `sum`, so that the compiler cannot leave it out.
double one_round(uint64_t& sum) {
  kv::Config config;
  const auto begin = std::chrono::steady_clock::now();
  for (uint64_t i = 0; i < plans_per_round; ++i) {
    config.connections_max = 1 + i % 32000;
    config.key_count = 1 + i;
    config.list_length_max = i % 1000;
    sum += kv::plan(config).allocation.arena_bytes;
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return took.count() / plans_per_round;
}

}  // namespace

int main() {
  uint64_t sum = 0;
  double best = one_round(sum);
  double worst = best;
  for (uint64_t i = 1; i < rounds; ++i) {
    const double ns = one_round(sum);
    best = std::min(best, ns);
    worst = std::max(worst, ns);
  }
  std::printf("one plan: %.0f ns at best, %.0f ns in the worst of %d rounds (sum %llu)\n", best,
              worst, static_cast<int>(rounds), static_cast<unsigned long long>(sum));
  return best < 1000 ? 0 : 1;
}
