#include "kvcore/plan/validate.hpp"

#include <doctest/doctest.h>

#include <string>

namespace kv {
namespace {

static_assert(validate(Config()).empty());

void check_only(const Config& config, const Violation& expected) {
  const Violations found = validate(config);
  REQUIRE(found.size() == 1);
  CHECK(rule_info(found[0].rule).name == rule_info(expected.rule).name);
  CHECK(found[0].option == expected.option);
  CHECK(found[0].other == expected.other);
  CHECK(found[0].value == expected.value);
  CHECK(found[0].limit == expected.limit);
}

bool has(const Violations& found, Rule rule) {
  for (const Violation& violation : found) {
    if (violation.rule == rule) return true;
  }
  return false;
}

TEST_CASE("a number below its option's minimum is a violation, the minimum itself is none") {
  Config config;
  config.key_size_max = 0;
  check_only(config, {Rule::below_minimum, Option::key_size_max, Option::none, 0, 1});
  config.key_size_max = 1;
  CHECK(validate(config).empty());
}

TEST_CASE("a number above its option's maximum is a violation, the maximum itself is none") {
  Config config;
  config.connections_max = 32'001;
  check_only(config, {Rule::above_maximum, Option::connections_max, Option::none, 32'001, 32'000});
  config.connections_max = 32'000;
  CHECK(validate(config).empty());
}

TEST_CASE("a number that is no multiple of its option's step is a violation") {
  Config config;
  config.block_bytes = 257;
  check_only(config, {Rule::not_multiple, Option::block_bytes, Option::none, 257, 4});
}

TEST_CASE("a text is held to the bounds of its length") {
  Config config;
  config.server_address = "";
  check_only(config, {Rule::below_minimum, Option::server_address, Option::none, 0, 1});
  config = Config();
  config.server_unix_socket = std::string_view(std::string(108, '/'));
  check_only(config, {Rule::above_maximum, Option::server_unix_socket, Option::none, 108, 107});
}

TEST_CASE("every option's bounds are enforced") {
  for (const OptionInfo& option : options) {
    CAPTURE(option.name);
    if (option.is_text()) continue;
    Config config;
    if (option.minimum > 0) {
      number(config, option.id) = option.minimum - 1;
      check_only(config, {Rule::below_minimum, option.id, Option::none, option.minimum - 1,
                          option.minimum});
    }
    number(config, option.id) = option.maximum + 1;
    check_only(config,
               {Rule::above_maximum, option.id, Option::none, option.maximum + 1, option.maximum});
  }
}

TEST_CASE("every violation is reported at once, in the order of the table") {
  Config config;
  config.server_port = 70'000;
  config.connections_max = 0;
  config.block_bytes = 33;
  config.list_length_max = 1ULL << 40;
  const Violations found = validate(config);
  REQUIRE(found.size() == 4);
  CHECK(found[0].option == Option::connections_max);
  CHECK(found[0].rule == Rule::below_minimum);
  CHECK(found[1].option == Option::list_length_max);
  CHECK(found[1].rule == Rule::above_maximum);
  CHECK(found[2].option == Option::block_bytes);
  CHECK(found[2].rule == Rule::not_multiple);
  CHECK(found[3].option == Option::server_port);
  CHECK(found[3].rule == Rule::above_maximum);
}

TEST_CASE("a violation of every option at once has room") {
  Config config;
  for (const OptionInfo& option : options) {
    if (option.is_text()) {
      config.*option.text = std::string_view(std::string(Text::bytes_max, 'x'));
    } else {
      number(config, option.id) = UINT64_MAX - 1;
    }
  }
  config.server_address = "";
  // A password and a directory may be as long as a text can be.
  CHECK(validate(config).size() == option_count - 2);
}

TEST_CASE("a product that does not fit in 64 bits names its two options") {
  Config config;
  config.key_count = index_max;
  config.list_length_max = 268'435'456;
  config.key_size_max = 1;
  config.val_size_max = 1;
  check_only(config, {Rule::overflow, Option::key_count, Option::list_length_max, 0, 0});
}

TEST_CASE("a store must hold one key of the largest size with one value of the largest size") {
  Config config;
  // 5 blocks of key and 17 of value, 22 × 256.
  config.store_bytes = 5'632;
  CHECK(validate(config).empty());
  config.store_bytes = 5'631;
  check_only(config, {Rule::store_too_small, Option::store_bytes, Option::none, 5'631, 5'632});
}

TEST_CASE("a store may not have more blocks than an index can name") {
  Config config;
  config.block_bytes = 32;
  // 4,294,967,294 blocks of 32 bytes are 137,438,953,408.
  config.store_bytes = 137'438'953'408;
  CHECK(validate(config).empty());
  config.store_bytes += 31;
  CHECK(validate(config).empty());
  config.store_bytes += 1;
  check_only(config, {Rule::too_many_blocks, Option::block_bytes, Option::none, 4'294'967'295,
                      4'294'967'294});
}

TEST_CASE("a request and a reply beyond 2 GiB are refused, at the larger factor") {
  Config config;
  config.connections_max = 1;
  config.key_count = 1;
  config.large_request_slots = 1;
  config.large_reply_slots = 1;
  config.val_size_max = 64 * mebibyte;
  config.list_length_max = 32;
  const Violations found = validate(config);
  REQUIRE(found.size() == 2);
  CHECK(found[0].rule == Rule::request_too_large);
  CHECK(found[0].option == Option::val_size_max);
  // *34 5; LPUSHX 12; key 1,033; 32 × (1 + 8 + 2 + 67,108,864 + 2 = 67,108,877) = 2,147,484,064.
  CHECK(found[0].value == 2'147'485'114);
  CHECK(found[0].limit == 2'147'483'647);
  CHECK(found[1].rule == Rule::reply_too_large);
  // *32 5; 32 × 67,108,877; a key and what is around it, 1,024 + 18.
  CHECK(found[1].value == 2'147'485'111);
  config.list_length_max = 31;
  CHECK(validate(config).empty());
}

TEST_CASE("lists that are longer than their values are large are the cause of a large reply") {
  Config config;
  config.connections_max = 1;
  config.key_count = 1;
  config.val_size_max = 16;
  config.key_size_max = 16;
  config.list_length_max = 200'000'000;  // × 23 bytes
  const Violations found = validate(config);
  CHECK(!has(found, Rule::request_too_large));  // 1,048,574 elements in one command
  REQUIRE(has(found, Rule::reply_too_large));
  CHECK(found[0].option == Option::list_length_max);
}

TEST_CASE("an arena beyond the address space is refused") {
  Config config;
  config.block_bytes = mebibyte;
  config.store_bytes = 64 * tebibyte;
  const Violations found = validate(config);
  REQUIRE(found.size() == 1);
  CHECK(found[0].rule == Rule::arena_too_large);
  CHECK(found[0].limit == 70'368'744'177'664);
  CHECK(found[0].value > found[0].limit);
}

TEST_CASE("an arena of exactly the budget is within it, a byte less is not enough") {
  Config config;
  const uint64_t arena_bytes = plan(config).allocation.arena_bytes;
  config.memory_budget = arena_bytes;
  CHECK(validate(config).empty());
  config.memory_budget = arena_bytes - 1;
  check_only(config, {Rule::over_budget, Option::memory_budget, Option::none, arena_bytes,
                      arena_bytes - 1});
}

TEST_CASE("rules across options wait until every option is within its bounds") {
  Config config;
  config.memory_budget = 4096;
  config.server_port = 70'000;
  check_only(config, {Rule::above_maximum, Option::server_port, Option::none, 70'000, 65'535});
}

TEST_CASE("the names of rules are unique, and each has a summary and a page") {
  for (const RuleInfo& rule : rules) {
    CHECK(!rule.why.empty());
    CHECK(!rule.example.empty());
    CHECK(!rule.mend.empty());
    CHECK(rule.summary.ends_with("."));
    for (const RuleInfo& other : rules) CHECK((rule.id == other.id || rule.name != other.name));
  }
}

}  // namespace
}  // namespace kv
