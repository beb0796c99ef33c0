#include "planner/number_text.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "kvcore/load/wrap.hpp"

namespace kv {

TEST_CASE("digits are grouped by three") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1'000) == "1,000");
  CHECK(grouped(1'234'567) == "1,234,567");
  CHECK(grouped(std::numeric_limits<uint64_t>::max()) == "18,446,744,073,709,551,615");
}

TEST_CASE("sizes have one decimal in the largest unit that gives at least one") {
  CHECK(human_size(0) == "0 B");
  CHECK(human_size(1'023) == "1023 B");
  CHECK(human_size(1'024) == "1.0 KiB");
  // 218,880,000 / 1,048,576 = 208.74
  CHECK(human_size(218'880'000) == "208.7 MiB");
  // 1,536 is one and a half.
  CHECK(human_size(1'536) == "1.5 KiB");
}

TEST_CASE("a size that rounds up to 1024 is shown in the next unit") {
  // 1,048,575 / 1,024 = 1,023.999
  CHECK(human_size(1'048'575) == "1.0 MiB");
  // 1,023.9 KiB is the largest in KiB: 1,023.94 × 1,024 = 1,048,514
  CHECK(human_size(1'048'514) == "1023.9 KiB");
  CHECK(human_size(std::numeric_limits<uint64_t>::max()) == "16.0 EiB");
}

TEST_CASE("a share of nothing is blank and a tiny one is not zero") {
  CHECK(percent(0, 100) == "");
  CHECK(percent(5, 0) == "");
  CHECK(percent(1, 1'000'000) == "<0.1 %");
  CHECK(percent(1, 3) == "33.3 %");
  CHECK(percent(7, 7) == "100.0 %");
}

TEST_CASE("bars are drawn in eighths of a column") {
  CHECK(bar(0, 8, 1) == "");
  CHECK(bar(1, 8, 1) == "▏");
  CHECK(bar(7, 8, 1) == "▉");
  CHECK(bar(8, 8, 1) == "█");
  // 3 / 8 of 4 columns is one and a half.
  CHECK(bar(3, 8, 4) == "█▌");
  // 1 / 100 of 4 columns is 0.32 eighths, less than half of one.
  CHECK(bar(1, 100, 4) == "");
  CHECK(bar(1, 2, 0) == "");
}

TEST_CASE("averages are rounded to two decimals") {
  // 10,546,496 / 48 = 219,718.6666…
  CHECK(decimal(10'546'496, 48) == "219,718.67");
  CHECK(decimal(1, 3) == "0.33");
  // 0.996 rounds up to a whole one.
  CHECK(decimal(996, 1000) == "1.00");
  CHECK(decimal(4, 2) == "2.00");
}

TEST_CASE("one is singular") {
  CHECK(counted(1, "key") == "1 key");
  CHECK(counted(0, "key") == "0 keys");
  CHECK(counted(1'000, "key") == "1,000 keys");
}

TEST_CASE("the width of a text is counted in characters") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("3 × 4 ▏") == 7);
}

}  // namespace kv
