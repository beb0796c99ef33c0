// The sentences about bounds and budgets, shared by what parses values, what checks them and
// what holds them to a policy.
#pragma once

#include <string>

#include "kvcore/plan/budgets.hpp"
#include "kvcore/plan/options.hpp"

namespace kv {

/// "key_count is 0 but must be at least 1"; `value` as it should be read.
std::string below_minimum_message(const OptionInfo& option, const std::string& value);

/// "key_size_max is 2,147,483,648 but may be at most 536,870,912".
std::string above_maximum_message(const OptionInfo& option, const std::string& value);

/// "write 512MiB or less", where a unit makes the maximum of a size easier to read, else empty.
std::string maximum_hint(const OptionInfo& option);

/// "the arena is 259,506,176 bytes, 49,790,976 more than memory.budget (209,715,200)".
/// REQUIRES: bytes > limit.
std::string over_budget_message(const BudgetInfo& budget, uint64_t bytes,
                                const std::string& limit_name, uint64_t limit);

}  // namespace kv
