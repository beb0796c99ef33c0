// kvplan sweep: the plan at every value of one or two options.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "kvcore/load/words.hpp"
#include "planner/command_line.hpp"
#include "planner/commands.hpp"
#include "planner/judge.hpp"
#include "planner/option_name.hpp"
#include "planner/sweep_report.hpp"

namespace kv {

namespace {

constexpr std::string_view summary =
    "Plans every value of an option, or every pair of values of two, and shows what each takes. "
    "--format svg draws the components as stacked areas.";

struct SweepCommand {
  CommandLine line{{"sweep",
                    summary,
                    sweep_schema,
                    {Format::table, Format::json, Format::csv, Format::markdown, Format::svg}}};
  std::string config;
  std::vector<std::string> vary;
  std::vector<std::string> fixed;
  std::vector<SweepAxis> axes;

  SweepCommand() {
    CLI::App& app = line.app();
    app.add_option("-c,--config", config, "TOML or JSON file to start from; - is standard input")
        ->type_name("FILE");
    app.add_option("--vary", vary, "an option and its values: list_max=10:1000:10; at most twice")
        ->type_name("OPTION=FROM:TO:STEP")
        ->expected(1)
        ->take_all();
    app.add_option("--fix", fixed, "the value of another option: connections=1000")
        ->type_name("OPTION=VALUE")
        ->expected(1)
        ->take_all();
  }

  std::optional<ExitCode> read_axes();
  std::optional<ExitCode> read_config(Settings& settings, Diagnostics& out);
};

std::optional<ExitCode> SweepCommand::read_axes() {
  if (vary.empty()) {
    return line.usage_error("--vary is missing", "write --vary list_max=10:1000:10");
  }
  if (vary.size() > 2) return line.usage_error("--vary is given more than twice");
  for (const std::string& words : vary) {
    ParsedAxis parsed = parse_axis(words);
    if (!parsed.problem.empty()) return line.usage_error(parsed.problem, parsed.hint);
    axes.push_back(std::move(parsed.axis));
  }
  if (axes.size() < 2) return {};
  const std::string_view key = option_info(axes[1].option).key;
  if (axes[0].option == axes[1].option) {
    return line.usage_error(fmt::format("{} is varied twice", key));
  }
  const uint64_t points = axes[0].values.size() * axes[1].values.size();
  if (points > sweep_points_max) {
    return line.usage_error(fmt::format("the sweep has {} points, but may have at most {}",
                                        words::grouped(points), words::grouped(sweep_points_max)),
                            "take a larger step");
  }
  const bool all = line.format() == Format::json || line.format() == Format::csv;
  if (!all && axes[1].values.size() > sweep_columns_max) {
    return line.usage_error(
        fmt::format("the second --vary has {} values, but --format {} shows at most {}",
                    axes[1].values.size(), format_name(line.format()), sweep_columns_max),
        "take a larger step, or --format csv or json");
  }
  return {};
}

std::optional<ExitCode> SweepCommand::read_config(Settings& settings, Diagnostics& out) {
  if (!config.empty()) load_file(config, settings, out);
  for (const std::string& words : fixed) {
    const Assignment done = assign("--fix", words, settings, out);
    if (!done.problem.empty()) return line.usage_error(done.problem, done.hint);
    for (const SweepAxis& axis : axes) {
      if (axis.option != done.option) continue;
      return line.usage_error(fmt::format("{} is fixed and varied", option_info(done.option).key));
    }
  }
  return {};
}

/// Where no point has a plan, the first says why.
void explain_failure(const Settings& settings, const Sweep& sweep, Diagnostics& out) {
  const bool any = std::any_of(sweep.points.begin(), sweep.points.end(),
                               [](const SweepPoint& point) { return point.planned; });
  if (any) return;
  Settings first = settings;
  for (const SweepAxis& axis : sweep.axes) {
    number(first.config, axis.option) = axis.values.front();
    Place place;
    place.flag = fmt::format("--vary {}", option_info(axis.option).name);
    first.origin(axis.option) = {Origin::Kind::flag, place};
  }
  add_violations(first, out);
}

std::string render(const Sweep& sweep, const Diagnostics& errors, const CommandLine& line) {
  switch (line.format()) {
    case Format::json:
      return sweep_json(&sweep, errors);
    case Format::csv:
      return sweep_csv(sweep);
    case Format::markdown:
      return sweep_markdown(sweep);
    case Format::svg:
      return sweep_svg(sweep);
    default:
      return sweep_text(sweep, line.report_in_color());
  }
}

}  // namespace

void show_sweep(const FlagsVisitor& look) { look(SweepCommand().line.app()); }

ExitCode run_sweep(std::span<char* const> arguments) {
  SweepCommand command;
  const CommandLine& line = command.line;
  if (const std::optional<ExitCode> done = command.line.parse(arguments)) return *done;
  if (const std::optional<ExitCode> done = command.read_axes()) return *done;
  Settings settings;
  Diagnostics errors;
  if (const std::optional<ExitCode> done = command.read_config(settings, errors)) return *done;
  if (has_errors(errors)) {
    const std::string text =
        line.format() == Format::json ? sweep_json(nullptr, errors) : std::string();
    return line.finish(text, errors, exit_code(errors));
  }
  const Sweep result = sweep(settings.config, std::move(command.axes));
  explain_failure(settings, result, errors);
  const bool empty = has_errors(errors);
  const std::string text =
      empty && line.format() != Format::json ? std::string() : render(result, errors, line);
  return line.finish(text, errors, exit_code(errors));
}

}  // namespace kv
