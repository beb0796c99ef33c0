#include <doctest/doctest.h>

#include "kvcore/load/words.hpp"
#include "tests/load/loading.hpp"

namespace kv {

namespace {

/// Loads a text that has no mistakes of its own and renders what check() finds.
std::string violations_in(std::string_view toml) {
  Settings settings;
  Diagnostics out;
  load_text(toml, FileFormat::toml, "a.toml", settings, out);
  CHECK(rendered(out) == "");
  const bool valid = check(settings, out);
  CHECK(valid == out.empty());
  return rendered(out);
}

}  // namespace

TEST_CASE("the defaults break no rule") { CHECK(violations_in("") == ""); }

TEST_CASE("every option beyond its bounds is reported in one run, at its value") {
  CHECK(violations_in("connections_max = 0\n"
                      "key_size_max = \"2GiB\"\n"
                      "block_bytes = 102\n"
                      "[server]\n"
                      "stall_timeout_ms = \"2d\"\n") ==
        "a.toml:1:19: error: connections_max is 0 but must be at least 1 [minimum]\n"
        "    1 | connections_max = 0\n"
        "      |                   ^\n"
        "a.toml:2:16: error: key_size_max is 2,147,483,648 but may be at most 536,870,912; write "
        "512MiB or less [maximum]\n"
        "    2 | key_size_max = \"2GiB\"\n"
        "      |                ^~~~~~\n"
        "a.toml:3:15: error: block_bytes is 102 but must be a multiple of 4; write 100 or 104 "
        "[multiple]\n"
        "    3 | block_bytes = 102\n"
        "      |               ^~~\n"
        "a.toml:5:20: error: server.stall_timeout_ms is 172,800,000 but may be at most "
        "86,400,000 [maximum]\n"
        "    5 | stall_timeout_ms = \"2d\"\n"
        "      |                    ^~~~\n");
}

TEST_CASE("a flag that breaks a rule is the place of the error") {
  Settings settings;
  Diagnostics out;
  Place place;
  place.flag = "--keys 0";
  set_from_text(Option::key_count, "0", place, settings, out);
  CHECK_FALSE(check(settings, out));
  CHECK(rendered(out) == "--keys 0: error: key_count is 0 but must be at least 1 [minimum]\n");
}

TEST_CASE("an overflow names both options and their values") {
  // Keys, times elements of a list, times blocks of a value: far beyond 2^64. The two options
  // with the largest values are named.
  CHECK(violations_in("key_count = 4294967294\n"
                      "list_length_max = 268435456\n"
                      "val_size_max = \"512MiB\"\n") ==
        "a.toml:1:13: error: the product of key_count (4,294,967,294) and val_size_max "
        "(536,870,912) does not fit in 64 bits; lower one of them [overflow]\n"
        "    1 | key_count = 4294967294\n"
        "      |             ^~~~~~~~~~\n");
}

TEST_CASE("a store that cannot hold one key and value says what it needs") {
  // A block holds 252 bytes: 5 blocks for a key of 1,024 and 17 for a value of 4,096.
  // 22 * 256 = 5,632.
  CHECK(violations_in("store_bytes = 5631\n") ==
        "a.toml:1:15: error: store_bytes is 5,631 but one key of 1,024 bytes with a value of "
        "4,096 bytes takes 5,632; raise store_bytes to 5632 or more, or lower key_size_max or "
        "val_size_max [store-too-small]\n"
        "    1 | store_bytes = 5631\n"
        "      |               ^~~~\n");
  CHECK(violations_in("store_bytes = 5632\n") == "");
}

TEST_CASE("too many blocks say which block size would do") {
  // 2^40 / 32 = 34,359,738,368 blocks. 2^40 / 4,294,967,294 is a little more than 256, and the
  // next multiple of 8 is 264.
  CHECK(violations_in("store_bytes = \"1TiB\"\nblock_bytes = 32\n") ==
        "a.toml:2:15: error: the store has 34,359,738,368 blocks of 32 bytes but may have at "
        "most 4,294,967,294; raise block_bytes to 264 or more, or lower store_bytes "
        "[block-count]\n"
        "    2 | block_bytes = 32\n"
        "      |               ^~\n");
  CHECK(violations_in("store_bytes = \"1TiB\"\nblock_bytes = 264\n") == "");
}

TEST_CASE("a largest reply beyond 2 GiB says what it is made of") {
  // An element of 2,097,152 bytes is framed by '$', 7 digits and two line breaks: 12 bytes.
  // 5,000 * 2,097,164 = 10,485,820,000, and "*5000" with its line break is 7 more. A request
  // has at most 998 elements, which is 2,092,969,672 and some, and fits.
  CHECK(violations_in("val_size_max = \"2MiB\"\n"
                      "list_length_max = 5000\n"
                      "command_args_max = 1000\n"
                      "key_count = 1\n") ==
        "a.toml:1:16: error: the largest reply is 10,485,821,049 bytes but may be at most "
        "2,147,483,647; lower val_size_max (2,097,152) or list_length_max (5,000) "
        "[reply-size]\n"
        "    1 | val_size_max = \"2MiB\"\n"
        "      |                ^~~~~~\n");
}

TEST_CASE("a largest request beyond 2 GiB points at what is largest") {
  constexpr std::string_view toml =
      "val_size_max = \"512MiB\"\n"
      "list_length_max = 6\n"
      "key_count = 1\n";
  Settings settings;
  Diagnostics out;
  load_text(toml, FileFormat::toml, "a.toml", settings, out);
  CHECK_FALSE(check(settings, out));
  REQUIRE(out.size() == 2);  // the reply is too large as well
  CHECK(out[0].rule == Rule::request_too_large);
  CHECK(out[0].place.line == 1);
  CHECK(out[0].place.column == 16);
  CHECK(out[0].hint == "lower val_size_max (536,870,912) or list_length_max (6)");
  CHECK(out[1].rule == Rule::reply_too_large);
}

TEST_CASE("an arena beyond the budget says by how many bytes, and what would do") {
  // The arena's own size is tests/plan's; here it is only repeated. The worst case of the
  // store is 1,000 keys of 5 + 50 * 17 blocks of 256 bytes: 218,880,000.
  Settings settings;
  Diagnostics out;
  load_text("[memory]\nbudget = \"1MiB\"\n", FileFormat::toml, "a.toml", settings, out);
  CHECK_FALSE(check(settings, out));
  const uint64_t arena = plan(Config()).allocation.arena_bytes;
  REQUIRE(arena > 1048576);
  CHECK(rendered(out) == "a.toml:2:10: error: the arena is " + words::grouped(arena) + " bytes, " +
                             words::grouped(arena - 1048576) +
                             " more than memory.budget (1,048,576); raise memory.budget to " +
                             words::round_size(arena) +
                             " or more, or set store_bytes below its worst case of 218,880,000 "
                             "[budget]\n"
                             "    2 | budget = \"1MiB\"\n"
                             "      |          ^~~~~~\n");
}

TEST_CASE("the size that an error suggests for the budget is enough") {
  Settings settings;
  Diagnostics out;
  const uint64_t arena = plan(Config()).allocation.arena_bytes;
  CHECK(set_from_text(Option::memory_budget, words::round_size(arena), {}, settings, out));
  CHECK(check(settings, out));
  settings.config.memory_budget = arena - 1;
  CHECK_FALSE(check(settings, out));
}

TEST_CASE("an arena beyond the address space says what would make it smaller") {
  Settings settings;
  Diagnostics out;
  load_text("store_bytes = \"900TiB\"\nblock_bytes = \"1MiB\"\n", FileFormat::toml, "a.toml",
            settings, out);
  CHECK_FALSE(check(settings, out));
  const uint64_t arena = plan(settings.config).allocation.arena_bytes;
  CHECK(rendered(out) == "a.toml:1:15: error: the arena is " + words::grouped(arena) +
                             " bytes but may be at most 70,368,744,177,664; lower store_bytes "
                             "(now 900TiB) [arena-size]\n"
                             "    1 | store_bytes = \"900TiB\"\n"
                             "      |               ^~~~~~~~\n");
}

}  // namespace kv
