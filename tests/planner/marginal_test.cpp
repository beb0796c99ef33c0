#include "planner/marginal.hpp"

#include <doctest/doctest.h>

#include <string_view>

#include "planner/number_text.hpp"
#include "tests/planner/configs.hpp"

namespace kv {

namespace {

MarginalCost cost(const Config& config, std::string_view what) {
  for (const MarginalCost& candidate : marginal_costs(config)) {
    if (candidate.what == what) return candidate;
  }
  FAIL("no such cost: " << what);
  return {};
}

}  // namespace

TEST_CASE("one more connection of the defaults costs a record, two buffers and an index") {
  const MarginalCost connection = cost(Config{}, "one more connection");
  REQUIRE(connection.possible);
  // 320 + 16,384 + 16,384 + 4, two watches of 32 + 20, 12 + 24 + 16 of sessions, and 40 + 4 of
  // epoll; the rings have room for it.
  CHECK(connection.arena_bytes == 33'292);
  // 33,292; 5,120 of kernel objects; 205,824 of socket buffers; 256 of epoll in the kernel; 1,001
  // have no more closed sockets than 1,000. Page tables: the arena grows by 33,292 and padding by
  // 0 to 4,095, so by 65 to 73 bytes.
  CHECK(connection.container_bytes >= 33'292 + 5'120 + 205'824 + 256 + 64);
  CHECK(connection.container_bytes <= 33'292 + 5'120 + 205'824 + 256 + 73);
}

TEST_CASE("a connection that needs a larger ring costs that as well") {
  Config config;
  // 2 × 1,991 + 64 = 4,046 fits 4,096 completions, as do 2 × 2,016 + 64 = 4,096; one more does
  // not: 4,096 completions of 16 bytes more, 65,536. The buffer ring stays at 2,048 entries.
  config.connections_max = 2'016;
  CHECK(cost(config, "one more connection").arena_bytes == 33'292 + 65'536);
}

TEST_CASE("the average key of the defaults is exact to the hundredth of a byte") {
  const MarginalCost key = cost(Config{}, "one more key");
  REQUIRE(key.possible);
  // 855 blocks of 256 = 218,880; entry 32; timer 20; 50 nodes of 16 = 800; 64 × 10 / 96 = 6.666… of
  // a bucket: 219,738.666…
  CHECK(decimal(key.arena_bytes, key.of) == "219,738.67");
}

TEST_CASE("one more byte is free until it begins another block") {
  Config config;
  // 17 blocks hold 16 × 252 + 256 = 4,288 bytes. Up to there a value costs what large slots need:
  // 16 request slots of 50 elements, and 16 reply slots of 50: 16 × 50 + 16 × 50.
  CHECK(cost(config, "one more byte in every value").arena_bytes == 1'600);
  config.val_size_max = 4'288;
  // 1,000 keys × 50 elements × a block of 256 more.
  CHECK(cost(config, "one more byte in every value").arena_bytes == 12'800'000 + 1'600);
}

TEST_CASE("an option at its maximum cannot be raised") {
  Config config;
  config.connections_max = 32'000;
  CHECK_FALSE(cost(config, "one more connection").possible);
}

TEST_CASE("costs never go down and their components add up, for every config") {
  RandomConfigs configs(11);
  for (int i = 0; i < 500; ++i) {
    for (const MarginalCost& candidate : marginal_costs(configs.next())) {
      uint64_t sum = 0;
      for (const uint64_t bytes : candidate.component_bytes) sum += bytes;
      REQUIRE(sum == candidate.arena_bytes);
      REQUIRE(candidate.container_bytes >= candidate.arena_bytes);
    }
  }
}

}  // namespace kv
