#include "kvcore/plan/size.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace kv {
namespace {

void check_size(std::string_view text, uint64_t expected) {
  CAPTURE(text);
  const SizeResult result = parse_size(text);
  CHECK(result.error == SizeError::none);
  CHECK(result.value == expected);
}

void check_refused(std::string_view text, SizeError expected, std::string_view unit = {}) {
  CAPTURE(text);
  const SizeResult result = parse_size(text);
  CHECK(result.error == expected);
  CHECK(result.value == 0);
  CHECK(result.unit == unit);
}

TEST_CASE("every unit is worth what it says") {
  check_size("7", 7);
  check_size("7B", 7);
  check_size("3KiB", 3'072);
  check_size("3MiB", 3'145'728);
  check_size("3GiB", 3'221'225'472);
  check_size("3TiB", 3'298'534'883'328);
  check_size("3kB", 3'000);
  check_size("3MB", 3'000'000);
  check_size("3GB", 3'000'000'000);
  check_size("3TB", 3'000'000'000'000);
}

TEST_CASE("spaces may stand before the unit, and nowhere else") {
  check_size("16 KiB", 16'384);
  check_size("16   kB", 16'000);
  check_refused(" 16KiB", SizeError::not_a_number);
  check_refused("16KiB ", SizeError::unknown_unit, "KiB ");
}

TEST_CASE("digits can be grouped with an underscore between two of them") {
  check_size("1_000_000", 1'000'000);
  check_size("1_0MiB", 10'485'760);
  check_refused("_1", SizeError::not_a_number);
  check_refused("1_", SizeError::not_a_number);
  check_refused("1__0", SizeError::not_a_number);
  check_refused("1_KiB", SizeError::not_a_number);
}

TEST_CASE("nothing, words and signs are no numbers") {
  check_refused("", SizeError::empty);
  check_refused("KiB", SizeError::not_a_number);
  check_refused("-1", SizeError::not_a_number);
  check_refused("+1", SizeError::not_a_number);
}

TEST_CASE("a fraction is refused, since a size is exact") {
  check_refused("1.5GiB", SizeError::fraction, ".5GiB");
  check_refused("1,5GiB", SizeError::fraction, ",5GiB");
  check_refused("1.", SizeError::fraction, ".");
}

TEST_CASE("a bare letter, or one with an i, is refused as ambiguous") {
  for (const std::string_view unit :
       {"k", "K", "m", "M", "g", "G", "t", "T", "Ki", "ki", "Mi", "mi", "Gi", "gi", "Ti", "ti"}) {
    check_refused("64" + std::string(unit), SizeError::ambiguous_unit, unit);
  }
}

TEST_CASE("other units are unknown, and units are exact in their case") {
  check_refused("1mb", SizeError::unknown_unit, "mb");
  check_refused("1KB", SizeError::unknown_unit, "KB");
  check_refused("1kib", SizeError::unknown_unit, "kib");
  check_refused("1PiB", SizeError::unknown_unit, "PiB");
  check_refused("1Mx", SizeError::unknown_unit, "Mx");
  check_refused("0x10", SizeError::unknown_unit, "x10");
}

TEST_CASE("the largest sizes fit, and one more does not") {
  check_size("18446744073709551615", UINT64_MAX);
  check_refused("18446744073709551616", SizeError::overflow);
  check_refused("99999999999999999999999", SizeError::overflow);
  // 16,777,216 TiB are 2 to the 64.
  check_size("16777215TiB", 18'446'742'974'197'923'840ULL);
  check_refused("16777216TiB", SizeError::overflow, "TiB");
}

TEST_CASE("a count has digits and nothing behind them") {
  CHECK(parse_count("1_000").value == 1'000);
  CHECK(parse_count("0").ok());
  CHECK(parse_count("").error == SizeError::empty);
  CHECK(parse_count("x").error == SizeError::not_a_number);
  CHECK(parse_count("1.5").error == SizeError::fraction);
  CHECK(parse_count("10k").error == SizeError::unknown_unit);
  CHECK(parse_count("10k").unit == "k");
  CHECK(parse_count("10 ").error == SizeError::unknown_unit);
  CHECK(parse_count("18446744073709551616").error == SizeError::overflow);
}

TEST_CASE("a misspelt unit is suggested in its right case") {
  CHECK(suggest_unit("mb") == "MB");
  CHECK(suggest_unit("KB") == "kB");
  CHECK(suggest_unit("kib") == "KiB");
  CHECK(suggest_unit("GIB") == "GiB");
  CHECK(suggest_unit("b") == "B");
}

TEST_CASE("for an ambiguous unit the power of 1024 is suggested") {
  CHECK(suggest_unit("k") == "KiB");
  CHECK(suggest_unit("K") == "KiB");
  CHECK(suggest_unit("m") == "MiB");
  CHECK(suggest_unit("Gi") == "GiB");
  CHECK(suggest_unit("t") == "TiB");
}

TEST_CASE("for a word that resembles no unit nothing is suggested") {
  CHECK(suggest_unit("PiB").empty());
  CHECK(suggest_unit("bytes").empty());
  CHECK(suggest_unit("x").empty());
  CHECK(suggest_unit("").empty());
}

static_assert(parse_size("64MiB").value == 67'108'864);

}  // namespace
}  // namespace kv
