// validate(): every way in which a config breaks a rule, all at once.
//
// Pure and constexpr like plan(): the result is numbers, which the loaders turn into
// diagnostics with a place and a suggestion. Bounds come from the option table; rules that
// span options are checked once every single option is within its bounds.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "kvcore/plan/allocation.hpp"
#include "kvcore/plan/budgets.hpp"
#include "kvcore/plan/options.hpp"

namespace kv {

enum class Severity : uint8_t { warning, error };

enum class Rule : uint8_t {
#define KV_RULE(id, ...) id,
#include "kvcore/plan/rules.def"
};

struct RuleInfo {
  Rule id;
  std::string_view name;  ///< stands in brackets behind a diagnostic
  Severity severity;
  std::string_view summary;
  std::string_view why;      ///< what is bad about it
  std::string_view example;  ///< a config, a policy or a command that breaks it
  std::string_view mend;
};

inline constexpr auto rules = std::to_array<RuleInfo>({
#define KV_RULE(id, name, severity, summary, why, example, mend) \
  {Rule::id, name, Severity::severity, summary, why, example, mend},
#include "kvcore/plan/rules.def"
});

constexpr const RuleInfo& rule_info(Rule id) { return rules[static_cast<uint64_t>(id)]; }

/// A broken rule. What `value` and `limit` count depends on the rule: the option's own number
/// and bound, or bytes or blocks of the plan.
struct Violation {
  Rule rule;
  Option option = Option::none;  ///< the option to point at
  Option other = Option::none;   ///< the second option, for overflow
  uint64_t value = 0;
  uint64_t limit = 0;
};

/// The violations of one config, in the order of the option table.
class Violations {
 public:
  /// Two bounds of one option cannot be broken at once; the rules across options are few.
  static constexpr uint64_t capacity = option_count + budgets.size() + 16;

  constexpr void add(Violation violation) { items_[count_++] = violation; }
  constexpr uint64_t size() const { return count_; }
  constexpr bool empty() const { return count_ == 0; }
  constexpr const Violation& operator[](uint64_t index) const { return items_[index]; }
  constexpr const Violation* begin() const { return items_.data(); }
  constexpr const Violation* end() const { return items_.data() + count_; }

 private:
  std::array<Violation, capacity> items_ = {};
  uint64_t count_ = 0;
};

/// Largest frame: offsets into it are 32-bit, and the kernel's results are signed.
constexpr uint64_t frame_bytes_max = 2 * gibibyte - 1;

/// Largest arena: what a 47-bit user address space can hold with room for the rest.
constexpr uint64_t arena_bytes_max = 64 * tebibyte;

namespace detail {

/// Bounds of each option on its own.
constexpr void check_bounds(const Config& config, Violations& out) {
  for (const OptionInfo& option : options) {
    const uint64_t value = option.is_text() ? (config.*option.text).bytes : config.*option.number;
    if (value == unset) continue;
    if (value < option.minimum) {
      out.add({Rule::below_minimum, option.id, Option::none, value, option.minimum});
    } else if (value > option.maximum) {
      out.add({Rule::above_maximum, option.id, Option::none, value, option.maximum});
    } else if (value % option.multiple_of != 0) {
      out.add({Rule::not_multiple, option.id, Option::none, value, option.multiple_of});
    }
  }
}

/// The option behind a frame that is too large: the larger factor.
constexpr Option frame_cause(const Config& config) {
  if (config.list_length_max > config.val_size_max) return Option::list_length_max;
  return config.val_size_max >= config.key_size_max ? Option::val_size_max : Option::key_size_max;
}

/// Rules across options. REQUIRES: check_bounds() found nothing.
constexpr void check_plan(const Config& config, Violations& out) {
  const PlanResult planned = plan(config);
  if (!planned.ok) {
    out.add({Rule::overflow, planned.overflow.left, planned.overflow.right, 0, 0});
    return;
  }
  const Allocation& allocation = planned.allocation;
  const Terms& terms = allocation.terms;
  const uint64_t one_key_bytes = terms.single_blocks * config.block_bytes;
  if (allocation.config.store_bytes < one_key_bytes) {
    out.add({Rule::store_too_small, Option::store_bytes, Option::none,
             allocation.config.store_bytes, one_key_bytes});
  }
  if (terms.block_count > index_max) {
    out.add(
        {Rule::too_many_blocks, Option::block_bytes, Option::none, terms.block_count, index_max});
  }
  if (terms.request_bytes_max > frame_bytes_max) {
    out.add({Rule::request_too_large, frame_cause(config), Option::none, terms.request_bytes_max,
             frame_bytes_max});
  }
  if (terms.reply_bytes_max > frame_bytes_max) {
    out.add({Rule::reply_too_large, frame_cause(config), Option::none, terms.reply_bytes_max,
             frame_bytes_max});
  }
  if (allocation.arena_bytes > arena_bytes_max) {
    out.add({Rule::arena_too_large, Option::none, Option::none, allocation.arena_bytes,
             arena_bytes_max});
  }
  for (const BudgetInfo& budget : budgets) {
    const uint64_t bytes = budget.planned_bytes(allocation);
    const uint64_t limit = number(config, budget.option);
    if (bytes > limit) out.add({Rule::over_budget, budget.option, Option::none, bytes, limit});
  }
}

}  // namespace detail

constexpr Violations validate(const Config& config) {
  Violations out;
  detail::check_bounds(config, out);
  if (out.empty()) detail::check_plan(config, out);
  return out;
}

}  // namespace kv
