// Numbers and replies as text, for the model: the shortest way to write them, with none of the
// server's own functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kv::sim {

inline const std::string wrong_type =
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
inline const std::string no_integer = "-ERR value is not an integer or out of range\r\n";
inline const std::string no_syntax = "-ERR syntax error\r\n";
inline const std::string ok = "+OK\r\n";

inline std::string error(const std::string& text) { return "-ERR " + text + "\r\n"; }
inline std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}
inline std::string integer(int64_t value) { return ":" + std::to_string(value) + "\r\n"; }
inline std::string array(uint64_t count) { return "*" + std::to_string(count) + "\r\n"; }

/// A decimal number of 64 bits as Redis takes it: written the one way that it is printed.
inline std::optional<int64_t> to_integer(const std::string& text) {
  if (text.empty() || text.size() > 20) return {};
  __extension__ __int128 value = 0;
  const bool negative = text[0] == '-';
  for (const char c : text.substr(negative ? 1 : 0)) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + (c - '0');
  }
  if (negative) value = -value;
  if (value < INT64_MIN || value > INT64_MAX) return {};
  const auto number = static_cast<int64_t>(value);
  if (std::to_string(number) != text) return {};
  return number;
}

inline std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}
inline std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

}  // namespace kv::sim
