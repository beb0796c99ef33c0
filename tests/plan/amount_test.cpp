#include "kvcore/plan/amount.hpp"

#include <doctest/doctest.h>

namespace kv {
namespace {

constexpr uint64_t most = UINT64_MAX;
constexpr Amount keys(uint64_t value) { return {value, Option::key_count}; }
constexpr Amount values(uint64_t value) { return {value, Option::val_size_max}; }
constexpr Amount lists(uint64_t value) { return {value, Option::list_length_max}; }

// The largest results that fit, and the first that do not.
static_assert((Amount(most - 1) + 1).value() == most);
static_assert(!(Amount(most) + 1).ok());
static_assert((Amount(1ULL << 32) * ((1ULL << 32) - 1)).ok());
static_assert(!(Amount(1ULL << 32) * (1ULL << 32)).ok());
static_assert((Amount(5) - 5).value() == 0);
static_assert(!(Amount(5) - 6).ok());
static_assert((Amount(7) / 2).value() == 3);
static_assert(!(Amount(7) / 0).ok());

TEST_CASE("min and max take the number and its options") {
  CHECK(min(Amount(3), 4).value() == 3);
  CHECK(max(Amount(3), 4).value() == 4);
  CHECK((max(keys(most), values(4)) * values(2)).overflow() ==
        Overflow{Option::key_count, Option::val_size_max});
}

TEST_CASE("ceil_div rounds up, and is exact where there is no rest") {
  CHECK(ceil_div(Amount(0), 5).value() == 0);
  CHECK(ceil_div(Amount(1), 5).value() == 1);
  CHECK(ceil_div(Amount(5), 5).value() == 1);
  CHECK(ceil_div(Amount(6), 5).value() == 2);
  CHECK(ceil_div(Amount(most), 1).value() == most);
  CHECK(ceil_div(Amount(most), most).value() == 1);
  CHECK(!ceil_div(Amount(1), 0).ok());
}

TEST_CASE("round_up gives the next multiple, and poisons beyond 64 bits") {
  CHECK(round_up(Amount(0), 64).value() == 0);
  CHECK(round_up(Amount(1), 64).value() == 64);
  CHECK(round_up(Amount(64), 64).value() == 64);
  CHECK(round_up(Amount(65), 64).value() == 128);
  CHECK(!round_up(Amount(most), 64).ok());
}

TEST_CASE("power_of_two gives the least power that is enough") {
  CHECK(power_of_two(Amount(0)).value() == 1);
  CHECK(power_of_two(Amount(1)).value() == 1);
  CHECK(power_of_two(Amount(2)).value() == 2);
  CHECK(power_of_two(Amount(3)).value() == 4);
  CHECK(power_of_two(Amount(1024)).value() == 1024);
  CHECK(power_of_two(Amount(1025)).value() == 2048);
  CHECK(power_of_two(Amount(1ULL << 63)).value() == 1ULL << 63);
  CHECK(!power_of_two(Amount((1ULL << 63) + 1)).ok());
}

TEST_CASE("more_than is one or nothing") {
  CHECK(more_than(Amount(2), 1).value() == 1);
  CHECK(more_than(Amount(1), 1).value() == 0);
  CHECK(more_than(Amount(0), 1).value() == 0);
}

TEST_CASE("digits counts the decimal digits, one for zero") {
  CHECK(digits(Amount(0)).value() == 1);
  CHECK(digits(Amount(9)).value() == 1);
  CHECK(digits(Amount(10)).value() == 2);
  CHECK(digits(Amount(99)).value() == 2);
  CHECK(digits(Amount(100)).value() == 3);
  CHECK(digits(Amount(most)).value() == 20);  // 18,446,744,073,709,551,615
}

TEST_CASE("a product that is too large names the two options behind it, the larger first") {
  CHECK((keys(1ULL << 40) * values(1ULL << 30)).overflow() ==
        Overflow{Option::key_count, Option::val_size_max});
  CHECK((values(1ULL << 30) * keys(1ULL << 40)).overflow() ==
        Overflow{Option::key_count, Option::val_size_max});
}

TEST_CASE("of three options the two largest are named, in whatever order they come") {
  const Overflow expected = {Option::key_count, Option::list_length_max};
  const Amount a = keys(1ULL << 40);
  const Amount b = lists(1ULL << 20);
  const Amount c = values(1ULL << 10);
  CHECK((a * b * c).overflow() == expected);
  CHECK((c * b * a).overflow() == expected);
  CHECK((b * c * a).overflow() == expected);
}

TEST_CASE("a plain number has no name: an overflow of one option names it alone") {
  CHECK((keys(1ULL << 40) * (1ULL << 30)).overflow() == Overflow{Option::key_count, Option::none});
}

TEST_CASE("a sum keeps the options of its larger side") {
  const Amount sum = keys(1ULL << 40) + values(10);
  CHECK((sum * lists(1ULL << 30)).overflow() ==
        Overflow{Option::key_count, Option::list_length_max});
}

TEST_CASE("the first poison spreads through every operation and keeps its options") {
  const Amount poison = keys(1ULL << 40) * values(1ULL << 30);
  const Overflow expected = {Option::key_count, Option::val_size_max};
  CHECK((poison + 1).overflow() == expected);
  CHECK((1 + poison).overflow() == expected);
  CHECK((poison - 1).overflow() == expected);
  CHECK((lists(2) * poison).overflow() == expected);
  CHECK((poison / 2).overflow() == expected);
  CHECK(min(poison, 1).overflow() == expected);
  CHECK(max(1, poison).overflow() == expected);
  CHECK(ceil_div(Amount(poison), 2).overflow() == expected);
  CHECK(round_up(Amount(poison), 2).overflow() == expected);
  CHECK(power_of_two(Amount(poison)).overflow() == expected);
  CHECK(more_than(Amount(poison), 1).overflow() == expected);
  CHECK(digits(Amount(poison)).overflow() == expected);
}

}  // namespace
}  // namespace kv
