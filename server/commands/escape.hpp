// Escapes in words between double quotes, as inline commands and redis-cli read them: \n \r \t \b
// \a, \xHH, and \c for any other c.
//
// Source: sdssplitargs() of Redis 7.
#pragma once

#include <cstdint>
#include <string_view>

namespace kv {

/// What an escape stands for, and how long it is behind its backslash.
struct Escape {
  char character;
  uint64_t bytes;
};

/// The value of a hexadecimal digit, or -1.
constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Reads the escape that `text`, behind the backslash, begins with. REQUIRES: !text.empty().
constexpr Escape read_escape(std::string_view text) {
  if (text[0] == 'x' && text.size() > 2) {
    const int high = hex_digit(text[1]);
    const int low = hex_digit(text[2]);
    if (high >= 0 && low >= 0) return {static_cast<char>(high * 16 + low), 3};
  }
  switch (text[0]) {
    case 'n':
      return {'\n', 1};
    case 'r':
      return {'\r', 1};
    case 't':
      return {'\t', 1};
    case 'b':
      return {'\b', 1};
    case 'a':
      return {'\a', 1};
    default:
      return {text[0], 1};
  }
}

}  // namespace kv
