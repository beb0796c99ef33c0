// Micro-benchmarks, and the limits that stand beside them: what the memory and the processor
// allow for the same bytes. A benchmark names its limit in its label.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kv::bench {

/// A benchmark that stands for itself.
template <class Body>
void add_limit(const std::string& name, Body body) {
  benchmark::RegisterBenchmark(name.c_str(), std::move(body));
}

/// A benchmark that can take no less than the one that is called `limit`.
template <class Body>
void add_benchmark(const std::string& name, const std::string& limit, Body body) {
  benchmark::RegisterBenchmark(name.c_str(), [limit, body](benchmark::State& state) mutable {
    body(state);
    state.SetLabel(limit);
  });
}

/// How much memory is gone through: a little that stays in the second-level cache, or more than
/// any cache holds.
struct Range {
  std::string_view name;
  uint64_t bytes;
};

constexpr Range hot = {"hot", 64 * 1024};
constexpr Range cold = {"beyond the cache", 320 * 1024 * 1024};

/// The limit of whatever moves so many bytes: memcpy of them from random places of the range. It
/// is registered when it is asked for first. Returns its name.
std::string copy_limit(const Range& range, uint64_t bytes);

/// Random numbers below `count`, the same in every run: the order in which things are used. Few
/// for few things, so that the order itself stays in the cache. Their number is a power of two.
std::vector<uint32_t> random_order(uint64_t count);

/// What is large takes long to make and is used by several runs, so the last one that was made is
/// kept. `name` says which it is; T is the type that belongs to the name.
template <class T, class... Arguments>
T& kept(const std::string& name, Arguments&&... arguments) {
  static std::string kept_name;
  static std::unique_ptr<T> thing;
  if (thing == nullptr || kept_name != name) {
    thing.reset();
    thing = std::make_unique<T>(std::forward<Arguments>(arguments)...);
    kept_name = name;
  }
  return *thing;
}

/// Makes the compiler forget what it knows of a number, and believe that it is used.
/// (benchmark::DoNotOptimize of version 1.7 leaves a variable undefined with g++.)
inline uint64_t opaque(uint64_t value) {
  asm volatile("" : "+r"(value));
  return value;
}

// One for each file; each registers what it has.
void add_table_benchmarks();
void add_chain_benchmarks();
void add_request_benchmarks();
void add_reply_benchmarks();
void add_plan_benchmarks();

}  // namespace kv::bench
