// Checked arithmetic for counts and bytes.
//
// An Amount is a uint64_t that remembers which option made it large. Arithmetic that does
// not fit in 64 bits poisons the result, and the poison names the two options that were
// multiplied (or added), so that the error can say which product is too large. Everything
// is constexpr and free of the operating system; an Amount lives on the stack while a plan is
// computed, nowhere else.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "kvcore/plan/option_id.hpp"

namespace kv {

/// The two options whose combination does not fit in 64 bits.
struct Overflow {
  Option left = Option::none;
  Option right = Option::none;

  constexpr bool operator==(const Overflow&) const = default;
};

namespace detail {

/// An option that contributed, and its value in the config.
struct Cause {
  Option option = Option::none;
  uint64_t value = 0;
};

/// The two largest options behind a number.
class Causes {
 public:
  constexpr void note(Cause cause) {
    if (cause.option == Option::none || cause.option == first_.option) return;
    if (first_.option == Option::none || cause.value > first_.value) {
      second_ = first_;
      first_ = cause;
    } else if (second_.option == Option::none || cause.value > second_.value) {
      second_ = cause;
    }
  }
  constexpr void note(const Causes& others) {
    note(others.first_);
    note(others.second_);
  }
  constexpr Overflow overflow() const { return {first_.option, second_.option}; }

 private:
  Cause first_;
  Cause second_;
};

struct NoCauses {
  constexpr void note(Cause) {}
  constexpr void note(const NoCauses&) {}
  constexpr Overflow overflow() const { return {}; }
};

}  // namespace detail

/// `tracks`: whether the options behind a number are kept. Without, an operation is a machine
/// instruction and a flag; plan() counts on that and repeats an overflow with tracking.
template <bool tracks>
class BasicAmount {
 public:
  constexpr BasicAmount() = default;
  constexpr BasicAmount(uint64_t value) : value_(value) {}  // NOLINT: a literal is an amount
  constexpr BasicAmount(uint64_t value, Option cause) : value_(value) {
    causes_.note({cause, value});
  }

  /// The number. Meaningless when !ok().
  constexpr uint64_t value() const { return value_; }
  constexpr bool ok() const { return !poisoned_; }
  /// The two largest options behind this number; none without tracking. REQUIRES: !ok().
  constexpr Overflow overflow() const { return causes_.overflow(); }

  friend constexpr BasicAmount operator+(BasicAmount a, BasicAmount b) {
    BasicAmount sum = a.value_ >= b.value_ ? a : b;
    const bool wrapped = __builtin_add_overflow(a.value_, b.value_, &sum.value_);
    return sum.settle(a, b, wrapped);
  }

  /// A difference below zero is a bug in a formula, not in a config: it poisons too.
  friend constexpr BasicAmount operator-(BasicAmount a, BasicAmount b) {
    BasicAmount difference = a;
    const bool wrapped = __builtin_sub_overflow(a.value_, b.value_, &difference.value_);
    return difference.settle(a, b, wrapped);
  }

  friend constexpr BasicAmount operator*(BasicAmount a, BasicAmount b) {
    BasicAmount product = a;
    product.causes_.note(b.causes_);
    const bool wrapped = __builtin_mul_overflow(a.value_, b.value_, &product.value_);
    return product.settle(a, b, wrapped);
  }

  /// Rounds down. A division by zero poisons.
  friend constexpr BasicAmount operator/(BasicAmount a, BasicAmount b) {
    BasicAmount quotient = a;
    if (b.value_ != 0) quotient.value_ = a.value_ / b.value_;
    return quotient.settle(a, b, b.value_ == 0);
  }

  friend constexpr BasicAmount min(BasicAmount a, BasicAmount b) {
    return (a.value_ <= b.value_ ? a : b).settle(a, b, false);
  }

  friend constexpr BasicAmount max(BasicAmount a, BasicAmount b) {
    return (a.value_ >= b.value_ ? a : b).settle(a, b, false);
  }

  /// a / b, rounded up.
  friend constexpr BasicAmount ceil_div(BasicAmount a, BasicAmount b) {
    const BasicAmount floor = a / b;
    return floor.ok() && floor.value_ * b.value_ != a.value_ ? floor + 1 : floor;
  }

  /// The least multiple of `unit` that is at least `a`.
  friend constexpr BasicAmount round_up(BasicAmount a, BasicAmount unit) {
    return ceil_div(a, unit) * unit;
  }

  /// The least power of two that is at least `a`, and at least 1.
  friend constexpr BasicAmount power_of_two(BasicAmount a) {
    constexpr uint64_t largest = uint64_t{1} << 63;
    BasicAmount power = a;
    power.value_ = a.value_ > largest ? 0 : std::bit_ceil(a.value_);
    return power.settle(a, a, a.value_ > largest);
  }

  /// 1 if a > b, else 0: turns a term on or off.
  friend constexpr BasicAmount more_than(BasicAmount a, BasicAmount b) {
    return BasicAmount(a.value_ > b.value_ ? 1 : 0).settle(a, b, false);
  }

  /// Decimal digits of `a`; one for zero. Source: RESP writes lengths in decimal.
  friend constexpr BasicAmount digits(BasicAmount a) {
    uint64_t count = 1;
    for (uint64_t power = 10; count < 20 && a.value_ >= power; power *= 10) ++count;
    return BasicAmount(count).settle(a, a, false);
  }

 private:
  /// Makes this the result of an operation on a and b: poisoned when one of them was, or when
  /// the operation itself did not fit.
  constexpr BasicAmount settle(const BasicAmount& a, const BasicAmount& b, bool wrapped) const {
    if (!a.poisoned_ && !b.poisoned_ && !wrapped) return *this;
    if (a.poisoned_) return a;
    if (b.poisoned_) return b;
    BasicAmount result = a;
    result.causes_.note(b.causes_);
    result.poisoned_ = true;
    return result;
  }

  uint64_t value_ = 0;
  [[no_unique_address]] std::conditional_t<tracks, detail::Causes, detail::NoCauses> causes_;
  bool poisoned_ = false;
};

using Amount = BasicAmount<true>;
using QuickAmount = BasicAmount<false>;

}  // namespace kv
