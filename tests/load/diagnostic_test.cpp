#include <doctest/doctest.h>

#include "kvcore/load/words.hpp"
#include "tests/load/loading.hpp"

namespace kv {

namespace {

Diagnostic in_file(std::string source_line, uint32_t column, uint32_t length) {
  Place place;
  place.file = "cache.toml";
  place.line = 3;
  place.column = column;
  place.length = length;
  place.source_line = std::move(source_line);
  place.caret = column - 1;
  return {Rule::bad_size, Severity::error, place, "it is wrong", {}};
}

}  // namespace

TEST_CASE("a diagnostic shows its place, its hint, its rule and the line with a caret") {
  Diagnostic diagnostic = in_file("budget = \"512mb\"", 10, 7);
  diagnostic.message = "unknown unit 'mb' in memory.budget";
  diagnostic.hint = "did you mean 'MB'?";
  CHECK(render(diagnostic, false) ==
        "cache.toml:3:10: error: unknown unit 'mb' in memory.budget; did you mean 'MB'? [size]\n"
        "    3 | budget = \"512mb\"\n"
        "      |          ^~~~~~~\n");
}

TEST_CASE("the caret stands under the text behind tabs and letters of several bytes") {
  CHECK(render(in_file("\tab\tx = 5", 5, 1), false) ==
        "cache.toml:3:5: error: it is wrong [size]\n"
        "    3 |         ab      x = 5\n"
        "      |                 ^\n");
  CHECK(render(in_file("\xc3\xbc\xe2\x82\xac = 55", 9, 2), false) ==
        "cache.toml:3:9: error: it is wrong [size]\n"
        "    3 | \xc3\xbc\xe2\x82\xac = 55\n"
        "      |      ^~\n");
}

TEST_CASE("a place at the end of a line, or of an empty one, still has a caret") {
  CHECK(render(in_file("x =", 4, 1), false) ==
        "cache.toml:3:4: error: it is wrong [size]\n"
        "    3 | x =\n"
        "      |    ^\n");
  CHECK(render(in_file("", 1, 9), false) ==
        "cache.toml:3:1: error: it is wrong [size]\n"
        "    3 | \n"
        "      | ^\n");
}

TEST_CASE("a source line cannot speak to the terminal") {
  // ESC, a C1 control character (one letter of two bytes), an invalid byte and DEL.
  CHECK(render(in_file("a\x1b[31m\xc2\x9b\xff\x7f", 1, 1), false) ==
        "cache.toml:3:1: error: it is wrong [size]\n"
        "    3 | a?[31m???\n"
        "      | ^\n");
}

TEST_CASE("a flag, a whole file and no place at all need no source line") {
  Place place;
  place.flag = "--key-max 10";
  CHECK(render({Rule::above_maximum, Severity::error, place, "too much", {}}, false) ==
        "--key-max 10: error: too much [maximum]\n");
  place = {};
  place.file = "cache.toml";
  CHECK(render({Rule::unreadable, Severity::error, place, "cannot open", {}}, false) ==
        "cache.toml: error: cannot open [unreadable]\n");
  CHECK(render({Rule::arena_too_large, Severity::warning, {}, "large", "shrink"}, false) ==
        "warning: large; shrink [arena-size]\n");
}

TEST_CASE("colours mark the place, the severity and the underlined text") {
  CHECK(render(in_file("x = 55 # y", 5, 2), true) ==
        "\x1b[1mcache.toml:3:5:\x1b[0m \x1b[1;31merror:\x1b[0m it is wrong [size]\n"
        "    3 | x = \x1b[1;31m55\x1b[0m # y\n"
        "      |     \x1b[1;31m^~\x1b[0m\n");
}

TEST_CASE("only errors are errors") {
  Diagnostics diagnostics;
  CHECK_FALSE(has_errors(diagnostics));
  diagnostics.push_back({Rule::syntax, Severity::warning, {}, "", {}});
  CHECK_FALSE(has_errors(diagnostics));
  diagnostics.push_back({Rule::syntax, Severity::error, {}, "", {}});
  CHECK(has_errors(diagnostics));
}

TEST_CASE("the nearest word is at most a third wrong") {
  CHECK(nearest("prot", {"port", "backlog"}) == "port");  // neighbours swapped: one edit of 4
  CHECK(nearest("key_cout", {"key_count", "key_size_max"}) == "key_count");
  CHECK(nearest("abc", {"abd", "abcd"}) == "abd");  // one edit each: the first wins
  CHECK(nearest("abcdef", {"abxxef"}) == "abxxef");
  CHECK(nearest("abcdef", {"axxxef"}) == "");
  CHECK(nearest("", {"a"}) == "");
  CHECK(nearest("a", {}) == "");
  CHECK(nearest(std::string(100000, 'a'), {"a"}) == "");
}

TEST_CASE("numbers and sizes read well and exactly") {
  CHECK(words::grouped(0) == "0");
  CHECK(words::grouped(999) == "999");
  CHECK(words::grouped(1000) == "1,000");
  CHECK(words::grouped(18446744073709551615u) == "18,446,744,073,709,551,615");
  CHECK(words::exact_size(0) == "0");
  CHECK(words::exact_size(1000) == "1000");
  CHECK(words::exact_size(1536) == "1536");
  CHECK(words::exact_size(65536) == "64KiB");
  CHECK(words::exact_size(1099511627776) == "1TiB");
  CHECK(words::exact_time(0) == "0ms");
  CHECK(words::exact_time(1500) == "1500ms");
  CHECK(words::exact_time(90000) == "90s");
  CHECK(words::exact_time(86400000) == "1d");
  CHECK(words::round_size(99) == "99");
  CHECK(words::round_size(102401) == "101KiB");     // 100 KiB and one byte
  CHECK(words::round_size(104857600) == "100MiB");  // exactly
}

TEST_CASE("foreign text in a message is quoted, escaped and cut") {
  CHECK(words::in_quotes("") == "''");
  CHECK(words::in_quotes("a b") == "'a b'");
  CHECK(words::in_quotes(std::string_view("a\0\n\xff", 4)) == "'a\\x00\\x0a\\xff'");
  CHECK(words::in_quotes(std::string(61, 'a')) == "'" + std::string(60, 'a') + "...'");
  CHECK(words::plain_or_quoted("-5") == "-5");
  CHECK(words::plain_or_quoted("5 MB") == "'5 MB'");
  CHECK(words::plain_or_quoted("") == "''");
}

}  // namespace kv
