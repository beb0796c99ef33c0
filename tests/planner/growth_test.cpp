#include "planner/growth.hpp"

#include <doctest/doctest.h>

#include "planner/number_text.hpp"

namespace kv {

TEST_CASE("a growth is a percentage with up to three decimals, or a size") {
  CHECK(parse_growth("10%")->millis == 10'000);
  CHECK(parse_growth("2.5 %")->millis == 2'500);
  CHECK(parse_growth("0.125%")->millis == 125);
  CHECK(parse_growth("0%")->millis == 0);
  CHECK(parse_growth("64MiB")->bytes == 67'108'864);
  CHECK(parse_growth("1000")->bytes == 1'000);
  for (const char* wrong : {"", "%", "x%", "-1%", "1.%", ".5%", "0.1234%", "1.5.5%", "64M", "-5"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_growth(wrong).has_value());
  }
}

TEST_CASE("a growth is allowed up to the limit itself") {
  const GrowthLimit tenth = *parse_growth("10%");
  CHECK_FALSE(judge_growth(tenth, 1'000, 1'100).exceeded());
  CHECK(judge_growth(tenth, 1'000, 1'101).exceeded());
  CHECK(judge_growth(tenth, 1'009, 1'110).exceeded());  // 10 % of 1,009 is 100.9: 100 bytes
  CHECK_FALSE(judge_growth(tenth, 1'000, 1).exceeded());
  const GrowthLimit none = *parse_growth("0");
  CHECK_FALSE(judge_growth(none, 5, 5).exceeded());
  CHECK(judge_growth(none, 5, 6).exceeded());
  // The product is beyond 64 bits.
  CHECK(judge_growth(*parse_growth("100%"), 1ULL << 63, 1).allowed_bytes == 1ULL << 63);
}

TEST_CASE("the message names the growth, its share and the excess") {
  const GrowthVerdict verdict = judge_growth(*parse_growth("1000"), 8'192, 9'216);
  CHECK(growth_message(verdict, 8'192, 9'216) ==
        "the container limit grows by 1,024 bytes (+12.5 %), 24 more than --max-growth 1000");
}

TEST_CASE("differences have a sign, and shares of change are exact tenths") {
  CHECK(difference(1, 1'025) == "+1,024");
  CHECK(difference(1'025, 1) == "-1,024");
  CHECK(difference(7, 7) == "0");
  CHECK(raw_difference(1'025, 1) == "-1024");
  CHECK(growth(1'000, 1'125) == "+12.5 %");
  CHECK(growth(1'000, 875) == "-12.5 %");
  CHECK(growth(10'000, 10'005) == "+0.1 %");  // 0.05 is rounded up
  CHECK(growth(100'000, 100'001) == "0.0 %");
  CHECK(growth(5, 5) == "");
  CHECK(growth(0, 5) == "new");
  CHECK(growth(1, 1ULL << 60) == "> +99,999 %");
}

}  // namespace kv
