#include "planner/judge.hpp"

#include <algorithm>

namespace kv {

bool is_bound(Rule rule) {
  return rule == Rule::below_minimum || rule == Rule::above_maximum || rule == Rule::not_multiple;
}

bool has_rule(const Diagnostics& diagnostics, Rule rule) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [&](const Diagnostic& diagnostic) { return diagnostic.rule == rule; });
}

void add_violations(const Settings& settings, Diagnostics& diagnostics) {
  if (has_rule(diagnostics, Rule::unreadable)) return;
  const bool all_read = !has_errors(diagnostics);
  Diagnostics found;
  check(settings, found);
  for (Diagnostic& diagnostic : found) {
    if (all_read || is_bound(diagnostic.rule)) diagnostics.push_back(std::move(diagnostic));
  }
}

bool can_be_planned(const Diagnostics& diagnostics) {
  return std::all_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.severity != Severity::error || diagnostic.rule == Rule::over_budget;
  });
}

ExitCode exit_code(const Diagnostics& diagnostics) {
  if (has_rule(diagnostics, Rule::unreadable)) return ExitCode::could_not_judge;
  return has_errors(diagnostics) ? ExitCode::does_not_fit : ExitCode::fits;
}

}  // namespace kv
