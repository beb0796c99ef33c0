// The smallest single edits that make a config fit its budgets.
//
// For each numeric option that the budgets depend on, the largest value below the present one
// with which all of them are kept, found by integer search over plan(). Exact: the next larger
// value does not fit. Block sizes are tried one by one, as no order is to be relied on there.
#pragma once

#include <string>
#include <vector>

#include "kvcore/plan/budgets.hpp"

namespace kv {

/// A budget that the config does not name itself: from --budget, or from a policy.
struct ExtraBudget {
  const BudgetInfo* budget;
  uint64_t limit;
  std::string name;  ///< "--budget", "kvplan-policy.toml:12"
};

using ExtraBudgets = std::vector<ExtraBudget>;

struct Edit {
  Option option;
  uint64_t from;  ///< the plan's value, where the config gives none
  uint64_t to;
  std::string gives_up;  ///< "188 fewer keys that can exist at once"
};

/// Sorted by the share of the value that is given up, the least first; empty where no single
/// edit is enough. REQUIRES: nothing but budgets is broken, and `config` is as the user gave
/// it: what plan() computes must still be unset.
std::vector<Edit> smallest_edits(const Config& config, const ExtraBudgets& extra);

/// "key_count = 812 (instead of 1,000): 188 fewer keys that can exist at once".
std::string describe(const Edit& edit);

/// "or lower key_count to 812 (instead of 1,000): 188 fewer keys that can exist at once", the
/// smallest of the edits that lower an option; or that no single one is enough.
std::string lowering_advice(const Config& config, const ExtraBudgets& extra);

}  // namespace kv
