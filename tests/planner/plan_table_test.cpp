#include "planner/plan_table.hpp"

#include <doctest/doctest.h>

#include <sstream>

#include "kvcore/load/wrap.hpp"
#include "planner/number_text.hpp"
#include "tests/planner/configs.hpp"

namespace kv {

namespace {

/// What the CSV of a plan adds up to.
struct Sums {
  uint64_t parts = 0, padding = 0, components = 0, outside = 0, arena = 0, container = 0;
};

Sums sums_of(const std::string& csv) {
  Sums sums;
  std::istringstream lines(csv);
  for (std::string line; std::getline(lines, line);) {
    const std::string kind = line.substr(0, line.find(','));
    if (kind == "kind") continue;
    const uint64_t bytes = std::stoull(line.substr(line.rfind(',') + 1));
    if (kind == "part") sums.parts += bytes;
    if (kind == "component") sums.components += bytes;
    if (line.starts_with("component,padding,")) sums.padding += bytes;
    if (kind == "outside") sums.outside += bytes;
    if (kind == "arena") sums.arena += bytes;
    if (kind == "container") sums.container += bytes;
  }
  return sums;
}

}  // namespace

TEST_CASE("the column of bytes adds up for every config") {
  RandomConfigs configs(20261121);
  for (int i = 0; i < 500; ++i) {
    const Allocation allocation = plan(configs.next()).allocation;
    const Sums sums = sums_of(render_csv(plan_table(allocation)));
    REQUIRE(sums.parts + sums.padding == sums.components);
    REQUIRE(sums.components == sums.arena);
    REQUIRE(sums.arena + sums.outside == sums.container);
  }
}

TEST_CASE("the table keeps to 96 columns for every config of ordinary size") {
  RandomConfigs configs(7);
  for (int i = 0; i < 300; ++i) {
    const Allocation allocation = plan(configs.next()).allocation;
    if (allocation.arena_bytes > 99'999'999'999) continue;
    std::istringstream lines(render_text(plan_table(allocation), false));
    for (std::string line; std::getline(lines, line);) {
      INFO(line);
      REQUIRE(display_width(line) <= 96);
    }
  }
}

TEST_CASE("a budget is shown with what is left of it or with what is too many") {
  Config config;
  const uint64_t arena_bytes = plan(config).allocation.arena_bytes;
  config.memory_budget = arena_bytes + 40'473'344;
  const Allocation fits = plan(config).allocation;
  CHECK(render_csv(plan_table(fits)).find("\nbudget_left,,,,,40473344\n") != std::string::npos);
  config.memory_budget = arena_bytes - 1;
  const Allocation exceeds = plan(config).allocation;
  CHECK(render_csv(plan_table(exceeds)).find("\nbudget_exceeded,,,,,1\n") != std::string::npos);
}

}  // namespace kv
