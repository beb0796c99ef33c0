// Whether there is room for a plan: files that stand for /proc and /sys, and limits made up.
#include "server/room.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace kv {
namespace {

Config small_config() {
  Config config;
  config.connections_max = 10;
  config.key_count = 100;
  config.val_size_max = 100;
  config.list_length_max = 0;
  return config;
}

std::string refusal(const Config& config, const ProcessLimits& limits) {
  return check_room(config, plan(config).allocation, limits).value_or("fits");
}

/// The config with the edit that the text names: "… or lower KEY to VALUE (instead …".
Config lowered(Config config, const std::string& text) {
  constexpr std::string_view words = "; or lower ";
  const auto at = text.find(words);
  REQUIRE(at != std::string::npos);
  const auto key = at + words.size();
  const auto end = text.find(" to ", key);
  for (const OptionInfo& option : options) {
    if (option.key != text.substr(key, end - key)) continue;
    number(config, option.id) = std::stoull(text.substr(end + 4));
  }
  return config;
}

TEST_CASE("a plan that fits every limit to the byte is not refused") {
  const Config config = small_config();
  const Allocation allocation = plan(config).allocation;
  ProcessLimits limits;
  CHECK(refusal(config, limits) == "fits");
  limits.cgroup = CgroupLimit{allocation.container_bytes, "memory.max"};
  CHECK(refusal(config, limits) == "fits");
  limits.cgroup->bytes -= 1;
  CHECK(refusal(config, limits) != "fits");
}

TEST_CASE("the refusal names the limit, what is missing, and an option whose value fits") {
  const Config config = small_config();
  const uint64_t needed = plan(config).allocation.container_bytes;
  for (const uint64_t missing : {uint64_t{1}, uint64_t{4096}, uint64_t{500'000}, needed / 10}) {
    CAPTURE(missing);
    ProcessLimits limits;
    limits.cgroup = CgroupLimit{needed - missing, "memory.max"};
    const std::string text = refusal(config, limits);
    CAPTURE(text);
    CHECK(text.starts_with("the memory limit of the control group (memory.max) is "));
    CHECK(text.find(" more; raise it to ") != std::string::npos);
    CHECK(refusal(lowered(config, text), limits) == "fits");
  }
}

TEST_CASE("one option is named for all limits together") {
  Config config = small_config();
  config.memory_lock = 1;
  const Allocation allocation = plan(config).allocation;
  ProcessLimits limits;
  limits.cgroup = CgroupLimit{allocation.container_bytes - 10'000, "memory.max"};
  limits.locked_bytes_max = allocation.arena_bytes - 40'000;
  const std::string text = refusal(config, limits);
  CAPTURE(text);
  CHECK(text.find("RLIMIT_MEMLOCK is ") != std::string::npos);
  CHECK(text.find("LimitMEMLOCK=") != std::string::npos);
  CHECK(refusal(lowered(config, text), limits) == "fits");
  // Where the arena is not locked, that limit does not matter.
  config.memory_lock = 0;
  limits.cgroup.reset();
  CHECK(refusal(config, limits) == "fits");
}

TEST_CASE("where no single option is enough, the refusal says so") {
  ProcessLimits limits;
  limits.cgroup = CgroupLimit{1'000'000, "memory.max"};
  const std::string text = refusal(small_config(), limits);
  CHECK(
      text.ends_with("; or lower several options: no single one is enough (kvplan solve, kvplan "
                     "sweep)"));
}

TEST_CASE("a nested limit of control groups version 2 refuses the plan") {
  char path[] = "/tmp/kv_room_XXXXXX";
  REQUIRE(mkdtemp(path) != nullptr);
  const std::string root = path;
  const auto write = [&](const std::string& file, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root + file).parent_path());
    std::ofstream(root + file) << text;
  };
  write("/proc/self/cgroup", "0::/pod/kvd\n");
  write("/proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  write("/proc/self/status", "VmSize:\t  8 kB\nVmLck:\t 0 kB\nVmData:\t 4 kB\nCapEff:\t0000\n");
  write("/sys/fs/cgroup/pod/kvd/memory.max", "max\n");
  write("/sys/fs/cgroup/pod/memory.max", "4096000\n");
  const ProcessLimits limits = read_process_limits(root);
  CHECK(limits.address_bytes == 8192);
  CHECK(limits.data_bytes == 4096);
  const std::string text = refusal(small_config(), limits);
  CHECK(text.starts_with("the memory limit of the control group (" + root +
                         "/sys/fs/cgroup/pod/memory.max) is 4,096,000 bytes and "));
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace kv
