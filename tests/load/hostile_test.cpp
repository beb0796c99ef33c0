// Files that nobody wrote by mistake. What is asked of the loaders is to come back, with an
// error, in bounded stack and time.
#include <doctest/doctest.h>

#include <random>

#include "tests/load/loading.hpp"

namespace kv {

namespace {

constexpr std::string_view valid_toml =
    "# \xc3\xa9 comment\r\n"
    "key_count = 1_000\n"
    "val_size_max = \"4KiB\"\n"
    "connections_max = 0x10\n"
    "\n"
    "[memory]\n"
    "lock = false\n"
    "huge_pages = 'transparent'\n"
    "[server]\n"
    "address = \"\"\"::1\"\"\"\n"
    "\"port\" = 7000\n";

constexpr std::string_view valid_json =
    "{\n"
    "  \"key_count\": 1000, \"val_size_max\": \"4KiB\",\n"
    "  \"memory\": {\"lock\": false, \"huge_pages\": \"transparent\"},\n"
    "  \"server\": {\"address\": \"\\u003a:1\", \"port\": 7000}\n"
    "}\n";

std::string repeated(std::string_view text, uint64_t count) {
  std::string out;
  for (uint64_t i = 0; i < count; ++i) out += text;
  return out;
}

/// Both loaders, as the content decides nothing when the format is given.
uint64_t mistakes_in(std::string_view text) {
  Settings settings;
  Diagnostics out;
  load_text(text, FileFormat::toml, "a.toml", settings, out);
  load_text(text, FileFormat::json, "a.json", settings, out);
  for (const Diagnostic& diagnostic : out) {
    const std::string shown = render(diagnostic, /*color=*/true);
    REQUIRE(shown.size() < 2000);
  }
  return out.size();
}

}  // namespace

TEST_CASE("the valid files of this test are valid") {
  CHECK(toml_errors(valid_toml) == "");
  CHECK(json_errors(valid_json) == "");
}

TEST_CASE("a JSON file that ends too early is an error at every byte") {
  const uint64_t end = valid_json.size() - 1;  // the last newline may be missing
  for (uint64_t bytes = 0; bytes < end; ++bytes) {
    CAPTURE(bytes);
    CHECK(json_errors(valid_json.substr(0, bytes)) != "");
  }
}

TEST_CASE("a TOML file that ends too early is loaded up to there or is an error") {
  uint64_t errors = 0;
  for (uint64_t bytes = 0; bytes < valid_toml.size(); ++bytes) {
    Settings settings;
    Diagnostics out;
    const bool ok =
        load_text(valid_toml.substr(0, bytes), FileFormat::toml, "a.toml", settings, out);
    CAPTURE(bytes);
    CHECK(ok == out.empty());
    errors += ok ? 0 : 1;
  }
  CHECK(errors > 60);  // every cut inside of a string, and of most keys
}

TEST_CASE("any one byte of a config can be any other byte") {
  uint64_t mistakes = 0;
  for (const std::string_view valid : {valid_toml, valid_json}) {
    std::string text(valid);
    for (char& byte : text) {
      const char before = byte;
      for (const int other : {0x00, 0x0a, 0x1b, 0x20, 0x22, 0x27, 0x2e, 0x5b, 0x5c, 0x5d, 0x7b,
                              0x7d, 0x7f, 0x80, 0xc3, 0xff}) {
        byte = static_cast<char>(other);
        mistakes += mistakes_in(text);
      }
      byte = before;
    }
  }
  CHECK(mistakes > 10000);
}

TEST_CASE("nesting does not grow the stack") {
  constexpr uint64_t depth = 1000000;
  CHECK(mistakes_in(repeated("[", depth)) > 0);
  CHECK(mistakes_in(repeated("{\"memory\":", depth)) > 0);
  CHECK(mistakes_in("{\"key_count\":" + repeated("[", depth) + repeated("]", depth) + "}") > 0);
  CHECK(mistakes_in("key_count = " + repeated("[", depth)) > 0);
  CHECK(mistakes_in("key_count = " + repeated("{a=", depth)) > 0);
  CHECK(mistakes_in(repeated("a.", depth) + "a = 1\n") > 0);
  CHECK(mistakes_in("[a" + repeated(".a", depth) + "]\n") > 0);
}

TEST_CASE("nesting as deep as TOML is let to go is destroyed in bounded stack") {
  const std::string key = repeated("a.", 255) + "a";
  const std::string text = "[" + key + "]\n" + key + " = " + repeated("[\n{" + key + " =", 3) +
                           " 1" + repeated("}]", 3) + "\n";
  CHECK(mistakes_in(text) > 0);
}

TEST_CASE("a line of dots is a comment or an error with its number") {
  CHECK(toml_errors("# " + repeated(".", 1000) + "\nkey_count = 5\n") == "");
  CHECK(toml_errors("key_count = 5\n  a" + repeated(".a", 257) + " = 1\n") ==
        "a.toml:2:3: error: the line has 257 dots but may have at most 256 [syntax]\n"
        "    2 |   " +
            repeated("a.", 100) +
            "\n"
            "      |   ^\n");
}

TEST_CASE("NUL bytes and garbage are errors") {
  CHECK(mistakes_in(std::string(1000, '\0')) > 0);
  CHECK(mistakes_in(std::string("key_count = 5\0", 14)) > 0);
  CHECK(mistakes_in(std::string(1 << 20, '\xff')) > 0);
  CHECK(mistakes_in(std::string(1 << 20, '"')) > 0);
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    std::string text(1 << 20, ' ');
    for (char& byte : text) byte = static_cast<char>(random());
    CHECK(mistakes_in(text) > 0);
  }
}

TEST_CASE("scraps of config in any order are no trouble") {
  constexpr std::string_view scraps[] = {
      "[",    "]",    "{",      "}",         "\"", "'",  "=",        ":",         ",",   ".",
      "#",    "\n",   "memory", "key_count", "5",  "-",  "1e9",      " ",         "\\u", "\"\"\"",
      "true", "\r\n", "[[",     "nan",       "0x", "\t", "\xc3\xa9", "1979-05-27"};
  uint64_t mistakes = 0;
  for (uint64_t seed = 1; seed <= 20000; ++seed) {
    std::mt19937_64 random(seed);
    CAPTURE(seed);
    std::string text;
    for (uint64_t i = random() % 24; i > 0; --i) text += scraps[random() % std::size(scraps)];
    mistakes += mistakes_in(text);
  }
  CHECK(mistakes > 20000);
}

TEST_CASE("so many mistakes that nobody reads them are cut off, and the last one says so") {
  std::string toml;
  std::string json = "{";
  for (int i = 0; i < 100000; ++i) {
    toml += "nonsense" + std::to_string(i) + " = 1\n";
    json += "\"nonsense" + std::to_string(i) + "\": 1,";
  }
  json += "\"key_count\": 1}";
  for (const FileFormat format : {FileFormat::toml, FileFormat::json}) {
    Settings settings;
    Diagnostics out;
    load_text(format == FileFormat::toml ? toml : json, format, "a", settings, out);
    REQUIRE(out.size() == 200);
    CHECK(out.back().hint == "too many mistakes, the rest of the file was not read");
  }
}

}  // namespace kv
