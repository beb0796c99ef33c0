#include "planner/policy.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "kvcore/load/bounds.hpp"
#include "kvcore/load/words.hpp"
#include "planner/glob.hpp"

namespace kv {

namespace {

using words::grouped;

/// Where an option was given, else the file as a whole.
Place place_of(const Settings& settings, Option option) {
  const Origin& origin = settings.origin(option);
  return origin.kind == Origin::Kind::file ? origin.place : Place{};
}

/// The value of an option as it is planned, or `unset`.
uint64_t planned_value(const Allocation& allocation, Option option) {
  return number(allocation.config, option);
}

}  // namespace

bool is_adjustable(const RuleInfo& rule) {
  return rule.severity == Severity::warning || rule.name.substr(0, 7) == "policy-";
}

std::vector<const PolicyEntry*> Policy::entries_for(const std::string& path) const {
  std::vector<const PolicyEntry*> found;
  if (entries.empty()) return found;
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  const std::string relative = absolute.lexically_normal().lexically_relative(directory).string();
  for (const PolicyEntry& entry : entries) {
    for (const std::string& glob : entry.globs) {
      if (!glob_matches(glob, relative)) continue;
      found.push_back(&entry);
      break;
    }
  }
  return found;
}

void hold_to(const PolicyEntry& entry, const Settings& settings, const Allocation& allocation,
             Diagnostics& out) {
  const auto bound = [&](Rule rule, const PolicyBound& policy, std::string_view words) {
    const uint64_t value = planned_value(allocation, policy.option);
    out.push_back({rule,
                   Severity::error,
                   place_of(settings, policy.option),
                   fmt::format("{} is {} but {} allows {} {}", option_info(policy.option).key,
                               grouped(value), policy.where, words, grouped(policy.limit)),
                   {}});
  };
  for (const PolicyBound& maximum : entry.maxima) {
    const uint64_t value = planned_value(allocation, maximum.option);
    if (value != unset && value > maximum.limit) bound(Rule::policy_maximum, maximum, "at most");
  }
  for (const PolicyBound& minimum : entry.minima) {
    const uint64_t value = planned_value(allocation, minimum.option);
    if (value != unset && value < minimum.limit) bound(Rule::policy_minimum, minimum, "at least");
  }
  for (const PolicyBound& required : entry.required) {
    if (settings.origin(required.option).kind == Origin::Kind::file) continue;
    out.push_back({Rule::policy_required,
                   Severity::error,
                   {},
                   fmt::format("{} is not given but {} requires it",
                               option_info(required.option).key, required.where),
                   {}});
  }
  for (const ExtraBudget& budget : entry.budgets) {
    const uint64_t bytes = budget.budget->planned_bytes(allocation);
    if (bytes <= budget.limit) continue;
    out.push_back({Rule::policy_budget,
                   Severity::error,
                   {},
                   over_budget_message(*budget.budget, bytes, budget.name, budget.limit),
                   {}});
  }
}

void apply_rules(const std::vector<const PolicyEntry*>& entries, Diagnostics& diagnostics) {
  std::erase_if(diagnostics, [&](Diagnostic& diagnostic) {
    bool off = false;
    for (const PolicyEntry* entry : entries) {
      for (const RuleSetting& setting : entry->rules) {
        if (setting.rule != diagnostic.rule) continue;
        off = setting.level == RuleLevel::off;
        diagnostic.severity =
            setting.level == RuleLevel::error ? Severity::error : Severity::warning;
      }
    }
    return off;
  });
}

}  // namespace kv
