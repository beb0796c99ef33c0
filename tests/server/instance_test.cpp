// The plan and the whole server: everything that kvd carves, for any config, in one process.
#include "server/instance.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "kvcore/plan/validate.hpp"
#include "tests/memory/random.hpp"

namespace kv {
namespace {

/// Configs beyond this are left out: address space costs nothing, but free lists are written.
constexpr uint64_t small_total = 256 * mebibyte;

/// Carves a whole instance and compares each component with the plan.
void check_equal(const Config& config) {
  Instance instance;
  REQUIRE(!instance.carve(plan(config).allocation));
  for (const ComponentCheck& check : instance.verification.components) {
    INFO(component_info(check.component).name);
    REQUIRE(check.carved_bytes == check.planned_bytes);
  }
  REQUIRE(instance.verification.equal());
  REQUIRE(instance.arena.memory().size() == instance.verification.planned_bytes);
}

bool is_small_and_valid(const Config& config) {
  return validate(config).empty() && plan(config).allocation.arena_bytes <= small_total;
}

/// A few of everything, so that each option can go to both of its bounds beside it.
Config small_config() {
  Config config;
  config.connections_max = 3;
  config.key_count = 5;
  config.key_size_max = 40;
  config.val_size_max = 100;
  config.list_length_max = 4;
  config.request_buffer_bytes = 256;
  config.reply_buffer_bytes = 1024;
  config.large_request_slots = config.large_reply_slots = 2;
  return config;
}

/// A number up to `most`, evenly spread over the orders of magnitude.
uint64_t spread(Random& random, uint64_t most) {
  const uint64_t bound = uint64_t{1} << random.below(64 - __builtin_clzll(most));
  return 1 + random.below(std::min(bound, most));
}

Config random_config(Random& random) {
  Config config;
  config.connections_max = spread(random, 2'000);
  config.key_count = spread(random, 20'000);
  config.key_size_max = spread(random, 2'000);
  config.val_size_max = spread(random, 5'000);
  config.list_length_max = random.below(4) == 0 ? 0 : spread(random, 500);
  config.block_bytes = 32 + 8 * random.below(100);
  config.request_buffer_bytes = 256 * spread(random, 64);
  config.reply_buffer_bytes = 1024 * spread(random, 16);
  config.large_request_slots = spread(random, 8);
  config.large_reply_slots = spread(random, 8);
  if (random.below(2) == 0) config.store_bytes = spread(random, 16 * mebibyte);
  if (random.below(2) == 0) config.command_args_max = 8 + random.below(2'000);
  if (random.below(2) == 0) config.request_buffers = spread(random, 2'000);
  if (random.below(2) == 0) config.reply_buffers = spread(random, 2'000);
  return config;
}

TEST_CASE("what the server carves is what was planned, for ten thousand random configs") {
  const uint64_t seed = test_seed();
  INFO("KV_TEST_SEED=" << seed);
  Random random(seed);
  for (int checked = 0; checked < 10'000;) {
    const Config config = random_config(random);
    if (!is_small_and_valid(config)) continue;
    check_equal(config);
    ++checked;
  }
}

TEST_CASE("what the server carves is what was planned, with each option at both of its bounds") {
  uint64_t checked = 0;
  for (const OptionInfo& option : options) {
    // Budgets change no byte; explicit huge pages must be set aside in the machine first.
    if (option.is_text() || option.id == Option::memory_huge_pages) continue;
    for (const uint64_t bound : {option.minimum, option.maximum}) {
      Config config = small_config();
      number(config, option.id) = bound;
      if (!is_small_and_valid(config)) continue;
      INFO(option.name << " = " << bound);
      check_equal(config);
      ++checked;
    }
  }
  // Half of all bounds at the very least make small, valid configs.
  CHECK(checked > options.size());
}

TEST_CASE("what the server carves is what was planned, with pairs of options at their minima") {
  for (const OptionInfo& first : options) {
    for (const OptionInfo& second : options) {
      if (first.is_text() || second.is_text()) continue;
      Config config = small_config();
      number(config, first.id) = first.minimum;
      number(config, second.id) = second.minimum;
      if (is_small_and_valid(config)) check_equal(config);
    }
  }
}

}  // namespace
}  // namespace kv
