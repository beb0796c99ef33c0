#include <fmt/core.h>

#include <cstring>
#include <set>

#include "bench/load/keys.hpp"
#include "bench/micro/micro.hpp"

namespace kv::bench {

namespace {

void copy(benchmark::State& state, uint64_t range_bytes, uint64_t bytes) {
  const auto& memory = kept<std::vector<char>>(std::to_string(range_bytes), range_bytes, 'x');
  std::vector<char> out(bytes);
  const std::vector<uint32_t> order = random_order(range_bytes / bytes);
  uint64_t at = 0;
  for (auto _ : state) {
    std::memcpy(out.data(), memory.data() + order[at] * bytes, bytes);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
    at = (at + 1) & (order.size() - 1);
  }
}

}  // namespace

std::string copy_limit(const Range& range, uint64_t bytes) {
  static std::set<std::string> registered;
  const std::string name = fmt::format("limit: memcpy of {} B, {}", bytes, range.name);
  if (registered.insert(name).second) {
    add_limit(name, [range, bytes](benchmark::State& state) { copy(state, range.bytes, bytes); });
  }
  return name;
}

std::vector<uint32_t> random_order(uint64_t count) {
  constexpr uint64_t few = 4096;
  constexpr uint64_t many = 1 << 20;
  std::vector<uint32_t> order(count > few ? many : few);
  KeySource random(Order::uniform, count, /*seed=*/2);
  for (uint32_t& index : order) index = static_cast<uint32_t>(random.next());
  return order;
}

}  // namespace kv::bench
