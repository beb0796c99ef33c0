// Which option caused how many bytes of the difference between two configs.
//
// An option's share is the mean, over all orders in which the changed options could be
// applied one after the other, of the bytes that it adds when its turn comes (the Shapley
// value). So no order is preferred, and what two options cause together is split evenly.
// Shares are whole bytes: rounded by largest remainder, per component. The shares of a
// component add up to its difference, those of all components to the total, exactly.
#pragma once

#include <array>
#include <vector>

#include "kvcore/plan/allocation.hpp"

namespace kv {

/// The components, then the bounds outside of the arena.
constexpr uint64_t attributed_count = component_count + outsides.size();

struct OptionShare {
  Option option;
  std::array<int64_t, attributed_count> bytes = {};
  int64_t arena_bytes = 0;      ///< the sum over the components
  int64_t container_bytes = 0;  ///< the sum over all of `bytes`
};

struct Attribution {
  /// Whether shares are means over all orders. With more than `all_orders_max` changed options
  /// that matter, or where a config on the way has no plan, it is one order: first what is
  /// lowered, then what is raised, in table order.
  bool all_orders = true;
  std::vector<OptionShare> shares;  ///< one for each option that differs, in table order
};

constexpr uint64_t all_orders_max = 10;

/// REQUIRES: both configs are valid but for their budget, and as the user gave them: what
/// plan() computes must still be unset.
Attribution attribute(const Config& before, const Config& after);

/// Whether any formula of the plan reads the option. The others cannot cause a byte.
bool plan_depends_on(Option option);

}  // namespace kv
