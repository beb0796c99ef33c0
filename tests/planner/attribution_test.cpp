#include "planner/attribution.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

#include "kvcore/plan/options.hpp"
#include "tests/planner/configs.hpp"

namespace kv {

namespace {

int64_t difference(uint64_t before, uint64_t after) { return static_cast<int64_t>(after - before); }

int64_t share_of(const Attribution& attribution, Option option) {
  for (const OptionShare& share : attribution.shares) {
    if (share.option == option) return share.container_bytes;
  }
  return 0;
}

/// Every sum that must hold: per component, of the arena, of the container.
void check_sums(const Config& before, const Config& after, const Attribution& attribution) {
  const Allocation a = plan(before).allocation;
  const Allocation b = plan(after).allocation;
  OptionShare sum = {.option = Option::none};
  for (const OptionShare& share : attribution.shares) {
    for (uint64_t i = 0; i < attributed_count; ++i) sum.bytes[i] += share.bytes[i];
    sum.arena_bytes += share.arena_bytes;
    sum.container_bytes += share.container_bytes;
  }
  for (uint64_t i = 0; i < component_count; ++i) {
    REQUIRE(sum.bytes[i] == difference(a.component_bytes[i], b.component_bytes[i]));
  }
  for (uint64_t i = 0; i < outsides.size(); ++i) {
    REQUIRE(sum.bytes[component_count + i] == difference(a.outside[i].bytes, b.outside[i].bytes));
  }
  REQUIRE(sum.arena_bytes == difference(a.arena_bytes, b.arena_bytes));
  REQUIRE(sum.container_bytes == difference(a.container_bytes, b.container_bytes));
}

}  // namespace

TEST_CASE("shares add up to every component's difference, for random pairs of configs") {
  RandomConfigs configs(31);
  uint64_t all_orders = 0;
  for (int i = 0; i < 60; ++i) {
    const Config before = configs.next();
    const Config after = configs.next();
    const Attribution attribution = attribute(before, after);
    all_orders += attribution.all_orders ? 1 : 0;
    check_sums(before, after, attribution);
  }
  CHECK(all_orders > 0);
  CHECK(all_orders < 60);  // pairs that differ in more options take the other way
}

TEST_CASE("a single change has all of the difference") {
  Config after;
  after.val_size_max = 10'000;
  const Attribution attribution = attribute(Config{}, after);
  REQUIRE(attribution.shares.size() == 1);
  CHECK(attribution.shares[0].container_bytes ==
        difference(plan(Config{}).allocation.container_bytes,
                   plan(after).allocation.container_bytes));
}

TEST_CASE("what two options cause together is split evenly") {
  // A key of 28 bytes takes 2 blocks of 32 with a value of 28, 28 + 28 bytes, and 4 with one of 84,
  // 3 × 28 + 28. From N = 100, V = 28 to N = 200, V = 84 there are 200 × 4 − 100 × 2 = 600 blocks
  // more. Keys first: 100 × 2 = 200, then values 200 × 2 = 400. Values first:
  // 100 × 2 = 200, then keys 100 × 4 = 400. The mean is 300 each.
  Config before;
  before.key_count = 100;
  before.key_size_max = 28;
  before.val_size_max = 28;
  before.list_length_max = 0;
  before.block_bytes = 32;
  Config after = before;
  after.key_count = 200;
  after.val_size_max = 84;
  const Attribution attribution = attribute(before, after);
  REQUIRE(attribution.shares.size() == 2);
  const auto blocks = static_cast<uint64_t>(Component::blocks);
  CHECK(attribution.shares[0].option == Option::key_count);
  CHECK(attribution.shares[0].bytes[blocks] == 300 * 32);
  CHECK(attribution.shares[1].option == Option::val_size_max);
  CHECK(attribution.shares[1].bytes[blocks] == 300 * 32);
}

TEST_CASE("the way back is the way there with the signs changed, but for a byte of rounding") {
  RandomConfigs configs(32);
  for (int i = 0; i < 20; ++i) {
    const Config before = configs.next();
    Config after = before;
    const Config other = configs.next();
    after.key_count = other.key_count;
    after.list_length_max = other.list_length_max;
    after.connections_max = other.connections_max;
    if (!validate(after).empty()) continue;
    const Attribution there = attribute(before, after);
    const Attribution back = attribute(after, before);
    for (const OptionShare& share : there.shares) {
      const int64_t sum = share.container_bytes + share_of(back, share.option);
      REQUIRE(std::abs(sum) <= static_cast<int64_t>(attributed_count));
    }
  }
}

TEST_CASE("an option that no formula reads is listed and causes nothing") {
  Config after;
  after.server_port = 7000;
  after.server_address = Text("::1");
  after.memory_lock = 1;
  after.memory_budget = 1ULL << 40;
  const Attribution attribution = attribute(Config{}, after);
  CHECK(attribution.shares.size() == 4);
  for (const OptionShare& share : attribution.shares) CHECK(share.container_bytes == 0);
}

TEST_CASE("the options that matter are those that change some plan when they change") {
  RandomConfigs configs(33);
  for (const OptionInfo& option : options) {
    if (option.is_text() || plan_depends_on(option.id)) continue;
    for (int i = 0; i < 50; ++i) {
      Config config = configs.next();
      const uint64_t before = plan(config).allocation.container_bytes;
      number(config, option.id) = option.maximum;
      REQUIRE(plan(config).allocation.container_bytes == before);
    }
  }
  CHECK(plan_depends_on(Option::key_count));
  CHECK(plan_depends_on(Option::server_socket_send_bytes));
  CHECK(plan_depends_on(Option::memory_huge_pages));
  CHECK_FALSE(plan_depends_on(Option::server_port));
}

TEST_CASE("a config on the way that no machine has does not spoil the sum") {
  // Many keys with small values to few keys with huge ones; both together are beyond 64 bits.
  Config before;
  before.key_count = 1'000'000'000;
  before.key_size_max = 28;
  before.val_size_max = 28;
  before.list_length_max = 0;
  before.block_bytes = 32;
  REQUIRE(validate(before).empty());
  Config after = before;
  after.key_count = 1;
  after.val_size_max = 64'000'000;
  after.list_length_max = 30;
  after.block_bytes = 1 << 20;
  REQUIRE(validate(after).empty());
  const Attribution attribution = attribute(before, after);
  CHECK_FALSE(attribution.all_orders);
  check_sums(before, after, attribution);
}

}  // namespace kv
