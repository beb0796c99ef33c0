#include "kvcore/load/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "kvcore/plan/size.hpp"

namespace kv::words {

namespace {

constexpr uint64_t quoted_bytes_max = 60;

/// Adds the sequence that `text` begins with, or its first byte escaped. Returns its bytes.
uint64_t add_printable(std::string& out, std::string_view text) {
  const uint64_t bytes = printable_bytes(text);
  out += bytes > 0 ? std::string(text.substr(0, bytes))
                   : fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
  return std::max<uint64_t>(bytes, 1);
}

}  // namespace

std::string did_you_mean(std::string_view word) {
  return word.empty() ? std::string() : fmt::format("did you mean '{}'?", word);
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) text.remove_prefix(add_printable(out, text));
  return out;
}

std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (uint64_t i = 0; i < text.size();) {
    if (i >= quoted_bytes_max) {
      out += "...";
      break;
    }
    i += add_printable(out, text.substr(i));
  }
  return out + "'";
}

std::string grouped(uint64_t value) {
  std::string out = std::to_string(value);
  for (uint64_t i = out.size(); i > 3; i -= 3) out.insert(i - 3, 1, ',');
  return out;
}

std::string counted(uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(count), noun, count == 1 ? "" : "s");
}

std::string exact_size(uint64_t bytes) {
  const SizeUnit* best = nullptr;
  for (const SizeUnit& unit : size_units) {
    const bool binary = unit.name.size() == 3;
    if (binary && bytes > 0 && bytes % unit.bytes == 0) best = &unit;
  }
  return best ? fmt::format("{}{}", bytes / best->bytes, best->name) : std::to_string(bytes);
}

std::string round_size(uint64_t bytes) {
  const SizeUnit* best = nullptr;
  for (const SizeUnit& unit : size_units) {
    if (unit.name.size() == 3 && unit.bytes <= bytes / 100) best = &unit;
  }
  if (!best) return std::to_string(bytes);
  const uint64_t count = bytes / best->bytes + (bytes % best->bytes == 0 ? 0 : 1);
  return fmt::format("{}{}", count, best->name);
}

std::string exact_time(uint64_t milliseconds) {
  constexpr std::pair<std::string_view, uint64_t> units[] = {
      {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};
  for (const auto& [name, unit] : units) {
    if (milliseconds > 0 && milliseconds % unit == 0) {
      return fmt::format("{}{}", milliseconds / unit, name);
    }
  }
  return fmt::format("{}ms", milliseconds);
}

std::string plain_or_quoted(std::string_view text) {
  constexpr uint64_t plain_bytes_max = 40;
  const bool plain = !text.empty() && text.size() <= plain_bytes_max &&
                     text.find_first_not_of(
                         "0123456789abcdefghijklmnopqrstuvwxyz"
                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:/") == std::string_view::npos;
  return plain ? std::string(text) : in_quotes(text);
}

uint64_t sequence_bytes(std::string_view text) {
  const auto at = [&](uint64_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continues = [&](uint64_t i) { return (at(i) & 0xc0u) == 0x80u; };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0 && continues(1)) {
    return 2;
  }
  if (first >= 0xe0 && first < 0xf0 && continues(1) && continues(2)) {
    const bool overlong = first == 0xe0 && at(1) < 0xa0;
    const bool surrogate = first == 0xed && at(1) >= 0xa0;
    return overlong || surrogate ? 0 : 3;
  }
  if (first >= 0xf0 && first < 0xf5 && continues(1) && continues(2) && continues(3)) {
    const bool overlong = first == 0xf0 && at(1) < 0x90;
    const bool beyond = first == 0xf4 && at(1) >= 0x90;
    return overlong || beyond ? 0 : 4;
  }
  return 0;
}

uint64_t printable_bytes(std::string_view text) {
  const uint64_t bytes = sequence_bytes(text);
  if (bytes == 1 && (text[0] < 0x20 || text[0] == 0x7f)) return 0;
  const bool c1 = bytes == 2 && text[0] == '\xc2' && static_cast<unsigned char>(text[1]) < 0xa0;
  return c1 ? 0 : bytes;
}

}  // namespace kv::words
