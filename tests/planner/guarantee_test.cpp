#include "kvcore/load/guarantee.hpp"

#include <doctest/doctest.h>

#include "tests/planner/configs.hpp"

namespace kv {

namespace {

Guarantee of(const Config& config) { return guarantee(plan(config).allocation); }
std::string sentence(const Config& config) { return describe(of(config)); }

uint64_t blocks_for(uint64_t bytes, const Guarantee& g) {
  uint64_t blocks = 1;
  for (; bytes > g.block_bytes; bytes -= g.block_payload_bytes) ++blocks;
  return blocks;
}

}  // namespace

TEST_CASE("the worst-case store promises every limit at the same time") {
  CHECK(sentence(Config{}) ==
        "1,000 clients at once; 1,000 keys of up to 1,024 bytes, every one of them with a list "
        "of 50 elements (or a string) of up to 4,096 bytes, all at the same time.");
}

TEST_CASE("without lists only strings are promised") {
  Config config;
  config.list_length_max = 0;
  CHECK(sentence(config) ==
        "1,000 clients at once; 1,000 keys of up to 1,024 bytes, every one of them with a string "
        "of up to 4,096 bytes, all at the same time.");
}

TEST_CASE("one of each is singular") {
  Config config;
  config.connections_max = config.key_count = config.key_size_max = 1;
  config.val_size_max = config.list_length_max = 1;
  CHECK(sentence(config) ==
        "1 client at once; 1 key of up to 1 byte, with a list of 1 element (or a string) of up "
        "to 1 byte.");
}

TEST_CASE("a smaller store promises any set of keys whose blocks fit, with examples") {
  Config config;
  config.store_bytes = 64 * mebibyte;
  // 67,108,864 / 256 = 262,144 blocks. A full key is 5 + 50 × 17 = 855: 306 of them. Each of
  // 1,000 keys has 262 blocks, more than the 21 of the longest key and value.
  CHECK(sentence(config) ==
        "1,000 clients at once; any set of at most 1,000 keys (keys of up to 1,024 bytes, values "
        "and list elements of up to 4,096 bytes, lists of up to 50 elements) whose blocks add up "
        "to at most 262,144, one block for the first 256 bytes of each string with its key, "
        "list's key and element, and one more per started 252 bytes beyond; for example 306 keys "
        "with full lists at all of their limits, or all 1,000 keys with strings of up to 4,096 "
        "bytes each.");
}

TEST_CASE("a store that is tight for strings says how long they may all be") {
  Config config;
  config.list_length_max = 0;
  config.store_bytes = 2 * mebibyte;
  // 8,192 blocks: 8 for each of 1,000 keys, 7 × 252 + 256 = 2,020 bytes, 996 beside its name. At
  // all of their limits, 21 blocks each: 390 keys.
  const Guarantee g = of(config);
  CHECK(g.full_keys == 390);
  CHECK(g.value_bytes_of_all_keys == 996);
}

TEST_CASE("a store too small for one full list names the list that fits") {
  Config config;
  config.key_count = 3;
  config.store_bytes = 20'000;
  // 78 blocks; 78 - 5 = 73 beside one name: 4 elements of 17 blocks.
  const Guarantee g = of(config);
  CHECK(g.full_keys == 0);
  CHECK(g.elements_of_one_list == 4);
  CHECK(sentence(config).find("for example 1 key with a list of 4 elements of 4,096 bytes, or all "
                              "3 keys with strings of up to 4,096 bytes each.") !=
        std::string::npos);
}

TEST_CASE("every number of the guarantee fits, and the next larger one does not") {
  RandomConfigs configs(5);
  for (int i = 0; i < 2'000; ++i) {
    const Guarantee g = of(configs.next());
    const uint64_t key = blocks_for(g.key_bytes_max, g);
    const uint64_t value = blocks_for(g.value_bytes_max, g);
    const uint64_t string = blocks_for(g.key_bytes_max + g.value_bytes_max, g);
    const uint64_t full = std::max(string, key + g.list_length_max * value);
    REQUIRE(g.full_keys * full <= g.blocks);
    REQUIRE((g.full_keys == g.keys || (g.full_keys + 1) * full > g.blocks));
    REQUIRE(g.full_strings >= 1);
    REQUIRE(g.full_strings * string <= g.blocks);
    REQUIRE((g.full_strings == g.keys || (g.full_strings + 1) * string > g.blocks));
    const uint64_t every = g.value_bytes_of_all_keys;
    const bool next_fits = g.keys * blocks_for(g.key_bytes_max + every + 1, g) <= g.blocks;
    if (every > 0) REQUIRE(g.keys * blocks_for(g.key_bytes_max + every, g) <= g.blocks);
    REQUIRE((every == g.value_bytes_max || !next_fits));
    REQUIRE(key + g.elements_of_one_list * value <= g.blocks);
    if (g.list_length_max > 0) REQUIRE(g.elements_of_one_list >= 1);
  }
}

TEST_CASE("list nodes never run out before blocks do") {
  RandomConfigs configs(6);
  for (int i = 0; i < 2'000; ++i) {
    const Allocation allocation = plan(configs.next()).allocation;
    const Config& config = allocation.config;
    // Elements are limited by the lists' lengths, and each takes a block.
    const uint64_t by_limits = config.key_count * config.list_length_max;
    const uint64_t by_blocks = allocation.terms.block_count;
    const bool enough =
        allocation.terms.list_nodes >= by_limits || allocation.terms.list_nodes >= by_blocks;
    REQUIRE(enough);
  }
}

}  // namespace kv
