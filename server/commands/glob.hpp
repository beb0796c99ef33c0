// Glob patterns as Redis has them: * ? [a-z] [^a] and \x.
//
// The text is read forwards only, so that a key can be matched where it lies, block by block.
// Takes at most pattern × text steps. Source: stringmatchlen() of Redis 7.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "server/commands/text.hpp"

namespace kv {

enum class LetterCase : uint8_t { differs, is_ignored };

namespace detail {

constexpr char folded(char c, LetterCase letters) {
  return letters == LetterCase::is_ignored ? lower_case(c) : c;
}

/// Matches one character against the set at the pattern's front, and removes that.
constexpr bool matches_set(char c, std::string_view& pattern, LetterCase letters) {
  pattern.remove_prefix(1);
  const bool negated = pattern.starts_with('^');
  if (negated) pattern.remove_prefix(1);
  bool found = false;
  while (!pattern.empty() && pattern[0] != ']') {
    if (pattern[0] == '\\' && pattern.size() >= 2) {
      found = found || folded(pattern[1], letters) == c;
      pattern.remove_prefix(2);
    } else if (pattern.size() >= 3 && pattern[1] == '-') {
      const char a = folded(pattern[0], letters);
      const char b = folded(pattern[2], letters);
      found = found || (std::min(a, b) <= c && c <= std::max(a, b));
      pattern.remove_prefix(3);
    } else {
      found = found || folded(pattern[0], letters) == c;
      pattern.remove_prefix(1);
    }
  }
  if (!pattern.empty()) pattern.remove_prefix(1);
  return found != negated;
}

/// Matches one character against the pattern's front, and removes that from the pattern.
constexpr bool matches_one(char c, std::string_view& pattern, LetterCase letters) {
  c = folded(c, letters);
  if (pattern[0] == '[') return matches_set(c, pattern, letters);
  const bool any = pattern[0] == '?';
  if (pattern[0] == '\\' && pattern.size() >= 2) pattern.remove_prefix(1);
  const bool same = any || folded(pattern[0], letters) == c;
  pattern.remove_prefix(1);
  return same;
}

}  // namespace detail

/// Whether the text matches. Text is copied to come back to a place; it has empty(), front() and
/// pop().
template <class Text>
constexpr bool matches_glob(Text text, std::string_view pattern, LetterCase letters) {
  // Redis takes even "**" not to match the empty text. Source: stringmatchlen() of Redis 7.
  if (text.empty()) return pattern.empty();
  // After a mismatch the last star takes one character more; earlier stars need no retry.
  Text star_text = text;
  std::string_view star_pattern;
  bool after_star = false;
  while (!text.empty()) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      if (pattern.empty()) return true;
      star_text = text;
      star_pattern = pattern;
      after_star = true;
      continue;
    }
    if (!pattern.empty() && detail::matches_one(text.front(), pattern, letters)) {
      text.pop();
      continue;
    }
    if (!after_star) return false;
    star_text.pop();
    text = star_text;
    pattern = star_pattern;
  }
  return pattern.find_first_not_of('*') == std::string_view::npos;
}

}  // namespace kv
