#include "bench/load/process_cpu.hpp"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace kv::bench {

std::optional<uint64_t> cpu_ns_of(uint64_t pid) {
  std::error_code error;
  uint64_t sum = 0;
  bool found = false;
  const std::filesystem::directory_iterator tasks("/proc/" + std::to_string(pid) + "/task", error);
  if (error) return {};
  for (const auto& task : tasks) {
    std::ifstream file(task.path() / "schedstat");
    uint64_t on_cpu_ns = 0;
    if (file >> on_cpu_ns) found = true;
    sum += on_cpu_ns;
  }
  return found ? std::optional(sum) : std::nullopt;
}

uint64_t own_cpu_ns() {
  timespec now = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace kv::bench
