// Sizes with units: parsing what people write, and printing bytes for them.
//
// KiB MiB GiB TiB are powers of 1024; kB MB GB TB powers of 1000; B and nothing are bytes.
// A bare k, m or g means different things to Redis, Kubernetes and the JVM and is rejected.
// Digits may be grouped with '_'. There are no fractions: a size is exact.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace kv {

struct SizeUnit {
  std::string_view name;
  uint64_t bytes;
};

inline constexpr auto size_units = std::to_array<SizeUnit>({
    {"B", 1},
    {"KiB", 1ULL << 10},
    {"MiB", 1ULL << 20},
    {"GiB", 1ULL << 30},
    {"TiB", 1ULL << 40},
    {"kB", 1000},
    {"MB", 1000 * 1000},
    {"GB", 1000ULL * 1000 * 1000},
    {"TB", 1000ULL * 1000 * 1000 * 1000},
});

enum class SizeError : uint8_t {
  none,
  empty,           ///< nothing was given
  not_a_number,    ///< does not begin with digits, or has a stray '_' or sign
  fraction,        ///< "1.5GiB"
  ambiguous_unit,  ///< a bare k, m, g, t, or Ki, Mi, … without the B
  unknown_unit,
  overflow,  ///< beyond 64 bits
};

struct SizeResult {
  SizeError error = SizeError::none;
  uint64_t value = 0;
  std::string_view unit;  ///< as written, for the message
  constexpr bool ok() const { return error == SizeError::none; }
};

namespace detail {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads digits grouped by single '_'. Leaves the rest in `text`.
constexpr SizeResult parse_digits(std::string_view& text) {
  SizeResult result;
  if (text.empty()) return {SizeError::empty, 0, {}};
  if (!is_digit(text.front())) return {SizeError::not_a_number, 0, {}};
  uint64_t i = 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '_') {
      const bool between = i + 1 < text.size() && is_digit(text[i + 1]) && is_digit(text[i - 1]);
      if (!between) return {SizeError::not_a_number, 0, {}};
      continue;
    }
    if (!is_digit(text[i])) break;
    const uint64_t digit = static_cast<uint64_t>(text[i] - '0');
    if (__builtin_mul_overflow(result.value, uint64_t{10}, &result.value) ||
        __builtin_add_overflow(result.value, digit, &result.value)) {
      return {SizeError::overflow, 0, {}};
    }
  }
  text.remove_prefix(i);
  return result;
}

constexpr bool is_ambiguous_unit(std::string_view unit) {
  constexpr std::string_view letters = "kKmMgGtT";
  if (unit.empty() || letters.find(unit.front()) == std::string_view::npos) return false;
  return unit.size() == 1 || (unit.size() == 2 && unit[1] == 'i');
}

}  // namespace detail

/// Parses "64MiB", "1_000_000", "16 kB". Spaces may stand before the unit.
constexpr SizeResult parse_size(std::string_view text) {
  SizeResult result = detail::parse_digits(text);
  if (!result.ok()) return result;
  if (!text.empty() && (text.front() == '.' || text.front() == ',')) {
    return {SizeError::fraction, 0, text};
  }
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  result.unit = text;
  if (text.empty()) return result;
  for (const SizeUnit& unit : size_units) {
    if (unit.name != text) continue;
    if (__builtin_mul_overflow(result.value, unit.bytes, &result.value)) {
      return {SizeError::overflow, 0, text};
    }
    return result;
  }
  const bool ambiguous = detail::is_ambiguous_unit(text);
  return {ambiguous ? SizeError::ambiguous_unit : SizeError::unknown_unit, 0, text};
}

/// Parses a count: digits grouped with '_', and nothing behind them.
constexpr SizeResult parse_count(std::string_view text) {
  SizeResult result = detail::parse_digits(text);
  if (!result.ok() || text.empty()) return result;
  if (text.front() == '.' || text.front() == ',') return {SizeError::fraction, 0, text};
  return {SizeError::unknown_unit, 0, text};
}

/// What a misspelt unit most likely meant ("k" → "KiB", "mb" → "MB", "gib" → "GiB"), or "".
constexpr std::string_view suggest_unit(std::string_view unit) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  for (const SizeUnit& known : size_units) {
    if (known.name.size() != unit.size()) continue;
    bool same = true;
    for (uint64_t i = 0; i < unit.size(); ++i)
      same = same && lower(unit[i]) == lower(known.name[i]);
    if (same) return known.name;
  }
  if (!detail::is_ambiguous_unit(unit)) return {};
  for (const SizeUnit& known : size_units) {
    if (known.name.size() == 3 && lower(known.name[0]) == lower(unit[0])) return known.name;
  }
  return {};
}

}  // namespace kv
