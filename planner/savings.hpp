// What a config could be lowered to, given what a server ever used, and what that would save.
//
// Savings are differences of whole plans, each with one option changed, so they are exact and
// do not simply add up. The values leave no headroom: they are what was needed so far.
#pragma once

#include <vector>

#include "planner/running.hpp"

namespace kv {

struct Saving {
  Option option;
  uint64_t value = 0;   ///< as planned
  uint64_t lowest = 0;  ///< what would have sufficed
  uint64_t arena_bytes = 0;
  uint64_t container_bytes = 0;
};

/// Those that save anything, the largest first. `config` is as the user gave it.
std::vector<Saving> possible_savings(const Config& config, const ServerReport& report);

/// All of them at once.
Saving all_savings(const Config& config, const std::vector<Saving>& savings);

}  // namespace kv
