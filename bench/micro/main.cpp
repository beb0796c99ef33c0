// kvmicro: what the parts of kvd take, beside what they cannot take less than. The flags are
// those of Google Benchmark; bench/micro.py prints the results as a table.

#include "bench/micro/micro.hpp"

int main(int argc, char** argv) {
  kv::bench::add_table_benchmarks();
  kv::bench::add_chain_benchmarks();
  kv::bench::add_request_benchmarks();
  kv::bench::add_reply_benchmarks();
  kv::bench::add_plan_benchmarks();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
