// --max-growth: how many bytes a container limit may grow, as a size or as a share of the old.
//
// Exact: a percentage is held in thousandths of a percent and compared in 128 bits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kv {

struct GrowthLimit {
  std::string text;                  ///< as given: "10%", "64MiB"
  std::optional<uint64_t> millis{};  ///< thousandths of a percent, where it is a percentage
  uint64_t bytes = 0;                ///< else
};

struct GrowthVerdict {
  std::string allowed;
  uint64_t allowed_bytes = 0;
  uint64_t grown_bytes = 0;  ///< 0 where it did not grow
  bool exceeded() const { return grown_bytes > allowed_bytes; }
};

/// "10%", "2.5 %", "64MiB"; nothing where the text is neither.
std::optional<GrowthLimit> parse_growth(std::string_view text);

GrowthVerdict judge_growth(const GrowthLimit& limit, uint64_t before, uint64_t after);

/// "the container limit grows by 1,024 bytes (+12.5 %), 24 more than --max-growth 1000"
std::string growth_message(const GrowthVerdict& verdict, uint64_t before, uint64_t after);

}  // namespace kv
