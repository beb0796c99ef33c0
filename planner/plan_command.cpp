// kvplan plan: load, check, plan, render, exit code.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "kvcore/load/flags.hpp"
#include "kvcore/load/guarantee.hpp"
#include "kvcore/load/wrap.hpp"
#include "kvcore/memory/assert.hpp"
#include "kvcore/plan/version.hpp"
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

struct PlanCommand {
  PlanCommand() {
    explain = line.app().add_option(
        "-e,--explain", section, "show where every number comes from, of all or of one component");
    explain->expected(0, 1)->type_name("[COMPONENT]");
    line.app().footer(help_footer());
    flags.emplace(line.app());
  }

  std::optional<ExitCode> parse(std::span<char* const> arguments) {
    if (const std::optional<ExitCode> done = line.parse(arguments)) return done;
    const WordList known = explainable_names();
    const bool is_known = std::find(known.begin(), known.end(), section) != known.end();
    if (section.empty() || is_known) return std::nullopt;
    return line.usage_error(fmt::format("no component is called '{}'", section),
                            suggestion(section, known));
  }

  /// The file that was named, and the flags, which win.
  void load(Settings& settings, Diagnostics& out) const {
    if (!config.empty()) load_file(config, settings, out);
    flags->apply(settings, out);
  }

  void add_first_flags(CLI::App& app) {
    app.set_version_flag("--version", fmt::format("kvplan {}", version),
                         "print the version and exit");
    set_up_man(app);
    app.add_option("-c,--config", config, "TOML or JSON file to read; - is standard input")
        ->type_name("FILE");
  }

  std::string config;   ///< path of the file, "-" for standard input; empty for none
  std::string section;  ///< what to explain, empty for everything
  CommandLine line{{/*name=*/"",
                    summary,
                    plan_schema,
                    {Format::table, Format::json, Format::csv, Format::markdown},
                    {"always", "never", "auto"},
                    [this](CLI::App& app) { add_first_flags(app); }}};
  CLI::Option* explain = nullptr;
  std::optional<ConfigFlags> flags;
};

}  // namespace

void show_plan(const FlagsVisitor& look) { look(PlanCommand().line.app()); }

ExitCode run_plan(std::span<char* const> arguments) {
  PlanCommand command;
  if (const std::optional<ExitCode> done = command.parse(arguments)) return *done;
  const CommandLine& line = command.line;

  Settings settings;
  PlanReport report;
  command.load(settings, report.errors);
  add_violations(settings, report.errors);

  PlanResult planned;
  Explanation explanation;
  if (can_be_planned(report.errors)) {
    planned = plan(settings.config);
    KV_ASSERT(planned.ok);
    report.allocation = &planned.allocation;
    report.guarantee = describe(guarantee(planned.allocation));
    if (command.explain->count() > 0) {
      explanation = explain(settings, planned.allocation, command.section);
      report.explanation = &explanation;
    }
  }

  return line.finish(render_report(report, line.format(), line.report_in_color()), report.errors,
                     exit_code(report.errors));
}

}  // namespace kv
