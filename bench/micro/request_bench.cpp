// The parser on whole frames in the cache, as the kernel leaves them there.

#include <fmt/core.h>

#include "bench/load/workload.hpp"
#include "bench/micro/micro.hpp"
#include "server/request.hpp"

namespace kv::bench {

namespace {

void parse(benchmark::State& state, const std::string& frame) {
  Config config;
  config.val_size_max = 65536;
  const PlanResult planned = plan(config);
  const RequestParser parser(planned.allocation);
  std::vector<Slice> slices(planned.allocation.config.command_args_max);
  Scratch scratch(slices);
  ConnectionRecord record = {};
  for (auto _ : state) {
    const Parse parsed = parser.parse(frame, record, scratch);
    if (parsed.status != Parse::Status::complete || parsed.consumed != frame.size()) {
      state.SkipWithError("the frame is not parsed");
      return;
    }
    benchmark::DoNotOptimize(slices.data());
  }
}

}  // namespace

void add_request_benchmarks() {
  const auto add = [](std::string_view test, uint32_t value_bytes, uint32_t elements) {
    Workload workload;
    workload.test = find_test(test);
    workload.value_bytes = value_bytes;
    workload.elements = elements;
    const std::string frame = encode(workload).bytes;
    add_benchmark(fmt::format("request: {} of {} B", workload.test->command, frame.size()),
                  copy_limit(hot, frame.size()),
                  [frame](benchmark::State& state) { parse(state, frame); });
  };
  add("get", 64, 1);
  add("set", 64, 1);
  add("set", 4096, 1);
  add("mset", 64, 10);
}

}  // namespace kv::bench
