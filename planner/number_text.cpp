#include "planner/number_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kvcore/memory/assert.hpp"

namespace kv {

std::string human_size(uint64_t bytes) {
  constexpr std::array<std::string_view, 7> units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  // Tenths are rounded in the unit below, so that 1,048,575 bytes are 1.0 MiB, not 1024.0 KiB.
  for (uint64_t i = 1; i < units.size(); ++i) {
    const uint64_t unit = 1ULL << (10 * i);
    const uint64_t tenths = (bytes / unit) * 10 + ((bytes % unit) * 10 + unit / 2) / unit;
    if (tenths < 10240 || i + 1 == units.size()) {
      return fmt::format("{}.{} {}", tenths / 10, tenths % 10, units[i]);
    }
  }
  return {};
}

std::string percent(uint64_t part, uint64_t whole) {
  if (part == 0 || whole == 0) return "";
  const double share = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  if (share < 0.05) return "<0.1 %";
  return fmt::format("{:.1f} %", share);
}

std::string bar(uint64_t part, uint64_t whole, uint64_t width) {
  constexpr std::array<std::string_view, 8> eighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (whole == 0) return "";
  const double share = std::min(1.0, static_cast<double>(part) / static_cast<double>(whole));
  const auto length = static_cast<uint64_t>(share * static_cast<double>(width * 8) + 0.5);
  std::string text;
  for (uint64_t i = 0; i < length / 8; ++i) text += "█";
  text += eighths[length % 8];
  return text;
}

std::string decimal(uint64_t numerator, uint64_t denominator) {
  KV_ASSERT(denominator > 0);
  uint64_t whole = numerator / denominator;
  const uint64_t rest = numerator % denominator;
  uint64_t hundredths = (rest * 100 + denominator / 2) / denominator;
  if (hundredths == 100) {
    whole += 1;
    hundredths = 0;
  }
  return fmt::format("{}.{:02}", grouped(whole), hundredths);
}

std::string difference(uint64_t from, uint64_t to) {
  if (from == to) return "0";
  return to > from ? fmt::format("+{}", grouped(to - from))
                   : fmt::format("-{}", grouped(from - to));
}

std::string raw_difference(uint64_t from, uint64_t to) {
  return to >= from ? std::to_string(to - from) : fmt::format("-{}", from - to);
}

std::string growth(uint64_t from, uint64_t to) {
  if (from == to) return "";
  if (from == 0) return "new";
  __extension__ using Wide = unsigned __int128;
  const uint64_t change = to > from ? to - from : from - to;
  const Wide tenths = (static_cast<Wide>(change) * 1000 + from / 2) / from;
  constexpr uint64_t shown_max = 999'999;  // beyond that, a percentage says nothing
  if (tenths > shown_max) return to > from ? "> +99,999 %" : "-100.0 %";
  const auto shown = static_cast<uint64_t>(tenths);
  const char* sign = shown == 0 ? "" : to > from ? "+" : "-";
  return fmt::format("{}{}.{} %", sign, grouped(shown / 10), shown % 10);
}

}  // namespace kv
