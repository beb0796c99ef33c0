// Checked arithmetic for counts and bytes.
//
// An Amount is a uint64_t that remembers which option made it large. Arithmetic that does
// not fit in 64 bits poisons the result, and the poison names the two options that were
// multiplied (or added), so that the error can say which product is too large. Everything
// is constexpr and free of the operating system; an Amount lives on the stack while a plan is
// computed, nowhere else.
#pragma once

#include <cstdint>

#include "kvcore/plan/option_id.hpp"

namespace kv {

/// The two options whose combination does not fit in 64 bits.
struct Overflow {
  Option left = Option::none;
  Option right = Option::none;

  constexpr bool operator==(const Overflow&) const = default;
};

class Amount {
 public:
  constexpr Amount() = default;
  constexpr Amount(uint64_t value) : value_(value) {}  // NOLINT: a literal is an amount
  constexpr Amount(uint64_t value, Option cause) : value_(value), first_{cause, value} {}

  /// The number. Meaningless when !ok().
  constexpr uint64_t value() const { return value_; }
  constexpr bool ok() const { return !poisoned_; }
  /// The two largest options behind this number. REQUIRES: !ok().
  constexpr Overflow overflow() const { return {first_.option, second_.option}; }

  friend constexpr Amount operator+(Amount a, Amount b) {
    if (!a.ok() || !b.ok()) return a.ok() ? b : a;
    Amount sum = a.value_ >= b.value_ ? a : b;
    if (__builtin_add_overflow(a.value_, b.value_, &sum.value_)) return poison(a, b);
    return sum;
  }

  /// A difference below zero is a bug in a formula, not in a config: it poisons too.
  friend constexpr Amount operator-(Amount a, Amount b) {
    if (!a.ok() || !b.ok()) return a.ok() ? b : a;
    if (a.value_ < b.value_) return poison(a, b);
    a.value_ -= b.value_;
    return a;
  }

  friend constexpr Amount operator*(Amount a, Amount b) {
    if (!a.ok() || !b.ok()) return a.ok() ? b : a;
    Amount product = combine(a, b);
    if (__builtin_mul_overflow(a.value_, b.value_, &product.value_)) return poison(a, b);
    return product;
  }

  /// Rounds down. A division by zero poisons.
  friend constexpr Amount operator/(Amount a, Amount b) {
    if (!a.ok() || !b.ok()) return a.ok() ? b : a;
    if (b.value_ == 0) return poison(a, b);
    a.value_ /= b.value_;
    return a;
  }

  friend constexpr Amount min(Amount a, Amount b) {
    if (!a.ok() || !b.ok()) return a.ok() ? b : a;
    return a.value_ <= b.value_ ? a : b;
  }

  friend constexpr Amount max(Amount a, Amount b) {
    if (!a.ok() || !b.ok()) return a.ok() ? b : a;
    return a.value_ >= b.value_ ? a : b;
  }

 private:
  /// An option that contributed, and its value in the config.
  struct Cause {
    Option option = Option::none;
    uint64_t value = 0;
  };

  constexpr void note(Cause cause) {
    if (cause.option == Option::none || cause.option == first_.option) return;
    if (first_.option == Option::none || cause.value > first_.value) {
      second_ = first_;
      first_ = cause;
    } else if (second_.option == Option::none || cause.value > second_.value) {
      second_ = cause;
    }
  }

  /// The two largest options behind either.
  static constexpr Amount combine(Amount a, Amount b) {
    a.note(b.first_);
    a.note(b.second_);
    return a;
  }

  static constexpr Amount poison(Amount a, Amount b) {
    Amount result = combine(a, b);
    result.poisoned_ = true;
    return result;
  }

  uint64_t value_ = 0;
  Cause first_;
  Cause second_;
  bool poisoned_ = false;
};

/// a / b, rounded up. REQUIRES: b > 0.
constexpr Amount ceil_div(Amount a, Amount b) {
  const Amount floor = a / b;
  if (!floor.ok()) return floor;
  return floor.value() * b.value() == a.value() ? floor : floor + 1;
}

/// The least multiple of `unit` that is at least `a`. REQUIRES: unit > 0.
constexpr Amount round_up(Amount a, Amount unit) { return ceil_div(a, unit) * unit; }

/// The least power of two that is at least `a`, and at least 1.
constexpr Amount power_of_two(Amount a) {
  Amount power = 1;
  while (a.ok() && power.ok() && power.value() < a.value()) power = power * 2;
  return a.ok() ? power : a;
}

/// 1 if a > b, else 0: turns a term on or off.
constexpr Amount more_than(Amount a, Amount b) {
  if (!a.ok() || !b.ok()) return a.ok() ? b : a;
  return a.value() > b.value() ? 1 : 0;
}

/// Decimal digits of `a`; one for zero. Source: RESP writes lengths in decimal.
constexpr Amount digits(Amount a) {
  if (!a.ok()) return a;
  uint64_t count = 1;
  for (uint64_t rest = a.value(); rest >= 10; rest /= 10) ++count;
  return count;
}

}  // namespace kv
