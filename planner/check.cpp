#include "planner/check.hpp"

#include <algorithm>
#include <tuple>

#include "kvcore/load/bounds.hpp"
#include "kvcore/load/lock.hpp"
#include "planner/data_file.hpp"
#include "planner/judge.hpp"

namespace kv {

namespace {

/// The budgets that stand in no config: --budget and those of the policy.
ExtraBudgets extra_budgets(const CheckOptions& asked,
                           const std::vector<const PolicyEntry*>& entries) {
  ExtraBudgets extra;
  if (asked.budget != unset) {
    extra.push_back({&budget_info(Option::memory_budget), asked.budget, "--budget"});
  }
  for (const PolicyEntry* entry : entries) {
    extra.insert(extra.end(), entry->budgets.begin(), entry->budgets.end());
  }
  return extra;
}

void hold_to_flag(const CheckOptions& asked, uint64_t arena_bytes, Diagnostics& out) {
  if (arena_bytes <= asked.budget) return;
  out.push_back({Rule::over_budget,
                 Severity::error,
                 {},
                 over_budget_message(budget_info(Option::memory_budget), arena_bytes, "--budget",
                                     asked.budget),
                 {}});
}

/// How far the plan is from its budgets.
void measure(const Allocation& allocation, const ExtraBudgets& extra, CheckedFile& out) {
  const auto hold = [&](const BudgetInfo& budget, uint64_t limit) {
    const uint64_t bytes = budget.planned_bytes(allocation);
    if (budget.of == BudgetInfo::Of::arena) out.budget_bytes = std::min(out.budget_bytes, limit);
    if (bytes > limit) out.excess_bytes = std::max(out.excess_bytes, bytes - limit);
  };
  for (const BudgetInfo& budget : budgets) hold(budget, number(allocation.config, budget.option));
  for (const ExtraBudget& budget : extra) hold(*budget.budget, budget.limit);
}

void hold_manifest(const CheckOptions& asked, const Allocation& allocation, CheckedFile& out) {
  if (asked.manifest.empty()) return;
  ManifestReport report = check_manifest_file(asked.manifest, asked.container, allocation);
  out.manifest = asked.manifest;
  out.limits = std::move(report.limits);
  for (Diagnostic& finding : report.findings) out.findings.push_back(std::move(finding));
}

/// In the order of the file; what is about all of it comes behind, and the manifest last.
/// Everything has the name of its file.
void arrange(CheckedFile& file) {
  for (Diagnostic& finding : file.findings) {
    if (finding.place.file.empty() && finding.place.flag.empty()) finding.place.file = file.name;
  }
  const auto at = [&](const Diagnostic& d) {
    const uint32_t line = d.place.line == 0 ? UINT32_MAX : d.place.line;
    return std::tuple(d.place.file != file.name, line, d.place.column);
  };
  std::stable_sort(file.findings.begin(), file.findings.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return at(a) < at(b); });
}

void plan_and_advise(const Settings& settings, const CheckOptions& asked,
                     const std::vector<const PolicyEntry*>& entries, CheckedFile& out) {
  const PlanResult planned = plan(settings.config);
  const Allocation& allocation = planned.allocation;
  out.planned = true;
  out.arena_bytes = allocation.arena_bytes;
  out.container_bytes = allocation.container_bytes;
  const ExtraBudgets extra = extra_budgets(asked, entries);
  measure(allocation, extra, out);
  advise(settings, allocation, out.findings);
  hold_to_flag(asked, allocation.arena_bytes, out.findings);
  for (const PolicyEntry* entry : entries) hold_to(*entry, settings, allocation, out.findings);
  hold_manifest(asked, allocation, out);
  if (!asked.data.empty()) check_data(asked.data, allocation, out.findings);
  apply_rules(entries, out.findings);
  if (has_rule(out.findings, Rule::over_budget) || has_rule(out.findings, Rule::policy_budget)) {
    out.edits = smallest_edits(settings.config, extra);
  }
}

}  // namespace

CheckedFile check_file(const std::string& path, const CheckOptions& asked) {
  CheckedFile out;
  out.name = path == "-" ? "<stdin>" : path;
  Settings settings;
  load_file(path, settings, out.findings);
  add_violations(settings, out.findings);
  const std::vector<const PolicyEntry*> entries = asked.policy.entries_for(out.name);
  const bool planned = can_be_planned(out.findings);
  if (planned && asked.locked) check_lock(settings, lock_path(path), out.findings);
  if (planned) plan_and_advise(settings, asked, entries, out);
  if (asked.deny_warnings) {
    for (Diagnostic& finding : out.findings) finding.severity = Severity::error;
  }
  arrange(out);
  out.verdict = exit_code(out.findings);
  return out;
}

void CheckTotals::add(const CheckedFile& file) {
  ++files;
  ++(file.verdict == ExitCode::fits           ? fit
     : file.verdict == ExitCode::does_not_fit ? do_not_fit
                                              : not_judged);
  for (const Diagnostic& finding : file.findings) {
    ++(finding.severity == Severity::error ? errors : warnings);
  }
}

ExitCode CheckTotals::exit_code() const {
  if (not_judged > 0 || files == 0) return ExitCode::could_not_judge;
  return do_not_fit > 0 ? ExitCode::does_not_fit : ExitCode::fits;
}

}  // namespace kv
