// Text in requests: numbers as Redis reads them, words without regard to case, patterns.
// Nothing here copies or allocates.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kv {

/// A decimal integer with nothing around it: no plus sign, no blanks, no leading zeros, no
/// minus zero, within 64 bits. Source: string2ll() of Redis 7.
std::optional<int64_t> parse_integer(std::string_view text);

/// Whether two texts are the same but for the case of ASCII letters.
bool same_word(std::string_view a, std::string_view b);

/// Whether `text` matches the pattern, without regard to case. See glob.hpp.
bool matches_pattern(std::string_view text, std::string_view pattern);

/// The ASCII letter in lower case; any other byte as it is.
constexpr char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// What C's "%.*s" prints of a word: errors quote up to a NUL, as those of Redis do.
std::string_view printed(std::string_view word, uint64_t bytes_max = UINT64_MAX);

}  // namespace kv
