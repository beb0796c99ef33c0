#include <algorithm>

#include <fmt/format.h>

#include "kvcore/load/bounds.hpp"
#include "kvcore/load/settings.hpp"
#include "kvcore/load/words.hpp"

namespace kv {

namespace {

using words::exact_size;
using words::grouped;
using words::round_size;

std::string key_of(Option id) { return std::string(option_info(id).key); }

/// "key_count (1,000)"; an option that was left out is "computed".
std::string with_value(const Config& config, Option id) {
  const uint64_t value = number(config, id);
  return fmt::format("{} ({})", key_of(id), value == unset ? "computed" : grouped(value));
}

/// The place of the first of these options that somebody set.
Place place_of(const Settings& settings, std::initializer_list<Option> ids) {
  for (const Option id : ids) {
    if (id == Option::none) continue;
    const Origin& origin = settings.origin(id);
    if (origin.kind == Origin::Kind::file || origin.kind == Origin::Kind::flag) {
      return origin.place;
    }
  }
  return {};
}

Diagnostic bounds_broken(const Settings& settings, const Violation& violation) {
  const OptionInfo& option = option_info(violation.option);
  Diagnostic out{violation.rule, Severity::error, place_of(settings, {violation.option}), {}, {}};
  const std::string value = grouped(violation.value) + (option.is_text() ? " bytes long" : "");
  if (violation.rule == Rule::below_minimum) {
    out.message = below_minimum_message(option, value);
  } else if (violation.rule == Rule::above_maximum) {
    out.message = above_maximum_message(option, value);
    out.hint = maximum_hint(option);
  } else {
    const uint64_t below = violation.value - violation.value % violation.limit;
    const uint64_t above = below + violation.limit;
    out.message = fmt::format("{} is {} but must be a multiple of {}", option.key, value,
                              grouped(violation.limit));
    out.hint = below < option.minimum || above > option.maximum
                   ? fmt::format("write {}", below < option.minimum ? above : below)
                   : fmt::format("write {} or {}", below, above);
  }
  return out;
}

Diagnostic overflowed(const Settings& settings, const Violation& violation) {
  const Config& config = settings.config;
  Diagnostic out{violation.rule,
                 Severity::error,
                 place_of(settings, {violation.option, violation.other}),
                 {},
                 {}};
  if (violation.option == Option::none || violation.other == Option::none) {
    out.message = "the plan does not fit in 64 bits";
    if (violation.option != Option::none) {
      out.message += fmt::format(": {} is too large", with_value(config, violation.option));
    }
    return out;
  }
  out.message =
      fmt::format("the product of {} and {} does not fit in 64 bits",
                  with_value(config, violation.option), with_value(config, violation.other));
  out.hint = "lower one of them";
  return out;
}

Diagnostic store_too_small(const Settings& settings, const Violation& violation) {
  const Config& config = settings.config;
  return {violation.rule, Severity::error, place_of(settings, {Option::store_bytes}),
          fmt::format("store_bytes is {} but one key of {} bytes with a value of {} bytes takes {}",
                      grouped(violation.value), grouped(config.key_size_max),
                      grouped(config.val_size_max), grouped(violation.limit)),
          fmt::format("raise store_bytes to {} or more, or lower key_size_max or val_size_max",
                      exact_size(violation.limit))};
}

/// Doubling the block size at least halves the blocks of a store of fixed size.
Diagnostic too_many_blocks(const Settings& settings, const Violation& violation) {
  const Config& config = settings.config;
  const bool fixed_store = config.store_bytes != unset;
  const uint64_t least = fixed_store ? config.store_bytes / (violation.limit + 1) / 8 * 8 + 8 : 0;
  const bool possible = fixed_store && least <= option_info(Option::block_bytes).maximum;
  return {
      violation.rule, Severity::error,
      place_of(settings, {Option::block_bytes, Option::store_bytes, Option::key_count}),
      fmt::format("the store has {} blocks of {} bytes but may have at most {}",
                  grouped(violation.value), grouped(config.block_bytes), grouped(violation.limit)),
      possible ? fmt::format("raise block_bytes to {} or more, or lower store_bytes", least)
               : std::string("raise block_bytes, or lower key_count or store_bytes")};
}

Diagnostic frame_too_large(const Settings& settings, const Violation& violation) {
  const Config& config = settings.config;
  const bool request = violation.rule == Rule::request_too_large;
  return {
      violation.rule, Severity::error,
      place_of(settings, {violation.option, Option::val_size_max, Option::list_length_max,
                          Option::key_size_max, Option::command_args_max}),
      fmt::format("the largest {} is {} bytes but may be at most {}", request ? "request" : "reply",
                  grouped(violation.value), grouped(violation.limit)),
      fmt::format("lower {} or {}", with_value(config, Option::val_size_max),
                  with_value(config, Option::list_length_max))};
}

/// What makes an arena smaller depends on whether the store is a worst case or was chosen.
std::string smaller_arena_hint(const Config& config, uint64_t arena_bytes) {
  if (config.store_bytes != unset) {
    return fmt::format("lower store_bytes (now {})", exact_size(config.store_bytes));
  }
  const PlanResult planned = plan(config);
  const uint64_t store = planned.ok ? planned.allocation.config.store_bytes : 0;
  return store > arena_bytes / 2
             ? fmt::format("set store_bytes below its worst case of {}", grouped(store))
             : std::string("lower connections_max or the buffers");
}

Diagnostic arena_too_large(const Settings& settings, const Violation& violation) {
  return {violation.rule, Severity::error,
          place_of(settings, {Option::store_bytes, Option::key_count, Option::connections_max}),
          fmt::format("the arena is {} bytes but may be at most {}", grouped(violation.value),
                      grouped(violation.limit)),
          smaller_arena_hint(settings.config, violation.value)};
}

/// "the arena", "the container limit", "the component 'list pool'".
std::string name_of(const BudgetInfo& budget) {
  if (budget.of == BudgetInfo::Of::arena) return "the arena";
  if (budget.of == BudgetInfo::Of::container) return "the container limit";
  if (budget.of == BudgetInfo::Of::disk) return "what is kept on disk";
  return fmt::format("the component '{}'", component_info(budget.component).name);
}

Diagnostic over_budget(const Settings& settings, const Violation& violation) {
  const BudgetInfo& budget = budget_info(violation.option);
  Diagnostic out{
      violation.rule, Severity::error, place_of(settings, {violation.option}),
      over_budget_message(budget, violation.value, key_of(violation.option), violation.limit),
      fmt::format("raise {} to {} or more", key_of(violation.option), round_size(violation.value))};
  if (budget.of == BudgetInfo::Of::arena) {
    out.hint += ", or " + smaller_arena_hint(settings.config, violation.value);
  }
  return out;
}

Diagnostic diagnose(const Settings& settings, const Violation& violation) {
  switch (violation.rule) {
    case Rule::overflow:
      return overflowed(settings, violation);
    case Rule::store_too_small:
      return store_too_small(settings, violation);
    case Rule::too_many_blocks:
      return too_many_blocks(settings, violation);
    case Rule::request_too_large:
    case Rule::reply_too_large:
      return frame_too_large(settings, violation);
    case Rule::arena_too_large:
      return arena_too_large(settings, violation);
    case Rule::over_budget:
      return over_budget(settings, violation);
    default:
      return bounds_broken(settings, violation);
  }
}

}  // namespace

std::string below_minimum_message(const OptionInfo& option, const std::string& value) {
  return fmt::format("{} is {} but must be at least {}", option.key, value,
                     grouped(option.minimum));
}

std::string above_maximum_message(const OptionInfo& option, const std::string& value) {
  return fmt::format("{} is {} but may be at most {}", option.key, value, grouped(option.maximum));
}

std::string maximum_hint(const OptionInfo& option) {
  if (option.kind != OptionKind::bytes) return {};
  return fmt::format("write {} or less", exact_size(option.maximum));
}

std::string over_budget_message(const BudgetInfo& budget, uint64_t bytes,
                                const std::string& limit_name, uint64_t limit) {
  return fmt::format("{} is {} bytes, {} more than {} ({})", name_of(budget), grouped(bytes),
                     grouped(bytes - limit), limit_name, grouped(limit));
}

bool check(const Settings& settings, Diagnostics& out) {
  const Violations violations = validate(settings.config);
  for (const Violation& violation : violations) out.push_back(diagnose(settings, violation));
  return violations.empty();
}

}  // namespace kv
