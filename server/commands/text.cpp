#include "server/commands/text.hpp"

#include <algorithm>
#include <charconv>

namespace kv {

std::optional<int64_t> parse_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty()) return std::nullopt;
  if (digits[0] == '0' && (negative || digits.size() > 1)) return std::nullopt;
  if (digits[0] < '0' || digits[0] > '9') return std::nullopt;
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_case(x) == lower_case(y); });
}

namespace {

/// Matches one character against the pattern's front, and removes that from the pattern.
bool matches_set(char c, std::string_view& pattern) {
  pattern.remove_prefix(1);
  const bool negated = pattern.starts_with('^');
  if (negated) pattern.remove_prefix(1);
  bool found = false;
  while (!pattern.empty() && pattern[0] != ']') {
    if (pattern[0] == '\\' && pattern.size() >= 2) {
      found = found || lower_case(pattern[1]) == c;
      pattern.remove_prefix(2);
    } else if (pattern.size() >= 3 && pattern[1] == '-') {
      const char a = lower_case(pattern[0]);
      const char b = lower_case(pattern[2]);
      found = found || (std::min(a, b) <= c && c <= std::max(a, b));
      pattern.remove_prefix(3);
    } else {
      found = found || lower_case(pattern[0]) == c;
      pattern.remove_prefix(1);
    }
  }
  if (!pattern.empty()) pattern.remove_prefix(1);
  return found != negated;
}

bool matches_one(char c, std::string_view& pattern) {
  c = lower_case(c);
  if (pattern[0] == '[') return matches_set(c, pattern);
  const bool any = pattern[0] == '?';
  if (pattern[0] == '\\' && pattern.size() >= 2) pattern.remove_prefix(1);
  const bool same = any || lower_case(pattern[0]) == c;
  pattern.remove_prefix(1);
  return same;
}

}  // namespace

bool matches_pattern(std::string_view text, std::string_view pattern) {
  // After a mismatch the last star takes one character more; earlier stars need no retry.
  std::string_view star_text;
  std::string_view star_pattern;
  bool after_star = false;
  while (!text.empty()) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      star_text = text;
      star_pattern = pattern;
      after_star = true;
      continue;
    }
    if (!pattern.empty() && matches_one(text[0], pattern)) {
      text.remove_prefix(1);
      continue;
    }
    if (!after_star) return false;
    star_text.remove_prefix(1);
    text = star_text;
    pattern = star_pattern;
  }
  return pattern.find_first_not_of('*') == std::string_view::npos;
}

}  // namespace kv
