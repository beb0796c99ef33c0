// One plan: from a Config to every byte of it. The configs differ, so that nothing can be
// computed once and kept.

#include "bench/micro/micro.hpp"
#include "kvcore/plan/allocation.hpp"

namespace kv::bench {

namespace {

void plan_one(benchmark::State& state) {
  Config config;
  uint64_t round = 0;
  for (auto _ : state) {
    ++round;
    config.connections_max = 1 + round % 32000;
    config.key_count = round;
    config.list_length_max = round % 1000;
    opaque(plan(config).allocation.arena_bytes);
  }
}

}  // namespace

void add_plan_benchmarks() { add_limit("plan: one config", plan_one); }

}  // namespace kv::bench
