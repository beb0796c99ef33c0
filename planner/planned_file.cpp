#include "planner/planned_file.hpp"

#include <algorithm>

#include "kvcore/memory/assert.hpp"

namespace kv {

std::optional<ExitCode> load_plan(const std::string& path, ColorMode color, PlannedFile& out) {
  out.path = path;
  Diagnostics found;
  if (load_file(path, out.settings, found)) check(out.settings, found);
  print_diagnostics(found, color);
  const bool unreadable = std::any_of(found.begin(), found.end(), [](const Diagnostic& one) {
    return one.rule == Rule::unreadable;
  });
  if (unreadable) return ExitCode::could_not_judge;
  if (has_errors(found)) return ExitCode::does_not_fit;
  const PlanResult planned = plan(out.settings.config);
  KV_ASSERT(planned.ok);
  out.allocation = planned.allocation;
  return std::nullopt;
}

}  // namespace kv
