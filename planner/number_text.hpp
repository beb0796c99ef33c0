// Numbers as people read them: grouped, with units, as shares and as bars.
// Bytes are never rounded where they are shown as bytes; only sizes, shares and averages are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kvcore/load/words.hpp"

namespace kv {

using words::counted;
using words::grouped;

/// "512 B", "208.7 MiB": one decimal, rounded half up, in the largest unit that gives at
/// least 1.0.
std::string human_size(uint64_t bytes);

/// "15.3 %"; "<0.1 %" for more than nothing; "" for a share of nothing.
std::string percent(uint64_t part, uint64_t whole);

/// A bar of `width` columns at full length, in eighths of a column: "███▌". Shares of less
/// than half an eighth have none.
std::string bar(uint64_t part, uint64_t whole, uint64_t width);

/// numerator / denominator with two decimals, rounded half up: "219,718.67".
/// REQUIRES: denominator > 0.
std::string decimal(uint64_t numerator, uint64_t denominator);

/// "+1,024", "-3", "0"
std::string difference(uint64_t from, uint64_t to);

/// The same for programs: "1024", "-3".
std::string raw_difference(uint64_t from, uint64_t to);

/// "+12.5 %", "-0.1 %", "0.0 %" for less than that, "" for no change, "new" from nothing:
/// tenths, rounded half up in exact arithmetic.
std::string growth(uint64_t from, uint64_t to);

}  // namespace kv
