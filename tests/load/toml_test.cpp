#include <doctest/doctest.h>

#include "tests/load/loading.hpp"

namespace kv {

TEST_CASE("TOML: sizes, times and counts are numbers or strings") {
  Settings settings;
  Diagnostics out;
  load_text(
      "key_count = 1_000_000\n"
      "connections_max = \"2_000\"\n"
      "val_size_max = \"4KiB\"\n"
      "key_size_max = 0x80\n"
      "memory.lock = true\n"
      "memory.populate = \"off\"\n"
      "[server]\n"
      "stall_timeout_ms = \"2m\"\n",
      FileFormat::toml, "a.toml", settings, out);
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
}

TEST_CASE("TOML: an empty file, and a file of comments, leave the defaults") {
  CHECK(toml_errors("") == "");
  CHECK(toml_errors("# nothing\n\n[memory]\n") == "");
}

TEST_CASE("TOML: a byte order mark and CRLF are accepted, and do not shift places") {
  CHECK(toml_errors("\xef\xbb\xbfkey_cout = 5\r\n\r\nkey_count = \"5x\"\r\n") ==
        "a.toml:1:1: error: unknown key 'key_cout'; did you mean 'key_count'? [unknown-key]\n"
        "    1 | key_cout = 5\n"
        "      | ^~~~~~~~\n"
        "a.toml:3:13: error: key_count is '5x' but must be a whole number [number]\n"
        "    3 | key_count = \"5x\"\n"
        "      |             ^~~~\n");
}

TEST_CASE("TOML: columns are bytes and the caret is below the text") {
  CHECK(toml_errors("server = { address = \"\xc3\xa9\", port = \"x\" }") ==
        "a.toml:1:22: error: server.address is '\xc3\xa9' but must be an IPv4 or IPv6 address in "
        "numbers [address]\n"
        "    1 | server = { address = \"\xc3\xa9\", port = \"x\" }\n"
        "      |                      ^~~\n"
        "a.toml:1:35: error: server.port is 'x' but must be a whole number [number]\n"
        "    1 | server = { address = \"\xc3\xa9\", port = \"x\" }\n"
        "      |                                  ^~~\n");
}

TEST_CASE("TOML: every mistake is reported in one run, in the order of the file") {
  CHECK(toml_errors("val_size_max = \"64Mib\"\n"
                    "\tconections_max = 5 # tab\n"
                    "[server]\n"
                    "port = -1\n"
                    "[memory]\n"
                    "budget = '512m'\n") ==
        "a.toml:1:16: error: unknown unit 'Mib' in val_size_max; did you mean 'MiB'? [size]\n"
        "    1 | val_size_max = \"64Mib\"\n"
        "      |                ^~~~~~~\n"
        "a.toml:2:2: error: unknown key 'conections_max'; did you mean 'connections_max'? "
        "[unknown-key]\n"
        "    2 |         conections_max = 5 # tab\n"
        "      |         ^~~~~~~~~~~~~~\n"
        "a.toml:4:8: error: server.port is -1 but must be at least 0 [minimum]\n"
        "    4 | port = -1\n"
        "      |        ^~\n"
        "a.toml:6:10: error: '512m' in memory.budget is ambiguous: to some programs 'm' is a "
        "power of 1000, to others of 1024; write 512MiB or 512MB [size]\n"
        "    6 | budget = '512m'\n"
        "      |          ^~~~~~\n");
}

TEST_CASE("TOML: a key in the wrong place is told the right one") {
  CHECK(toml_errors("port = 1\n"
                    "keys = 1\n"
                    "bugdet = 1\n"
                    "nonsense = 1\n"
                    "[memory]\n"
                    "key_count = 1\n"
                    "port = 1\n") ==
        "a.toml:1:1: error: unknown key 'port'; 'port' belongs to section 'server' "
        "[unknown-key]\n"
        "    1 | port = 1\n"
        "      | ^~~~\n"
        "a.toml:2:1: error: unknown key 'keys'; did you mean 'key_count'? [unknown-key]\n"
        "    2 | keys = 1\n"
        "      | ^~~~\n"
        "a.toml:3:1: error: unknown key 'bugdet'; did you mean 'memory.budget'? [unknown-key]\n"
        "    3 | bugdet = 1\n"
        "      | ^~~~~~\n"
        "a.toml:4:1: error: unknown key 'nonsense' [unknown-key]\n"
        "    4 | nonsense = 1\n"
        "      | ^~~~~~~~\n"
        "a.toml:6:1: error: unknown key 'key_count' in section 'memory'; it belongs above the "
        "first section [unknown-key]\n"
        "    6 | key_count = 1\n"
        "      | ^~~~~~~~~\n"
        "a.toml:7:1: error: unknown key 'port' in section 'memory'; 'port' belongs to section "
        "'server' [unknown-key]\n"
        "    7 | port = 1\n"
        "      | ^~~~\n");
}

TEST_CASE("TOML: an unknown section is one error, whatever it holds") {
  CHECK(toml_errors("[memry]\nlock = 1\nx = 2\n[a.b]\nc = 1\n") ==
        "a.toml:1:2: error: unknown section 'memry'; did you mean 'memory'? [unknown-key]\n"
        "    1 | [memry]\n"
        "      |  ^~~~~\n"
        "a.toml:4:2: error: unknown section 'a' [unknown-key]\n"
        "    4 | [a.b]\n"
        "      |  ^\n");
}

TEST_CASE("TOML: a value of the wrong type is named") {
  CHECK(toml_errors("key_count = true\n"
                    "connections_max = [1, 2]\n"
                    "list_length_max = 1979-05-27\n"
                    "store_bytes = 1.5\n"
                    "block_bytes = 1e3\n"
                    "[memory]\n"
                    "lock = 1\n"
                    "huge_pages = false\n"
                    "[server]\n"
                    "address = 5\n"
                    "stall_timeout_ms = true\n") ==
        "a.toml:1:13: error: key_count must be a whole number, not a boolean [type]\n"
        "    1 | key_count = true\n"
        "      |             ^~~~\n"
        "a.toml:2:19: error: connections_max must be a whole number, not an array [type]\n"
        "    2 | connections_max = [1, 2]\n"
        "      |                   ^~~~~~\n"
        "a.toml:3:19: error: list_length_max must be a whole number, not a date or time [type]\n"
        "    3 | list_length_max = 1979-05-27\n"
        "      |                   ^~~~~~~~~~\n"
        "a.toml:4:15: error: store_bytes is the floating-point number 1.5 but must be a whole "
        "number [number]\n"
        "    4 | store_bytes = 1.5\n"
        "      |               ^~~\n"
        "a.toml:5:15: error: block_bytes is the floating-point number 1e3 but must be a whole "
        "number; write 1000 [number]\n"
        "    5 | block_bytes = 1e3\n"
        "      |               ^~~\n"
        "a.toml:7:8: error: memory.lock must be true or false, not a number [type]\n"
        "    7 | lock = 1\n"
        "      |        ^\n"
        "a.toml:8:14: error: memory.huge_pages must be \"off\", \"transparent\" or \"explicit\", "
        "not a boolean [type]\n"
        "    8 | huge_pages = false\n"
        "      |              ^~~~~\n"
        "a.toml:10:11: error: server.address must be a string, not a number [type]\n"
        "   10 | address = 5\n"
        "      |           ^\n"
        "a.toml:11:20: error: server.stall_timeout_ms must be a whole number of milliseconds or "
        "a string such as \"30s\", not a boolean [type]\n"
        "   11 | stall_timeout_ms = true\n"
        "      |                    ^~~~\n");
}

TEST_CASE("TOML: tables and values are not each other") {
  CHECK(toml_errors("memory = 5\n[key_count]\nx = 1\n[server.port]\ny = 1\n[[server.backlog]]\n") ==
        "a.toml:1:10: error: memory is a section and must be a table, not a number [type]\n"
        "    1 | memory = 5\n"
        "      |          ^\n"
        "a.toml:2:2: error: key_count must be a whole number, not a table [type]\n"
        "    2 | [key_count]\n"
        "      |  ^~~~~~~~~\n"
        "a.toml:4:9: error: server.port must be a whole number, not a table [type]\n"
        "    4 | [server.port]\n"
        "      |         ^~~~\n"
        "a.toml:6:1: error: server.backlog must be a whole number, not an array [type]\n"
        "    6 | [[server.backlog]]\n"
        "      | ^~~~~~~~~~~~~~~~~~\n");
  CHECK(toml_errors("[[memory]]\nlock = true\n") ==
        "a.toml:1:1: error: memory is a section and must be a table, not an array [type]\n"
        "    1 | [[memory]]\n"
        "      | ^~~~~~~~~~\n");
}

TEST_CASE("TOML: a key or section that is given twice is an error at the second") {
  CHECK(toml_errors("key_count = 1\nval_size_max = 5\n  key_count = 2\n") ==
        "a.toml:3:3: error: 'key_count' is given twice [duplicate-key]\n"
        "    3 |   key_count = 2\n"
        "      |   ^~~~~~~~~\n");
  CHECK(toml_errors("[memory]\nlock = true\n[memory]\n") ==
        "a.toml:3:1: error: 'memory' is given twice [duplicate-key]\n"
        "    3 | [memory]\n"
        "      | ^~~~~~~~\n");
  CHECK(toml_errors("memory = {lock = true, lock = false}\n") ==
        "a.toml:1:24: error: 'lock' is given twice [duplicate-key]\n"
        "    1 | memory = {lock = true, lock = false}\n"
        "      |                        ^~~~\n");
}

TEST_CASE("TOML: what the parser quotes does not steer the terminal") {
  CHECK(toml_errors("m=f\x1d") ==
        "a.toml:1:4: error: cannot parse boolean: expected 'false', saw 'f\\x1d' [syntax]\n"
        "    1 | m=f?\n"
        "      |    ^\n");
}

TEST_CASE("TOML: what is not TOML points at the place") {
  CHECK(toml_errors("key_count = \n") ==
        "a.toml:1:13: error: cannot parse key-value pair: expected value, saw '\\n' [syntax]\n"
        "    1 | key_count = \n"
        "      |             ^\n");
  CHECK(toml_errors("[memory]\nkey_count = 5 5\n") ==
        "a.toml:2:15: error: cannot parse key-value pair: expected a comment or whitespace, saw "
        "'5' [syntax]\n"
        "    2 | key_count = 5 5\n"
        "      |               ^\n");
  CHECK(toml_errors("[memory\nlock = true\n") ==
        "a.toml:1:8: error: cannot parse table header: expected ']', saw '\\n' [syntax]\n"
        "    1 | [memory\n"
        "      |        ^\n");
  CHECK(toml_errors("[$]\n") ==
        "a.toml:1:2: error: cannot parse key: expected bare key starting character or string "
        "delimiter, saw '$' [syntax]\n"
        "    1 | [$]\n"
        "      |  ^\n");
  CHECK(toml_errors("sch\xc3\xb6n = 1\n") ==
        "a.toml:1:4: error: cannot parse key-value pair: expected '=', saw '\xc3\xb6' [syntax]\n"
        "    1 | sch\xc3\xb6n = 1\n"
        "      |    ^\n");
}

TEST_CASE("TOML: what toml++ only asserts is a mistake with its place") {
  CHECK(toml_errors("key_count = 5\nlock = [1, }, 2]\n[memory]\n") ==
        "a.toml:2:12: error: not valid TOML: unexpected '}' [syntax]\n"
        "    2 | lock = [1, }, 2]\n"
        "      |            ^\n");
}

TEST_CASE("TOML: a number beyond 64 bits is underlined") {
  CHECK(toml_errors("key_count = 99999999999999999999 # many\n") ==
        "a.toml:1:13: error: 99999999999999999999 is beyond 64 bits [number]\n"
        "    1 | key_count = 99999999999999999999 # many\n"
        "      |             ^~~~~~~~~~~~~~~~~~~~\n");
}

TEST_CASE("TOML: invalid UTF-8 is found at its byte") {
  CHECK(toml_errors("# \xc3\xa9\nkey_count = \"5\xff\"\n") ==
        "a.toml:2:15: error: not valid UTF-8 [syntax]\n"
        "    2 | key_count = \"5?\"\n"
        "      |               ^\n");
}

}  // namespace kv
