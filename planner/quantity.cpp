#include "planner/quantity.hpp"

#include <array>

namespace kv {

namespace {

__extension__ using Wide = unsigned __int128;

constexpr uint64_t value_max = INT64_MAX;
constexpr uint64_t digits_max = 18;  ///< so that digits × 1024^6 stay within 128 bits

struct Suffix {
  std::string_view name;
  uint64_t multiplier;
  uint64_t divisor = 1;
};

constexpr auto kubernetes_suffixes = std::to_array<Suffix>({
    {"", 1},
    {"Ki", 1ULL << 10},
    {"Mi", 1ULL << 20},
    {"Gi", 1ULL << 30},
    {"Ti", 1ULL << 40},
    {"Pi", 1ULL << 50},
    {"Ei", 1ULL << 60},
    {"n", 1, 1'000'000'000},
    {"u", 1, 1'000'000},
    {"m", 1, 1000},
    {"k", 1000},
    {"M", 1'000'000},
    {"G", 1'000'000'000},
    {"T", 1'000'000'000'000},
    {"P", 1'000'000'000'000'000},
    {"E", 1'000'000'000'000'000'000},
});

constexpr auto compose_suffixes = std::to_array<Suffix>({
    {"", 1},
    {"b", 1},
    {"k", 1ULL << 10},
    {"kb", 1ULL << 10},
    {"m", 1ULL << 20},
    {"mb", 1ULL << 20},
    {"g", 1ULL << 30},
    {"gb", 1ULL << 30},
});

constexpr auto systemd_suffixes = std::to_array<Suffix>({
    {"", 1},
    {"B", 1},
    {"K", 1ULL << 10},
    {"M", 1ULL << 20},
    {"G", 1ULL << 30},
    {"T", 1ULL << 40},
    {"P", 1ULL << 50},
    {"E", 1ULL << 60},
});

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A decimal number: mantissa / 10^scale.
struct Decimal {
  uint64_t mantissa = 0;
  uint64_t scale = 0;
  bool ok = false;
};

/// Reads "12", "1.5", ".5" or "5." and leaves the rest in `text`.
Decimal take_decimal(std::string_view& text) {
  Decimal out;
  uint64_t digits = 0;
  bool behind_point = false;
  uint64_t at = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !behind_point) {
      behind_point = true;
      continue;
    }
    if (!is_digit(text[at])) break;
    out.ok = true;
    if (out.mantissa == 0 && text[at] == '0' && !behind_point) continue;
    if (++digits > digits_max) return {};
    out.mantissa = out.mantissa * 10 + static_cast<uint64_t>(text[at] - '0');
    out.scale += behind_point ? 1 : 0;
  }
  text.remove_prefix(at);
  return out;
}

constexpr Wide power_of_ten(uint64_t exponent) {
  Wide out = 1;
  for (; exponent > 0; --exponent) out *= 10;
  return out;
}

uint64_t rounded_up(Wide numerator, Wide denominator) {
  const Wide value = (numerator + denominator - 1) / denominator;
  return value > value_max ? UINT64_MAX : static_cast<uint64_t>(value);
}

/// "e6", "E-3": the exponent form of Kubernetes.
std::optional<uint64_t> with_exponent(const Decimal& number, std::string_view text) {
  text.remove_prefix(1);
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  if (text.empty() || text.size() > 2) return {};
  uint64_t exponent = 0;
  for (const char c : text) {
    if (!is_digit(c)) return {};
    exponent = exponent * 10 + static_cast<uint64_t>(c - '0');
  }
  if (exponent > digits_max) {
    if (number.mantissa == 0) return 0;
    return negative ? 1 : UINT64_MAX;
  }
  const Wide power = power_of_ten(exponent);
  const Wide scale = power_of_ten(number.scale);
  return negative ? rounded_up(number.mantissa, scale * power)
                  : rounded_up(number.mantissa * power, scale);
}

template <typename Suffixes>
std::optional<uint64_t> with_suffix(const Decimal& number, std::string_view suffix,
                                    const Suffixes& suffixes) {
  for (const Suffix& known : suffixes) {
    if (known.name != suffix) continue;
    return rounded_up(Wide{number.mantissa} * known.multiplier,
                      power_of_ten(number.scale) * known.divisor);
  }
  return {};
}

}  // namespace

std::optional<uint64_t> parse_quantity(std::string_view text, QuantityRules rules) {
  if (rules == QuantityRules::systemd && text == "infinity") return UINT64_MAX;
  if (rules == QuantityRules::kubernetes && text.starts_with('+')) text.remove_prefix(1);
  const Decimal number = take_decimal(text);
  if (!number.ok) return {};
  switch (rules) {
    case QuantityRules::kubernetes: {
      const bool exponent =
          text.size() > 1 && (text.front() == 'e' || text.front() == 'E') && text[1] != 'i';
      return exponent ? with_exponent(number, text)
                      : with_suffix(number, text, kubernetes_suffixes);
    }
    case QuantityRules::compose: {
      std::array<char, 2> lower = {};
      if (text.size() > lower.size()) return {};
      for (uint64_t i = 0; i < text.size(); ++i) {
        const bool capital = text[i] >= 'A' && text[i] <= 'Z';
        lower[i] = static_cast<char>(capital ? text[i] - 'A' + 'a' : text[i]);
      }
      return with_suffix(number, {lower.data(), text.size()}, compose_suffixes);
    }
    case QuantityRules::systemd:
      break;
  }
  return with_suffix(number, text, systemd_suffixes);
}

}  // namespace kv
