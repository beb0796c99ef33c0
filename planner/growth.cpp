#include "planner/growth.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kvcore/plan/size.hpp"
#include "kvcore/plan/units.hpp"
#include "planner/number_text.hpp"

namespace kv {

namespace {

constexpr uint64_t millis_of_one_percent = 1000;
constexpr uint64_t decimals_max = 3;

/// "2.5" as 2500.
std::optional<uint64_t> parse_millis(std::string_view text) {
  const auto dot = text.find('.');
  const SizeResult whole = parse_count(text.substr(0, dot));
  constexpr uint64_t percent_max = 1'000'000;
  if (!whole.ok() || whole.value > percent_max) return {};
  uint64_t millis = whole.value * millis_of_one_percent;
  if (dot == std::string_view::npos) return millis;
  const std::string_view decimals = text.substr(dot + 1);
  const bool digits = decimals.find_first_not_of("0123456789") == std::string_view::npos;
  if (decimals.empty() || decimals.size() > decimals_max || !digits) return {};
  uint64_t unit = millis_of_one_percent;
  for (const char digit : decimals) {
    unit /= 10;
    millis += unit * static_cast<uint64_t>(digit - '0');
  }
  return millis;
}

}  // namespace

std::optional<GrowthLimit> parse_growth(std::string_view text) {
  GrowthLimit limit;
  limit.text = text;
  if (text.ends_with('%')) {
    text.remove_suffix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    limit.millis = parse_millis(text);
    if (!limit.millis) return {};
    return limit;
  }
  const SizeResult size = parse_size(text);
  if (!size.ok()) return {};
  limit.bytes = size.value;
  return limit;
}

GrowthVerdict judge_growth(const GrowthLimit& limit, uint64_t before, uint64_t after) {
  GrowthVerdict verdict;
  verdict.allowed = limit.text;
  verdict.allowed_bytes = limit.bytes;
  if (limit.millis) {
    __extension__ using Wide = unsigned __int128;
    const Wide bytes = static_cast<Wide>(before) * *limit.millis / (100 * millis_of_one_percent);
    verdict.allowed_bytes = static_cast<uint64_t>(std::min<Wide>(bytes, unset));
  }
  verdict.grown_bytes = after > before ? after - before : 0;
  return verdict;
}

std::string growth_message(const GrowthVerdict& verdict, uint64_t before, uint64_t after) {
  return fmt::format("the container limit grows by {} bytes ({}), {} more than --max-growth {}",
                     grouped(verdict.grown_bytes), growth(before, after),
                     grouped(verdict.grown_bytes - verdict.allowed_bytes), verdict.allowed);
}

}  // namespace kv
