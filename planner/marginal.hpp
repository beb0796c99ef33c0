// What one more of something costs: the plan, computed again with that option raised.
//
// Costs are differences of whole plans, so they are exact, steps of rounding included. Padding
// is left out: it moves up and down by less than a page without belonging to anybody.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "kvcore/plan/allocation.hpp"

namespace kv {

struct MarginalCost {
  std::string_view what;  ///< "one more key"
  Option option;
  uint64_t step = 1;      ///< how much the option was raised for it
  uint64_t of = 1;        ///< how many of `what` that step is: the costs are for so many
  bool possible = false;  ///< the option stays within its bounds and the plan within 64 bits

  std::array<uint64_t, component_count> component_bytes = {};
  uint64_t arena_bytes = 0;      ///< the sum of component_bytes
  uint64_t container_bytes = 0;  ///< arena_bytes and what grows outside of the arena
};

/// REQUIRES: `config` is as the user gave it: what plan() computes must still be unset.
std::vector<MarginalCost> marginal_costs(const Config& config);

}  // namespace kv
