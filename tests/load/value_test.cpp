#include <doctest/doctest.h>

#include "tests/load/loading.hpp"

namespace kv {

namespace {

/// The number that a text gives an option. REQUIRES: it is valid.
uint64_t value_of(Option id, std::string_view text) {
  Settings settings;
  Diagnostics out;
  const bool set = set_from_text(id, text, {}, settings, out);
  INFO(rendered(out));
  REQUIRE(set);
  REQUIRE(out.empty());
  return number(settings.config, id);
}

/// What is wrong with a text. The option keeps its value and origin.
std::string error_of(Option id, std::string_view text) {
  Settings settings;
  const Config before = settings.config;
  Diagnostics out;
  Place place;
  place.flag = "--f";
  CHECK_FALSE(set_from_text(id, text, place, settings, out));
  CHECK(settings.config == before);
  CHECK(settings.origin(id).place.flag.empty());
  return rendered(out);
}

}  // namespace

TEST_CASE("counts are digits, grouped at will") {
  CHECK(value_of(Option::key_count, "0") == 0);
  CHECK(value_of(Option::key_count, "1_000_000") == 1000000);
  CHECK(value_of(Option::key_count, "18446744073709551614") == 18446744073709551614u);
}

TEST_CASE("a bad count says what it must be") {
  CHECK(error_of(Option::key_count, "") ==
        "--f: error: key_count is '' but must be a whole number [number]\n");
  CHECK(error_of(Option::key_count, "many") ==
        "--f: error: key_count is 'many' but must be a whole number [number]\n");
  CHECK(error_of(Option::key_count, "1.5") ==
        "--f: error: key_count is '1.5' but must be a whole number [number]\n");
  CHECK(error_of(Option::key_count, "1__0") ==
        "--f: error: key_count is '1__0' but must be a whole number [number]\n");
  CHECK(error_of(Option::key_count, " 5") ==
        "--f: error: key_count is ' 5' but must be a whole number [number]\n");
  CHECK(error_of(Option::key_count, std::string_view("5\0", 2)) ==
        "--f: error: key_count is '5\\x00' but must be a whole number [number]\n");
  CHECK(error_of(Option::key_count, "10k") ==
        "--f: error: key_count is '10k' but must be a whole number; a count has no unit "
        "[number]\n");
  CHECK(error_of(Option::key_count, "-5") ==
        "--f: error: key_count is -5 but must be at least 1 [minimum]\n");
  CHECK(error_of(Option::key_count, "18446744073709551616") ==
        "--f: error: key_count is 18446744073709551616 but may be at most 4,294,967,294 "
        "[maximum]\n");
}

TEST_CASE("the largest number stands for 'not given' and cannot be given") {
  CHECK(error_of(Option::key_count, "18446744073709551615") ==
        "--f: error: key_count is 18446744073709551615 but may be at most 4,294,967,294 "
        "[maximum]\n");
  CHECK(error_of(Option::memory_budget, "18446744073709551615") ==
        "--f: error: memory.budget is 18446744073709551615 but may be at most "
        "1,152,921,504,606,846,976; write 1048576TiB or less [maximum]\n");
  CHECK(error_of(Option::server_stall_timeout_ms, "18446744073709551615") ==
        "--f: error: server.stall_timeout_ms is 18446744073709551615 but may be at most "
        "86,400,000 [maximum]\n");
}

TEST_CASE("sizes have binary and decimal units") {
  CHECK(value_of(Option::memory_budget, "4096") == 4096);
  CHECK(value_of(Option::memory_budget, "64MiB") == 67108864);
  CHECK(value_of(Option::memory_budget, "64MB") == 64000000);
  CHECK(value_of(Option::memory_budget, "1_000 kB") == 1000000);
  CHECK(value_of(Option::memory_budget, "9B") == 9);
}

TEST_CASE("a bare letter is not a unit, and the error offers both that it may mean") {
  CHECK(error_of(Option::memory_budget, "512m") ==
        "--f: error: '512m' in memory.budget is ambiguous: to some programs 'm' is a power of "
        "1000, to others of 1024; write 512MiB or 512MB [size]\n");
  CHECK(error_of(Option::memory_budget, "1_6k") ==
        "--f: error: '1_6k' in memory.budget is ambiguous: to some programs 'k' is a power of "
        "1000, to others of 1024; write 1_6KiB or 1_6kB [size]\n");
  CHECK(error_of(Option::memory_budget, "2 G") ==
        "--f: error: '2 G' in memory.budget is ambiguous: to some programs 'G' is a power of "
        "1000, to others of 1024; write 2GiB or 2GB [size]\n");
}

TEST_CASE("a misspelt unit gets a suggestion, a foreign one the list") {
  CHECK(error_of(Option::memory_budget, "512mb") ==
        "--f: error: unknown unit 'mb' in memory.budget; did you mean 'MB'? [size]\n");
  CHECK(error_of(Option::memory_budget, "512Mi") ==
        "--f: error: unknown unit 'Mi' in memory.budget; did you mean 'MiB'? [size]\n");
  CHECK(error_of(Option::memory_budget, "512pages") ==
        "--f: error: unknown unit 'pages' in memory.budget; use B, KiB, MiB, GiB, TiB, kB, MB, "
        "GB or TB [size]\n");
}

TEST_CASE("a fraction of a unit is offered as a whole number of a smaller one") {
  CHECK(error_of(Option::memory_budget, "1.5GiB") ==
        "--f: error: memory.budget is '1.5GiB' but must be a whole number of bytes, KiB, MB or "
        "another unit; write 1536MiB [size]\n");
  CHECK(error_of(Option::memory_budget, "0.3") ==
        "--f: error: memory.budget is '0.3' but must be a whole number of bytes, KiB, MB or "
        "another unit [size]\n");
}

TEST_CASE("what is no size at all says what a size looks like") {
  CHECK(error_of(Option::memory_budget, "MiB") ==
        "--f: error: memory.budget is 'MiB' but must be a size such as 4096 or 64MiB [size]\n");
  CHECK(error_of(Option::memory_budget, "-5MiB") ==
        "--f: error: memory.budget is -5MiB but must be at least 4,096 [minimum]\n");
  CHECK(error_of(Option::store_bytes, "99999999TiB") ==
        "--f: error: store_bytes is 99999999TiB but may be at most 1,125,899,906,842,624; write "
        "1024TiB or less [maximum]\n");
}

TEST_CASE("times are milliseconds, or carry their unit") {
  CHECK(value_of(Option::server_stall_timeout_ms, "250") == 250);
  CHECK(value_of(Option::server_stall_timeout_ms, "250ms") == 250);
  CHECK(value_of(Option::server_stall_timeout_ms, "30 s") == 30000);
  CHECK(value_of(Option::server_stall_timeout_ms, "2m") == 120000);
  CHECK(value_of(Option::server_stall_timeout_ms, "3h") == 10800000);
  CHECK(value_of(Option::server_stall_timeout_ms, "1d") == 86400000);
}

TEST_CASE("a bad time says what it must be") {
  CHECK(error_of(Option::server_stall_timeout_ms, "1.5s") ==
        "--f: error: server.stall_timeout_ms is '1.5s' but must be a whole number of "
        "milliseconds, or a time such as 30s [number]\n");
  CHECK(error_of(Option::server_stall_timeout_ms, "30sec") ==
        "--f: error: unknown unit 'sec' in server.stall_timeout_ms; use ms, s, m, h or d "
        "[number]\n");
  CHECK(error_of(Option::server_stall_timeout_ms, "-1s") ==
        "--f: error: server.stall_timeout_ms is -1s but must be at least 100 [minimum]\n");
  CHECK(error_of(Option::server_stall_timeout_ms, "999999999999999d") ==
        "--f: error: server.stall_timeout_ms is 999999999999999d but may be at most 86,400,000 "
        "[maximum]\n");
}

TEST_CASE("toggles are on or off") {
  CHECK(value_of(Option::memory_lock, "on") == 1);
  CHECK(value_of(Option::memory_lock, "true") == 1);
  CHECK(value_of(Option::memory_populate, "off") == 0);
  CHECK(value_of(Option::memory_populate, "false") == 0);
  CHECK(error_of(Option::memory_lock, "yes") ==
        "--f: error: memory.lock is 'yes' but must be on or off; did you mean 'on'? [choice]\n");
  CHECK(error_of(Option::memory_lock, "0") ==
        "--f: error: memory.lock is '0' but must be on or off; did you mean 'off'? [choice]\n");
  CHECK(error_of(Option::memory_lock, "perhaps") ==
        "--f: error: memory.lock is 'perhaps' but must be on or off [choice]\n");
}

TEST_CASE("choices are words") {
  CHECK(value_of(Option::memory_huge_pages, "off") == 0);
  CHECK(value_of(Option::memory_huge_pages, "transparent") == 1);
  CHECK(value_of(Option::memory_huge_pages, "explicit") == 2);
  CHECK(error_of(Option::memory_huge_pages, "explict") ==
        "--f: error: memory.huge_pages is 'explict' but must be off, transparent or explicit; "
        "did you mean 'explicit'? [choice]\n");
  CHECK(error_of(Option::memory_huge_pages, "") ==
        "--f: error: memory.huge_pages is '' but must be off, transparent or explicit "
        "[choice]\n");
}

TEST_CASE("an address is numeric") {
  Settings settings;
  Diagnostics out;
  for (const std::string_view address :
       {"0.0.0.0", "::", "::1", "192.168.1.20", "2001:db8:85a3:8d3:1319:8a2e:255.255.255.255"}) {
    CHECK(set_from_text(Option::server_address, address, {}, settings, out));
    CHECK(settings.config.server_address.view() == address);
  }
  CHECK(rendered(out) == "");
  CHECK(check(settings, out));  // the longest form is within the option's bounds
}

TEST_CASE("several addresses are separated by blanks, and each of them is numeric") {
  Settings settings;
  Diagnostics out;
  for (const std::string_view addresses : {"127.0.0.1 ::1", " 0.0.0.0  :: ", "::1 ::1 ::1"}) {
    CHECK(set_from_text(Option::server_address, addresses, {}, settings, out));
    CHECK(settings.config.server_address.view() == addresses);
  }
  CHECK(rendered(out) == "");
  CHECK(error_of(Option::server_address, "::1 localhost") ==
        "--f: error: server.address is 'localhost' but must be an IPv4 or IPv6 address in numbers; "
        "write 127.0.0.1 or ::1 [address]\n");
  std::string many = "::1";
  for (int i = 1; i < 17; ++i) many += " ::1";
  CHECK(error_of(Option::server_address, many) ==
        "--f: error: server.address has more than 16 addresses [address]\n");
}

TEST_CASE("a password is not repeated in a message") {
  CHECK(error_of(Option::server_password, std::string(128, 'x')) ==
        "--f: error: server.password is 128 bytes long but may be at most 127 [maximum]\n");
}

TEST_CASE("a name, a port or brackets are not part of an address") {
  const std::string wanted = "but must be an IPv4 or IPv6 address in numbers";
  CHECK(error_of(Option::server_address, "localhost") ==
        "--f: error: server.address is 'localhost' " + wanted +
            "; write 127.0.0.1 or ::1 [address]\n");
  CHECK(error_of(Option::server_address, "[::1]") == "--f: error: server.address is '[::1]' " +
                                                         wanted +
                                                         "; write it without brackets [address]\n");
  CHECK(error_of(Option::server_address, "10.0.0.1:6379") ==
        "--f: error: server.address is '10.0.0.1:6379' " + wanted +
            "; the port is an option of its own, server.port [address]\n");
  CHECK(error_of(Option::server_address, "") == "--f: error: server.address is '' " + wanted +
                                                    "; 0.0.0.0 listens on every interface "
                                                    "[address]\n");
  CHECK(error_of(Option::server_address, std::string_view("::1\0", 4)) ==
        "--f: error: server.address is '::1\\x00' " + wanted + " [address]\n");
  CHECK(error_of(Option::server_address, std::string(1000, '1')) ==
        "--f: error: server.address is '" + std::string(60, '1') + "...' " + wanted +
            " [address]\n");
}

TEST_CASE("an option that is set remembers where") {
  Settings settings;
  Diagnostics out;
  CHECK(describe(settings.origin(Option::key_count)) == "default");
  CHECK(describe(settings.origin(Option::memory_budget)) == "default");
  CHECK(describe(settings.origin(Option::store_bytes)) == "computed");
  CHECK(describe(settings.origin(Option::reply_buffers)) == "computed");

  load_text("[memory]\n  budget = 8192\n", FileFormat::toml, "cache.toml", settings, out);
  const Origin& budget = settings.origin(Option::memory_budget);
  CHECK(describe(budget) == "cache.toml:2");
  CHECK(budget.kind == Origin::Kind::file);
  CHECK(budget.place.column == 12);
  CHECK(budget.place.length == 4);

  Place place;
  place.flag = "--store 1MiB";
  set_from_text(Option::store_bytes, "1MiB", place, settings, out);
  CHECK(describe(settings.origin(Option::store_bytes)) == "--store");
  CHECK(rendered(out) == "");
}

}  // namespace kv
