#include <doctest/doctest.h>

#include "tests/load/loading.hpp"

namespace kv {

TEST_CASE("JSON: sizes, times and counts are numbers or strings") {
  Settings settings;
  Diagnostics out;
  load_text(
      "{\"key_count\": 1000000, \"connections_max\": \"2_000\",\n"
      " \"val_size_max\": \"4KiB\", \"key_size_max\": 128,\n"
      " \"memory\": {\"lock\": true, \"populate\": \"off\"},\n"
      " \"server\": {\"stall_timeout_ms\": \"2m\"}}",
      FileFormat::json, "a.json", settings, out);
  CHECK(rendered(out) == "");
  Config expected;
  expected.key_count = 1000000;
  expected.connections_max = 2000;
  expected.val_size_max = 4096;
  expected.key_size_max = 128;
  expected.memory_lock = 1;
  expected.memory_populate = 0;
  expected.server_stall_timeout_ms = 120000;
  CHECK(settings.config == expected);
  CHECK(describe(settings.origin(Option::memory_lock)) == "a.json:3");
  CHECK(settings.origin(Option::memory_lock).place.column == 21);
  CHECK(settings.origin(Option::memory_lock).place.length == 4);
}

TEST_CASE("JSON: an empty object leaves the defaults") {
  CHECK(json_errors("{}") == "");
  CHECK(json_errors(" { \"memory\" : { } } \n") == "");
}

TEST_CASE("JSON: a byte order mark and CRLF are accepted, and do not shift places") {
  CHECK(json_errors("\xef\xbb\xbf{\"key_cout\": 5,\r\n\"key_count\":\"5x\"\r\n}") ==
        "a.json:1:2: error: unknown key 'key_cout'; did you mean 'key_count'? [unknown-key]\n"
        "    1 | {\"key_cout\": 5,\n"
        "      |  ^~~~~~~~~~\n"
        "a.json:2:13: error: key_count is '5x' but must be a whole number [number]\n"
        "    2 | \"key_count\":\"5x\"\n"
        "      |             ^~~~\n");
}

TEST_CASE("JSON: escapes and letters of several bytes do not shift places") {
  CHECK(json_errors("{\"server\": {\"address\": \"\\\"\xc3\xa9\\\\\", \"p\\u006frt\": \"x\"}}") ==
        "a.json:1:24: error: server.address is '\"\xc3\xa9\\' but must be an IPv4 or IPv6 "
        "address in numbers [address]\n"
        "    1 | {\"server\": {\"address\": \"\\\"\xc3\xa9\\\\\", \"p\\u006frt\": \"x\"}}\n"
        "      |                        ^~~~~~~\n"
        "a.json:1:47: error: server.port is 'x' but must be a whole number [number]\n"
        "    1 | {\"server\": {\"address\": \"\\\"\xc3\xa9\\\\\", \"p\\u006frt\": \"x\"}}\n"
        "      |                                              ^~~\n");
}

TEST_CASE("JSON: numbers that are no 64-bit count say so") {
  CHECK(json_errors("{\"key_count\": -5,\n"
                    " \"connections_max\": 99999999999999999999,\n"
                    " \"block_bytes\": 1e3,\n"
                    " \"store_bytes\": 0.5}") ==
        "a.json:1:15: error: key_count is -5 but must be at least 1 [minimum]\n"
        "    1 | {\"key_count\": -5,\n"
        "      |               ^~\n"
        "a.json:2:21: error: connections_max is 99999999999999999999 but may be at most 32,000 "
        "[maximum]\n"
        "    2 |  \"connections_max\": 99999999999999999999,\n"
        "      |                     ^~~~~~~~~~~~~~~~~~~~\n"
        "a.json:3:17: error: block_bytes is the floating-point number 1e3 but must be a whole "
        "number; write 1000 [number]\n"
        "    3 |  \"block_bytes\": 1e3,\n"
        "      |                 ^~~\n"
        "a.json:4:17: error: store_bytes is the floating-point number 0.5 but must be a whole "
        "number [number]\n"
        "    4 |  \"store_bytes\": 0.5}\n"
        "      |                 ^~~\n");
}

TEST_CASE("JSON: a number ends where it can be none any more, and shows nothing behind it") {
  const std::string unfinished("{\"key_count\":1\0e", 16);
  CHECK(json_errors(unfinished) ==
        "a.json:1:17: error: cannot parse JSON: unexpected end of input; expected '}' [syntax]\n"
        "    1 | {\"key_count\":1?e\n"
        "      |                 ^\n");
}

TEST_CASE("JSON: a value of the wrong type is named once, and what it holds is skipped") {
  CHECK(json_errors("{\"key_count\": [[1, {\"a\": 2}], 3], \"list_length_max\": {\"b\": []},\n"
                    " \"memory\": {\"lock\": null, \"huge_pages\": false, \"budget\": true},\n"
                    " \"server\": 5}") ==
        "a.json:1:15: error: key_count must be a whole number, not an array [type]\n"
        "    1 | {\"key_count\": [[1, {\"a\": 2}], 3], \"list_length_max\": {\"b\": []},\n"
        "      |               ^\n"
        "a.json:1:54: error: list_length_max must be a whole number, not an object [type]\n"
        "    1 | {\"key_count\": [[1, {\"a\": 2}], 3], \"list_length_max\": {\"b\": []},\n"
        "      |                                                      ^\n"
        "a.json:2:21: error: memory.lock must be true or false, not null [type]\n"
        "    2 |  \"memory\": {\"lock\": null, \"huge_pages\": false, \"budget\": true},\n"
        "      |                     ^~~~\n"
        "a.json:2:41: error: memory.huge_pages must be \"off\", \"transparent\" or \"explicit\", "
        "not a boolean [type]\n"
        "    2 |  \"memory\": {\"lock\": null, \"huge_pages\": false, \"budget\": true},\n"
        "      |                                         ^~~~~\n"
        "a.json:2:58: error: memory.budget must be a whole number of bytes or a string such as "
        "\"64MiB\", not a boolean [type]\n"
        "    2 |  \"memory\": {\"lock\": null, \"huge_pages\": false, \"budget\": true},\n"
        "      |                                                          ^~~~\n"
        "a.json:3:12: error: server is a section and must be an object, not a number [type]\n"
        "    3 |  \"server\": 5}\n"
        "      |            ^\n");
}

TEST_CASE("JSON: unknown keys and sections are told the right ones") {
  CHECK(json_errors("{\"memory.lock\": true, \"memry\": {\"x\": {}},\n"
                    " \"memory\": {\"key_count\": 5, \"lokc\": true}, \"key_count\": 7}") ==
        "a.json:1:2: error: unknown key 'memory.lock'; 'lock' belongs to section 'memory' "
        "[unknown-key]\n"
        "    1 | {\"memory.lock\": true, \"memry\": {\"x\": {}},\n"
        "      |  ^~~~~~~~~~~~~\n"
        "a.json:1:23: error: unknown section 'memry'; did you mean 'memory'? [unknown-key]\n"
        "    1 | {\"memory.lock\": true, \"memry\": {\"x\": {}},\n"
        "      |                       ^~~~~~~\n"
        "a.json:2:13: error: unknown key 'key_count' in section 'memory'; it belongs to the "
        "outermost object [unknown-key]\n"
        "    2 |  \"memory\": {\"key_count\": 5, \"lokc\": true}, \"key_count\": 7}\n"
        "      |             ^~~~~~~~~~~\n"
        "a.json:2:29: error: unknown key 'lokc' in section 'memory'; did you mean 'lock'? "
        "[unknown-key]\n"
        "    2 |  \"memory\": {\"key_count\": 5, \"lokc\": true}, \"key_count\": 7}\n"
        "      |                             ^~~~~~\n");
}

TEST_CASE("JSON: a key or section that is given twice is an error at the second") {
  CHECK(json_errors("{\"key_count\": 1, \"memory\": {\"lock\": true, \"lock\": true},\n"
                    " \"key_count\": 1, \"memory\": {}}") ==
        "a.json:1:43: error: 'memory.lock' is given twice [duplicate-key]\n"
        "    1 | {\"key_count\": 1, \"memory\": {\"lock\": true, \"lock\": true},\n"
        "      |                                           ^~~~~~\n"
        "a.json:2:2: error: 'key_count' is given twice [duplicate-key]\n"
        "    2 |  \"key_count\": 1, \"memory\": {}}\n"
        "      |  ^~~~~~~~~~~\n"
        "a.json:2:18: error: 'memory' is given twice [duplicate-key]\n"
        "    2 |  \"key_count\": 1, \"memory\": {}}\n"
        "      |                  ^~~~~~~~\n");
}

TEST_CASE("JSON: a config is an object") {
  CHECK(json_errors("[{\"key_count\": 1}]") ==
        "a.json:1:1: error: the config must be an object [type]\n"
        "    1 | [{\"key_count\": 1}]\n"
        "      | ^\n");
  CHECK(json_errors("5") ==
        "a.json:1:1: error: the config must be an object [type]\n"
        "    1 | 5\n"
        "      | ^\n");
}

TEST_CASE("JSON: what is not JSON points at the token, behind the mistakes before it") {
  CHECK(json_errors("") ==
        "a.json:1:1: error: cannot parse JSON: unexpected end of input; expected '[', '{', or a "
        "literal [syntax]\n"
        "    1 | \n"
        "      | ^\n");
  CHECK(json_errors("{\"key_count\" 5}") ==
        "a.json:1:14: error: cannot parse JSON: unexpected number literal; expected ':' "
        "[syntax]\n"
        "    1 | {\"key_count\" 5}\n"
        "      |              ^\n");
  CHECK(json_errors("{\"key_count\": }") ==
        "a.json:1:15: error: cannot parse JSON: unexpected '}'; expected '[', '{', or a literal "
        "[syntax]\n"
        "    1 | {\"key_count\": }\n"
        "      |               ^\n");
  CHECK(json_errors("{\"key_count\": 5,,}") ==
        "a.json:1:17: error: cannot parse JSON: unexpected ','; expected string literal "
        "[syntax]\n"
        "    1 | {\"key_count\": 5,,}\n"
        "      |                 ^\n");
  CHECK(json_errors("{\"key_count\": 5 true}") ==
        "a.json:1:17: error: cannot parse JSON: unexpected true literal; expected '}' [syntax]\n"
        "    1 | {\"key_count\": 5 true}\n"
        "      |                 ^~~~\n");
  CHECK(json_errors("{\"key_count\": 5 \"abc\"}") ==
        "a.json:1:17: error: cannot parse JSON: unexpected string literal; expected '}' "
        "[syntax]\n"
        "    1 | {\"key_count\": 5 \"abc\"}\n"
        "      |                 ^~~~~\n");
  CHECK(json_errors("{\"key_count\": 5\n} {}") ==
        "a.json:2:3: error: cannot parse JSON: unexpected '{'; expected end of input [syntax]\n"
        "    2 | } {}\n"
        "      |   ^\n");
}

TEST_CASE("JSON: a token that is not JSON points at the byte that spoils it") {
  CHECK(json_errors("{\"key_count\": tru}") ==
        "a.json:1:18: error: cannot parse JSON: invalid literal [syntax]\n"
        "    1 | {\"key_count\": tru}\n"
        "      |                  ^\n");
  CHECK(json_errors("{key_count: 5}") ==
        "a.json:1:2: error: cannot parse JSON: invalid literal; expected string literal "
        "[syntax]\n"
        "    1 | {key_count: 5}\n"
        "      |  ^\n");
  CHECK(json_errors("{\"key_count\": 05}") ==
        "a.json:1:16: error: cannot parse JSON: unexpected number literal; expected '}' "
        "[syntax]\n"
        "    1 | {\"key_count\": 05}\n"
        "      |                ^\n");
  CHECK(json_errors("{\"key_count\": -5,\n \"x\n") ==
        "a.json:1:15: error: key_count is -5 but must be at least 1 [minimum]\n"
        "    1 | {\"key_count\": -5,\n"
        "      |               ^~\n"
        "a.json:2:4: error: cannot parse JSON: invalid string: control character U+000A (LF) "
        "must be escaped to \\u000A or \\n; expected string literal [syntax]\n"
        "    2 |  \"x\n"
        "      |    ^\n");
  CHECK(json_errors("{\"key_count\": \"\xff\"}") ==
        "a.json:1:16: error: cannot parse JSON: invalid string: ill-formed UTF-8 byte "
        "[syntax]\n"
        "    1 | {\"key_count\": \"?\"}\n"
        "      |                ^\n");
}

TEST_CASE("JSON: nesting is bounded") {
  // 63 arrays in the object are skipped as one wrong value; the 64th is one too deep.
  const std::string open(64, '[');
  CHECK(json_errors("{\"key_count\":\n" + open) ==
        "a.json:2:1: error: key_count must be a whole number, not an array [type]\n"
        "    2 | " +
            open +
            "\n"
            "      | ^\n"
            "a.json:2:64: error: objects and arrays are nested deeper than 64 [syntax]\n"
            "    2 | " +
            open +
            "\n"
            "      | " +
            std::string(63, ' ') + "^\n");
}

}  // namespace kv
