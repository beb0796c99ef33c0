// Numbers, patterns and names in requests.

#include "server/commands/text.hpp"

#include <doctest/doctest.h>

#include <string>

#include "server/commands/lookup.hpp"

using kv::matches_pattern;
using kv::parse_integer;

TEST_CASE("Integers are read as strictly as Redis reads them") {
  CHECK(parse_integer("0") == 0);
  CHECK(parse_integer("-1") == -1);
  CHECK(parse_integer("9223372036854775807") == INT64_MAX);
  CHECK(parse_integer("-9223372036854775808") == INT64_MIN);
  for (const char* text : {"", "-", "+1", " 1", "1 ", "00", "01", "-0", "-01", "1.0", "0x1", "a",
                           "--1", "9223372036854775808", "-9223372036854775809"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_integer(text));
  }
}

TEST_CASE("Patterns match as in Redis, without regard to case") {
  CHECK(matches_pattern("maxmemory", "*"));
  CHECK(matches_pattern("maxmemory", "maxm*"));
  CHECK(matches_pattern("maxmemory", "MAX*MORY"));
  CHECK(matches_pattern("maxmemory", "m?xmemory"));
  CHECK(matches_pattern("maxmemory", "[km]axmemory"));
  CHECK(matches_pattern("maxmemory", "[A-Z]axmemory"));
  CHECK(matches_pattern("maxmemory", "[^a-l]axmemory"));
  CHECK(matches_pattern("a*b", "a\\*b"));
  CHECK(matches_pattern("a]b", "a[\\]]b"));
  CHECK(matches_pattern("abcabd", "*ab?"));
  CHECK(matches_pattern("", ""));
  CHECK_FALSE(matches_pattern("", "**"));
  CHECK_FALSE(matches_pattern("maxmemory", "maxm"));
  CHECK_FALSE(matches_pattern("maxmemory", "axm*"));
  CHECK_FALSE(matches_pattern("maxmemory", "m?memory"));
  CHECK_FALSE(matches_pattern("maxmemory", "[^m]axmemory"));
  CHECK_FALSE(matches_pattern("axb", "a\\*b"));
  CHECK_FALSE(matches_pattern("a", ""));
  CHECK_FALSE(matches_pattern("", "?"));
}

TEST_CASE("A pattern of many stars takes no time") {
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "*a";
  CHECK_FALSE(matches_pattern(std::string(2000, 'a') + "b", pattern + "c"));
}

TEST_CASE("Every command is found by its name in any case, and nothing else is") {
  for (const kv::CommandInfo& info : kv::commands) {
    std::string name(info.name);
    CHECK(kv::find_command(name) == info.id);
    for (char& c : name) c = kv::lower_case(c);
    CHECK(kv::find_command(name) == info.id);
    CHECK(kv::find_command(name + "z") == kv::Command::unknown);
    CHECK(kv::find_command("x" + name) == kv::Command::unknown);
    // The lookup folds the case bit of every byte, the comparison does not.
    name[0] = static_cast<char>(name[0] & ~0x60);
    CHECK(kv::find_command(name) == kv::Command::unknown);
  }
  CHECK(kv::find_command("") == kv::Command::unknown);
  CHECK(kv::find_command(std::string(10000, 'a')) == kv::Command::unknown);
}

TEST_CASE("The positions of keys follow from a command's row") {
  using kv::Command;
  using kv::is_key_argument;
  const auto keys = [](Command id, uint64_t count) {
    std::string out;
    for (uint64_t i = 0; i < count; ++i) {
      out += is_key_argument(kv::command_info(id), i, count) ? 'k' : '-';
    }
    return out;
  };
  CHECK(keys(Command::ping, 2) == "--");
  CHECK(keys(Command::get, 2) == "-k");
  CHECK(keys(Command::set, 5) == "-k---");
  CHECK(keys(Command::del, 4) == "-kkk");
  CHECK(keys(Command::mset, 5) == "-k-k-");
}
