#include "planner/solve.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "planner/machine_limit.hpp"
#include "planner/option_name.hpp"
#include "tests/planner/configs.hpp"

namespace kv {

namespace {

/// The largest value up to `most` that fits, by trying every one; 0 for none.
uint64_t by_trying(SolveRequest request, Option option, uint64_t most) {
  uint64_t largest = 0;
  for (uint64_t value = option_info(option).minimum; value <= most; ++value) {
    Config config = request.config;
    number(config, option) = value;
    if (!validate(config).empty()) continue;
    const Allocation allocation = plan(config).allocation;
    const uint64_t bytes =
        request.measure == Measure::arena ? allocation.arena_bytes : allocation.container_bytes;
    if (bytes <= request.limit) largest = value;
  }
  return largest;
}

}  // namespace

TEST_CASE("the largest value is what trying every value gives") {
  RandomConfigs configs(41);
  constexpr uint64_t most = 300;
  uint64_t compared = 0;
  for (int i = 0; i < 8; ++i) {
    const Config config = configs.next();
    for (const OptionInfo& option : options) {
      if (solvable(option.id) != Solvable::yes || option.minimum >= most) continue;
      SolveRequest request{config, Measure::container, 0, {option.id}};
      // The limit is somewhere within the range that is tried.
      Config middle = config;
      number(middle, option.id) = 150;
      const PlanResult planned = plan(middle);
      if (!planned.ok) continue;
      request.limit = planned.allocation.container_bytes;
      const uint64_t expected = by_trying(request, option.id, most);
      const Solution solution = solve(request);
      if (expected == 0 || expected == most) continue;  // it may go on behind what was tried
      CAPTURE(option.name);
      REQUIRE(solution.ok);
      REQUIRE(solution.solved[0].largest.value == expected);
      compared += 1;
    }
  }
  CHECK(compared > 30);
}

TEST_CASE("the proof holds: N fits and N + 1 does not") {
  Config config;
  config.connections_max = 1'000;
  const SolveRequest request{config, Measure::container, 2 * gibibyte, {Option::key_count}};
  const Solution solution = solve(request);
  REQUIRE(solution.ok);
  const Solved& solved = solution.solved[0];
  REQUIRE(solved.next.has_value());
  CHECK(solved.next->value == solved.largest.value + 1);
  config.key_count = solved.largest.value;
  CHECK(plan(config).allocation.container_bytes == solved.largest.bytes);
  CHECK(*solved.largest.bytes <= 2 * gibibyte);
  config.key_count += 1;
  CHECK(plan(config).allocation.container_bytes == solved.next->bytes);
  CHECK(*solved.next->bytes > 2 * gibibyte);
}

TEST_CASE("a later unknown starts from its value and takes what is left") {
  SolveRequest request{
      Config{}, Measure::arena, gibibyte, {Option::key_count, Option::val_size_max}};
  const Solution solution = solve(request);
  REQUIRE(solution.ok);
  REQUIRE(solution.solved.size() == 2);
  SolveRequest alone = request;
  alone.unknowns = {Option::key_count};
  CHECK(solution.solved[0].largest.value == solve(alone).solved[0].largest.value);
  CHECK(solution.solved[1].largest.value >= 4'096);
  Config config = solution.config;
  CHECK(plan(config).allocation.arena_bytes <= gibibyte);
  config.val_size_max += 1;
  CHECK(plan(config).allocation.arena_bytes > gibibyte);
}

TEST_CASE("what is solved for never takes less when there is more of it") {
  RandomConfigs configs(42);
  for (int i = 0; i < 100; ++i) {
    const Config config = configs.next();
    const Config other = configs.next();
    for (const OptionInfo& option : options) {
      if (solvable(option.id) != Solvable::yes) continue;
      Config less = config;
      Config more = config;
      const uint64_t a = number(plan(config).allocation.config, option.id);
      const uint64_t b = number(plan(other).allocation.config, option.id);
      number(less, option.id) = std::min(a, b);
      number(more, option.id) = std::max(a, b);
      const PlanResult first = plan(less);
      const PlanResult second = plan(more);
      if (!first.ok || !second.ok) continue;
      CAPTURE(option.name);
      REQUIRE(first.allocation.arena_bytes <= second.allocation.arena_bytes);
      REQUIRE(first.allocation.container_bytes <= second.allocation.container_bytes);
    }
  }
}

TEST_CASE("options that are not solved for have a reason") {
  CHECK(solvable(Option::block_bytes) == Solvable::not_monotone);
  CHECK(solvable(Option::request_buffer_bytes) == Solvable::not_monotone);
  CHECK(solvable(Option::server_port) == Solvable::without_effect);
  CHECK(solvable(Option::memory_budget) == Solvable::without_effect);
  CHECK(solvable(Option::memory_lock) == Solvable::not_a_number);
  // A larger block takes less here: 1,000 keys of 100 and 100 bytes in blocks of 32 and 104.
  Config config;
  config.key_size_max = 100;
  config.val_size_max = 100;
  config.list_length_max = 0;
  config.block_bytes = 32;
  Config larger = config;
  larger.block_bytes = 104;
  CHECK(plan(larger).allocation.arena_bytes < plan(config).allocation.arena_bytes);
}

TEST_CASE("a store is searched from the smallest that holds a key and a value") {
  Config config;
  config.memory_budget = 64 * mebibyte;
  const SolveRequest request{config, Measure::container, gibibyte, {Option::store_bytes}};
  const Solution solution = solve(request);
  REQUIRE(solution.ok);
  // The budget holds the arena down before the limit holds the container.
  CHECK(plan(solution.config).allocation.arena_bytes <= 64 * mebibyte);
  CHECK(solution.solved[0].next->broken->rule == Rule::over_budget);
}

TEST_CASE("where nothing fits, the least value is the proof") {
  const SolveRequest request{Config{}, Measure::container, mebibyte, {Option::key_count}};
  const Solution solution = solve(request);
  CHECK_FALSE(solution.ok);
  CHECK(solution.solved[0].largest.value == 1);
  CHECK_FALSE(solution.solved[0].largest.fits);
  CHECK(*solution.solved[0].largest.bytes > mebibyte);
}

TEST_CASE("options are found by name, key and alias, with either dash") {
  CHECK(find_option("key_count") == Option::key_count);
  CHECK(find_option("key-count") == Option::key_count);
  CHECK(find_option("keys") == Option::key_count);
  CHECK(find_option("value_max") == Option::val_size_max);
  CHECK(find_option("value-max") == Option::val_size_max);
  CHECK(find_option("memory.budget") == Option::memory_budget);
  CHECK(find_option("memory_budget") == Option::memory_budget);
  CHECK_FALSE(find_option("kyes").has_value());
  CHECK(option_suggestion("kyes") == "did you mean 'keys'?");
}

TEST_CASE("the machine's limit is that of the group, unless the machine is smaller") {
  const std::string root = std::filesystem::temp_directory_path() / "kvplan_limit_test";
  std::filesystem::create_directories(root + "/proc/self");
  std::filesystem::create_directories(root + "/fs/a/b");
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(root + "/" + name) << text;
  };
  const auto limit = [&] { return machine_limit(root); };
  write("proc/self/cgroup", "0::/a/b\n");
  write("proc/self/mountinfo", "31 23 0:28 / /fs rw - cgroup2 cgroup2 rw\n");
  write("fs/a/b/memory.max", "max\n");
  write("fs/a/memory.max", "1048576\n");
  write("proc/meminfo", "MemTotal: 4096 kB\nMemAvailable: 2048 kB\n");
  REQUIRE(limit().has_value());
  CHECK(limit()->bytes == 1'048'576);  // the group above is the one that holds
  CHECK(limit()->source == root + "/fs/a/memory.max");
  write("fs/a/memory.max", "1099511627776\n");
  CHECK(limit()->bytes == 2'097'152);
  CHECK(limit()->source == "MemAvailable in " + root + "/proc/meminfo");
  std::filesystem::remove_all(root);
}

}  // namespace kv
