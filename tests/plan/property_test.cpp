// What holds for every valid config, tried on thousands of random ones.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "kvcore/plan/allocation.hpp"
#include "kvcore/plan/validate.hpp"
#include "tests/memory/random.hpp"

namespace kv {
namespace {

__extension__ using uint128 = unsigned __int128;

/// A number between an option's bounds, evenly spread over the orders of magnitude.
uint64_t random_value(Random& random, const OptionInfo& option) {
  const uint64_t span = option.maximum - option.minimum;
  const uint64_t bits = span == 0 ? 0 : 64 - static_cast<uint64_t>(__builtin_clzll(span));
  const uint64_t kept = bits == 0 ? 0 : random.below(bits + 1);
  const uint64_t offset = kept == 0 ? 0 : random.next() >> (64 - kept);
  const uint64_t value = option.minimum + std::min(offset, span);
  return value / option.multiple_of * option.multiple_of;
}

/// Changes about a third of the options, so that most configs are valid.
Config random_config(Random& random) {
  Config config;
  for (const OptionInfo& option : options) {
    if (option.is_text() || random.below(3) != 0) continue;
    number(config, option.id) = random_value(random, option);
  }
  return config;
}

/// Runs `check` on as many valid configs.
template <class Check>
void for_valid_configs(uint64_t count, Check check) {
  const uint64_t seed = test_seed();
  INFO("KV_TEST_SEED=" << seed);
  Random random(seed);
  for (uint64_t valid = 0; valid < count;) {
    const Config config = random_config(random);
    if (!validate(config).empty()) continue;
    ++valid;
    check(random, config, plan(config).allocation);
  }
}

TEST_CASE("parts add up to their component, components to the arena, the arena to whole pages") {
  for_valid_configs(20'000, [](Random&, const Config& config, const Allocation& a) {
    uint64_t total = 0;
    for (const ComponentInfo& component : components) {
      uint128 sum = 0;
      for (const PartInfo& part : parts) {
        const Product& product = a[part.id];
        REQUIRE(uint128{product.count} * product.unit_bytes == product.bytes);
        if (part.component == component.id) sum += product.bytes;
      }
      if (component.id != Component::padding) REQUIRE(sum == a[component.id]);
      total += a[component.id];
    }
    REQUIRE(total == a.arena_bytes);
    const bool explicit_pages =
        config.memory_huge_pages == static_cast<uint64_t>(HugePages::explicit_);
    REQUIRE(a.arena_bytes % (explicit_pages ? 2'097'152 : 4'096) == 0);
    // Three parts begin at a page, thirteen at 64 bytes or less, and the end is a page's.
    const uint64_t last_page = explicit_pages ? 2'097'152 : 4'096;
    REQUIRE(a[Component::padding] < 3 * 4'096 + 13 * 64 + last_page);
    uint64_t outside = 0;
    for (const Product& product : a.outside) outside += product.bytes;
    REQUIRE(a.container_bytes == a.arena_bytes + outside);
  });
}

TEST_CASE("blocks, nodes, buckets and entries agree with wide arithmetic of their own") {
  for_valid_configs(20'000, [](Random&, const Config& config, const Allocation& a) {
    const auto divide_up = [](uint128 x, uint128 y) { return (x + y - 1) / y; };
    // Four bytes of the last block are there whether or not others precede it.
    const auto chain = [&](uint128 bytes) {
      return bytes <= 4 ? 1 : divide_up(bytes - 4, config.block_bytes - 4);
    };
    const uint128 keys = config.key_count;
    const uint128 length = config.list_length_max;
    const uint128 string = chain(uint128{config.key_size_max} + config.val_size_max);
    const uint128 list = chain(config.key_size_max) + length * chain(config.val_size_max);
    const uint128 worst = keys * std::max(string, list);
    const uint128 blocks =
        config.store_bytes == unset ? worst : config.store_bytes / config.block_bytes;
    REQUIRE(a[Part::blocks].bytes == blocks * config.block_bytes);
    const uint128 elements = keys * length;
    REQUIRE(a[Part::list_nodes].bytes == (elements < blocks ? elements : blocks) * 16);
    const bool all_expire = config.expiring_keys_max == unset;
    REQUIRE(a[Part::timers].bytes == (all_expire ? keys : config.expiring_keys_max) * 20);
    REQUIRE(a[Part::buckets].bytes == divide_up(keys * 10, 96) * 64);
    REQUIRE(a[Part::entries].bytes == keys * 32);
    // At most 0.8 of the slots can be used, and there is always one that is free.
    REQUIRE(uint128{a[Part::buckets].count} * 12 * 8 >= keys * 10);
  });
}

TEST_CASE("a small buffer or a large slot holds the largest request, and likewise the reply") {
  for_valid_configs(10'000, [](Random&, const Config& config, const Allocation& a) {
    const uint64_t request = a.terms.request_bytes_max;
    const uint64_t reply = a.terms.reply_bytes_max;
    REQUIRE(a[Part::request_buffers].unit_bytes <= config.request_buffer_bytes);
    REQUIRE(a[Part::reply_buffers].unit_bytes <= config.reply_buffer_bytes);
    const bool request_fits = a[Part::request_buffers].unit_bytes >= request;
    const bool reply_fits = a[Part::reply_buffers].unit_bytes == reply;
    REQUIRE(a[Part::large_requests].count == (request_fits ? 0 : config.large_request_slots));
    REQUIRE(a[Part::large_replies].count == (reply_fits ? 0 : config.large_reply_slots));
  });
}

TEST_CASE("planning the resolved config again gives the same plan") {
  for_valid_configs(10'000, [](Random&, const Config&, const Allocation& a) {
    const Allocation again = plan(a.config).allocation;
    REQUIRE(again.config == a.config);
    REQUIRE(again.parts == a.parts);
    REQUIRE(again.arena_bytes == a.arena_bytes);
    REQUIRE(again.container_bytes == a.container_bytes);
  });
}

TEST_CASE("more of what holds memory never needs less of it, in any component") {
  // Not here: block_bytes, since other blocks waste other amounts, and the buffers' sizes,
  // since a large enough buffer makes the large slots unnecessary.
  constexpr auto growing = std::to_array<Option>(
      {Option::connections_max, Option::key_count, Option::expiring_keys_max, Option::key_size_max,
       Option::val_size_max, Option::list_length_max, Option::store_bytes, Option::request_buffers,
       Option::reply_buffers, Option::large_request_slots, Option::large_reply_slots,
       Option::command_args_max, Option::server_socket_send_bytes,
       Option::server_socket_receive_bytes});
  uint64_t compared = 0;
  for_valid_configs(20'000, [&](Random& random, const Config& config, const Allocation& a) {
    const OptionInfo& option = option_info(growing[random.below(growing.size())]);
    Config more = config;
    const uint64_t before = number(a.config, option.id);
    const uint64_t after = random_value(random, option);
    // Left out, a computed option follows the others; compare with what it was computed to.
    if (number(config, option.id) == unset || after <= before) return;
    number(more, option.id) = after;
    const PlanResult result = plan(more);
    if (!result.ok) return;
    ++compared;
    CAPTURE(option.name);
    for (const ComponentInfo& component : components) {
      if (component.id == Component::padding) continue;
      REQUIRE(result.allocation[component.id] >= a[component.id]);
    }
    for (const OutsideInfo& outside : outsides) {
      // The page tables follow the arena, and it its padding.
      if (outside.id == Outside::page_tables) continue;
      const uint64_t i = static_cast<uint64_t>(outside.id);
      REQUIRE(result.allocation.outside[i].bytes >= a.outside[i].bytes);
    }
  });
  CHECK(compared > 1'000);
}

}  // namespace
}  // namespace kv
