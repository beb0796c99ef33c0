#include "planner/glob.hpp"

#include <cstdint>

namespace kv {

namespace {

/// Matches a set such as [a-z] at the start of `pattern`, and moves behind it. A '[' that is
/// never closed stands for itself.
bool set_matches(std::string_view& pattern, char c) {
  const auto close = pattern.find(']', pattern.substr(1, 1) == "!" ? 3 : 2);
  if (close == std::string_view::npos) {
    pattern.remove_prefix(1);
    return c == '[';
  }
  std::string_view set = pattern.substr(1, close - 1);
  pattern.remove_prefix(close + 1);
  const bool negated = set.front() == '!';
  if (negated) set.remove_prefix(1);
  bool found = false;
  for (uint64_t i = 0; i < set.size(); ++i) {
    const bool range = i + 2 < set.size() && set[i + 1] == '-';
    found = found || (c >= set[i] && c <= set[range ? i + 2 : i]);
    if (range) i += 2;
  }
  return found != negated && c != '/';
}

/// Whether the pattern matches without its last star, which may have to take more.
struct Star {
  std::string_view pattern;  ///< behind the star
  std::string_view text;     ///< that the star has not taken yet
  bool crosses = false;      ///< "**"
  bool seen = false;

  /// Lets the star take one more character. Returns whether it may.
  bool take_more(std::string_view& rest_of_pattern, std::string_view& rest_of_text) {
    if (!seen || text.empty() || (!crosses && text.front() == '/')) return false;
    text.remove_prefix(1);
    rest_of_pattern = pattern;
    rest_of_text = text;
    return true;
  }
};

/// Backtracks to the last '*', and to the last '**' where that is not enough: a later star of
/// the same kind makes an earlier one unnecessary, so the time is bounded by a product.
bool matches(std::string_view pattern, std::string_view text) {
  Star within;
  Star across;
  while (!text.empty() || !pattern.empty()) {
    if (pattern.substr(0, 2) == "**") {
      pattern.remove_prefix(2);
      if (pattern.substr(0, 1) == "/") {  // "a/**/b" matches "a/b" too
        if (matches(pattern.substr(1), text)) return true;
      }
      across = {pattern, text, true, true};
      within = {};
      continue;
    }
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      within = {pattern, text, false, true};
      continue;
    }
    bool same = false;
    if (!pattern.empty() && !text.empty()) {
      if (pattern.front() == '[') {
        same = set_matches(pattern, text.front());
      } else {
        same = pattern.front() == text.front() || (pattern.front() == '?' && text.front() != '/');
        pattern.remove_prefix(1);
      }
      text.remove_prefix(1);
    }
    if (same) continue;
    if (within.take_more(pattern, text)) continue;
    within = {};
    if (!across.take_more(pattern, text)) return false;
  }
  return true;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view path) {
  if (pattern.find('/') == std::string_view::npos) {
    const auto slash = path.rfind('/');
    if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  }
  return matches(pattern, path);
}

}  // namespace kv
