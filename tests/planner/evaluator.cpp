#include "tests/planner/evaluator.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace kv {

namespace {

class Calculator {
 public:
  explicit Calculator(std::string_view text) : rest_(text) {}

  uint64_t all() {
    const uint64_t value = sum();
    if (!rest_.empty()) fail();
    return value;
  }

 private:
  [[noreturn]] void fail() const {
    throw std::runtime_error("cannot evaluate at: " + std::string(rest_));
  }

  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  void need(std::string_view token) {
    if (!take(token)) fail();
  }

  uint64_t sum() {
    uint64_t value = product();
    for (;;) {
      if (take(" + ")) {
        value += product();
      } else if (take(" - ")) {
        value -= product();
      } else {
        return value;
      }
    }
  }

  uint64_t product() {
    uint64_t value = atom();
    while (take(" × ")) value *= atom();
    return value;
  }

  std::vector<uint64_t> arguments() {
    std::vector<uint64_t> values = {sum()};
    while (take(", ")) values.push_back(sum());
    need(")");
    return values;
  }

  /// A numerator may be a product; a denominator is an atom or stands in parentheses.
  uint64_t quotient(bool up) {
    const uint64_t above = product();
    need(" / ");
    const uint64_t below = atom();
    need(")");
    return up ? (above + below - 1) / below : above / below;
  }

  uint64_t power_of_two(uint64_t least) {
    uint64_t power = 1;
    while (power < least) power *= 2;
    return power;
  }

  uint64_t atom() {
    if (take("ceil(")) return quotient(true);
    if (take("floor(")) return quotient(false);
    if (take("min(")) {
      const auto values = arguments();
      return *std::min_element(values.begin(), values.end());
    }
    if (take("max(")) {
      const auto values = arguments();
      return *std::max_element(values.begin(), values.end());
    }
    if (take("round_up(")) {
      const auto values = arguments();
      if (values.size() != 2) fail();
      return (values[0] + values[1] - 1) / values[1] * values[1];
    }
    if (take("power_of_two(")) return power_of_two(arguments().at(0));
    if (take("(1 if ")) {
      const uint64_t left = sum();
      need(" > ");
      const uint64_t right = sum();
      need(" else 0)");
      return left > right ? 1 : 0;
    }
    if (take("(")) {
      const uint64_t value = sum();
      need(")");
      return value;
    }
    return number();
  }

  /// A comma belongs to a number when a digit follows it, not a space.
  uint64_t number() {
    uint64_t value = 0;
    uint64_t digits = 0;
    while (!rest_.empty()) {
      const bool grouping =
          rest_.size() > 1 && rest_[0] == ',' && rest_[1] >= '0' && rest_[1] <= '9';
      if (grouping) rest_.remove_prefix(1);
      if (rest_[0] < '0' || rest_[0] > '9') break;
      value = value * 10 + static_cast<uint64_t>(rest_[0] - '0');
      rest_.remove_prefix(1);
      ++digits;
    }
    if (digits == 0) fail();
    return value;
  }

  std::string_view rest_;
};

}  // namespace

uint64_t evaluate(std::string_view formula) { return Calculator(formula).all(); }

}  // namespace kv
