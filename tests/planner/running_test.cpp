#include "planner/running.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "planner/savings.hpp"

namespace kv {

namespace {

/// What a kvd says that carved what is planned and used `used` units of each part.
std::string info_of(const Allocation& allocation, uint64_t used) {
  std::string out = "# Memory\r\n";
  for (const ComponentInfo& component : components) {
    const uint64_t bytes = allocation[component.id];
    out += fmt::format(
        "component_{}:planned_bytes={},carved_bytes={},used_bytes=0,"
        "used_bytes_max={}\r\n",
        component.id_text, bytes, bytes, bytes / 2);
  }
  for (const PartInfo& part : parts) {
    out += fmt::format(
        "part_{}:planned_bytes=1,carved_bytes=1,unit_bytes=1,count=1,used=0,"
        "used_max={}\r\n",
        part.id_text, used);
  }
  return out;
}

/// 100 keys, each in a block of 256 bytes with its value, and no lists: the worst case of the
/// store is 100 × 256 = 25,600 bytes.
Config small_config() {
  Config config;
  config.key_count = 100;
  config.key_size_max = 10;
  config.val_size_max = 10;
  config.list_length_max = 0;
  config.connections_max = 10;
  return config;
}

}  // namespace

TEST_CASE("INFO is read by component and by part") {
  const Allocation allocation = plan(small_config()).allocation;
  const auto parsed = parse_info(info_of(allocation, 7));
  REQUIRE(parsed.index() == 0);
  const ServerReport& report = std::get<0>(parsed);
  const auto blocks = static_cast<uint64_t>(Component::blocks);
  CHECK(report.components[blocks].planned_bytes == 25600);
  CHECK(report.components[blocks].carved_bytes == 25600);
  CHECK(report.components[blocks].used_bytes_max == 12800);
  CHECK(report.used_max[static_cast<uint64_t>(Part::entries)] == 7);
}

TEST_CASE("an INFO that is not kvd's is an error") {
  const auto redis = parse_info("# Memory\r\nused_memory:1\r\n");
  REQUIRE(redis.index() == 1);
  CHECK(std::get<1>(redis) ==
        "INFO has no line component_connections: it is no kvd, or another version");
  const auto strange = parse_info("component_connections:planned_bytes=x\r\n");
  CHECK(std::get<1>(strange) == "INFO has a strange line component_connections");
}

TEST_CASE("residence follows the layout of the arena") {
  const Allocation allocation = plan(small_config()).allocation;
  const Residence all =
      residence_of(allocation, [](uint64_t from, uint64_t to) { return to - from; });
  for (const ComponentInfo& component : components) {
    CAPTURE(component.name);
    CHECK(all[static_cast<uint64_t>(component.id)] == allocation[component.id]);
  }
  const Residence none = residence_of(allocation, [](uint64_t, uint64_t) { return uint64_t{0}; });
  CHECK(none == Residence{});
}

TEST_CASE("what was never used is a saving, exact by the plan") {
  Config config = small_config();
  config.store_bytes = 51200;
  const Allocation allocation = plan(config).allocation;
  ServerReport report = std::get<0>(parse_info(info_of(allocation, 1000000)));
  CHECK(possible_savings(config, report).empty());

  // 60 blocks of 200 were used at most: 60 × 256 = 15,360 bytes of the store would have
  // sufficed, 35,840 fewer. The blocks lie between parts aligned to 64 and a block is 256, so
  // the arena loses them all but for the rounding to a page: 35,840 = 8.75 pages.
  report.used_max[static_cast<uint64_t>(Part::blocks)] = 60;
  const auto savings = possible_savings(config, report);
  REQUIRE(savings.size() == 1);
  CHECK(savings[0].option == Option::store_bytes);
  CHECK(savings[0].value == 51200);
  CHECK(savings[0].lowest == 15360);
  CHECK(savings[0].arena_bytes % 4096 == 0);
  CHECK((savings[0].arena_bytes == 8 * 4096 || savings[0].arena_bytes == 9 * 4096));

  const Saving all = all_savings(config, savings);
  CHECK(all.arena_bytes == savings[0].arena_bytes);
  CHECK(all.container_bytes == savings[0].container_bytes);
}

TEST_CASE("a saving never goes below what an option may be") {
  Config config = small_config();
  const Allocation allocation = plan(config).allocation;
  const ServerReport report = std::get<0>(parse_info(info_of(allocation, 0)));
  for (const Saving& saving : possible_savings(config, report)) {
    CAPTURE(option_info(saving.option).key);
    CHECK(saving.lowest >= option_info(saving.option).minimum);
    // The store must still hold one key with one value: a block.
    if (saving.option == Option::store_bytes) CHECK(saving.lowest == 256);
  }
}

}  // namespace kv
