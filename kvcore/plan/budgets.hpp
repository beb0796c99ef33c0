// The budgets that a plan is held to: memory.budget, and the section [budget] with a key for
// each component, the arena, the container and the files.
//
// The keys of the components follow from components.def, so a new component has its budget
// without a row of its own. A budget that was not given is `unset`, the largest number, which
// no plan exceeds.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "kvcore/plan/allocation.hpp"
#include "kvcore/plan/options.hpp"

namespace kv {

struct BudgetInfo {
  enum class Of : uint8_t { arena, container, component, disk };

  Option option;
  Of of;
  Component component;   ///< where `of` says so
  std::string_view key;  ///< in the section [budget], of a config and of a policy

  constexpr uint64_t planned_bytes(const Allocation& allocation) const {
    if (of == Of::arena) return allocation.arena_bytes;
    if (of == Of::disk) return allocation.disk_bytes;
    return of == Of::container ? allocation.container_bytes : allocation[component];
  }
};

inline constexpr auto budgets = std::to_array<BudgetInfo>({
    {Option::memory_budget, BudgetInfo::Of::arena, Component::padding, ""},
    {Option::budget_arena, BudgetInfo::Of::arena, Component::padding, "arena"},
    {Option::budget_container, BudgetInfo::Of::container, Component::padding, "container"},
    {Option::budget_disk, BudgetInfo::Of::disk, Component::padding, "disk"},
#define KV_COMPONENT(id, ...) {Option::budget_##id, BudgetInfo::Of::component, Component::id, #id},
#include "kvcore/plan/components.def"
});

/// The budget of the arena or of the container, as an option of its own.
constexpr const BudgetInfo& whole_budget(BudgetInfo::Of of) {
  return budgets[of == BudgetInfo::Of::container ? 2 : 1];
}

/// REQUIRES: `option` is the option of a budget.
constexpr const BudgetInfo& budget_info(Option option) {
  uint64_t i = 0;
  while (budgets[i].option != option) ++i;
  return budgets[i];
}

static_assert(whole_budget(BudgetInfo::Of::arena).option == Option::budget_arena);
static_assert(whole_budget(BudgetInfo::Of::container).option == Option::budget_container);

}  // namespace kv
