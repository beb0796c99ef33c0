// kvplan plan: load, check, plan, render, exit code.
#include <unistd.h>

#include "kvcore/load/guarantee.hpp"
#include "kvcore/load/wrap.hpp"
#include "kvcore/memory/assert.hpp"
#include "planner/command_line.hpp"
#include "planner/commands.hpp"
#include "planner/explain.hpp"
#include "planner/judge.hpp"
#include "planner/plan_json.hpp"
#include "planner/plan_table.hpp"
#include "planner/style.hpp"

namespace kv {

namespace {

constexpr std::string_view container_advice =
    "The container limit is the least that memory.max, docker run --memory or "
    "resources.limits.memory may be.";

std::string as_text(const PlanReport& report, bool color) {
  if (report.explanation != nullptr) return explanation_text(*report.explanation, color);
  std::string out = render_text(plan_table(*report.allocation), color);
  out += "\n ";
  out += styled("guarantee", Style::bold, color);
  out += '\n';
  out += wrap(report.guarantee, /*indent=*/3, terminal_columns);
  out += '\n' + wrap(container_advice, /*indent=*/1, terminal_columns);
  return out;
}

std::string as_markdown(const PlanReport& report) {
  if (report.explanation != nullptr) {
    return render_markdown(explanation_table(*report.explanation));
  }
  return render_markdown(plan_table(*report.allocation)) + "\n**Guarantee:** " + report.guarantee +
         '\n';
}

std::string as_csv(const PlanReport& report) {
  return render_csv(report.explanation != nullptr ? explanation_table(*report.explanation)
                                                  : plan_table(*report.allocation));
}

/// The report in its format. Without a plan only JSON has something to say.
std::string render_report(const PlanReport& report, Format format, bool color) {
  if (format == Format::json) return plan_json(report);
  if (report.allocation == nullptr) return {};
  switch (format) {
    case Format::table:
      return as_text(report, color);
    case Format::csv:
      return as_csv(report);
    default:
      return as_markdown(report);
  }
}

constexpr std::string_view summary =
    "Plans the memory of kvd: every byte, before anything is started.";

}  // namespace

void show_plan(const FlagsVisitor& look) { look(CommandLine(summary).flags()); }

ExitCode run_plan(std::span<char* const> arguments) {
  CommandLine line(summary);
  if (const std::optional<ExitCode> done = line.parse(arguments)) return *done;
  const Request& request = line.request;

  Settings settings;
  PlanReport report;
  line.load(settings, report.errors);
  add_violations(settings, report.errors);

  PlanResult planned;
  Explanation explanation;
  if (can_be_planned(report.errors)) {
    planned = plan(settings.config);
    KV_ASSERT(planned.ok);
    report.allocation = &planned.allocation;
    report.guarantee = describe(guarantee(planned.allocation));
    if (request.explain) {
      explanation = explain(settings, planned.allocation, request.section);
      report.explanation = &explanation;
    }
  }

  const bool to_terminal = request.output.empty() || request.output == "-";
  const bool color =
      to_terminal ? use_color(request.color, STDOUT_FILENO) : request.color == ColorMode::always;
  const std::string text = render_report(report, request.format, color);
  const std::string failure = text.empty() ? "" : write_report(text, request.output);
  print_diagnostics(report.errors, request.color);
  if (!failure.empty()) {
    print_error(failure, "", request.color);
    return ExitCode::could_not_judge;
  }
  return exit_code(report.errors);
}

}  // namespace kv
