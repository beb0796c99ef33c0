// kvplan solve: the largest value that fits a limit.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "kvcore/load/flags.hpp"
#include "kvcore/load/words.hpp"
#include "kvcore/plan/size.hpp"
#include "planner/command_line.hpp"
#include "planner/commands.hpp"
#include "planner/judge.hpp"
#include "planner/machine_limit.hpp"
#include "planner/option_name.hpp"
#include "planner/solve_report.hpp"

namespace kv {

namespace {

constexpr std::string_view summary =
    "Finds the largest value of an option that fits a limit, and proves it with the next one, "
    "which does not. With --then, what is left goes to further options, from their values in the "
    "config upwards.";

struct SolveCommand {
  CommandLine line{{"solve", summary, solve_schema, {Format::table, Format::json}}};
  std::string config;
  std::string limit;
  std::string measure;
  std::string max;
  std::vector<std::string> then;
  std::vector<std::string> fixed;

  SolveCommand() {
    CLI::App& app = line.app();
    app.add_option("-c,--config", config, "TOML or JSON file to start from; - is standard input")
        ->type_name("FILE");
    app.add_option("--limit", limit,
                   "bytes that may be taken; auto is this machine's own limit (control group, "
                   "else the memory available)")
        ->type_name("SIZE");
    line.add_choice(measure, "--for", "what the limit is of", {"container", "arena"});
    app.add_option("--max", max, "the option to make as large as possible")->type_name("OPTION");
    app.add_option("--then", then, "the option to make as large as possible with what is left")
        ->type_name("OPTION")
        ->expected(1)
        ->take_all();
    app.add_option("--fix", fixed, "the value of another option: connections=1000")
        ->type_name("OPTION=VALUE")
        ->expected(1)
        ->take_all();
  }

  /// Fills the request from the words. Returns the exit code of a mistake.
  std::optional<ExitCode> read(SolveReport& report);

 private:
  std::optional<ExitCode> read_limit(SolveReport& report) const;
  std::optional<ExitCode> read_unknown(const std::string& word, SolveReport& report) const;
};

std::optional<ExitCode> SolveCommand::read_limit(SolveReport& report) const {
  if (limit.empty()) {
    return line.usage_error("--limit is missing", "write --limit 2GiB, or --limit auto");
  }
  report.limit_source = "--limit";
  if (limit == "auto") {
    const std::optional<MachineLimit> found = machine_limit();
    if (!found) return line.usage_error("this machine does not tell its limit", "write --limit");
    report.request.limit = found->bytes;
    report.limit_source = found->source;
    return {};
  }
  const SizeResult size = parse_size(limit);
  if (!size.ok()) {
    return line.usage_error(fmt::format("--limit {} is not a size", words::in_quotes(limit)),
                            "write 2GiB, 500MB, or auto");
  }
  report.request.limit = size.value;
  return {};
}

std::optional<ExitCode> SolveCommand::read_unknown(const std::string& word,
                                                   SolveReport& report) const {
  const std::optional<Option> option = find_option(word);
  if (!option) {
    return line.usage_error(fmt::format("no option is called {}", words::in_quotes(word)),
                            option_suggestion(word));
  }
  const std::string_view key = option_info(*option).key;
  std::vector<Option>& unknowns = report.request.unknowns;
  if (std::find(unknowns.begin(), unknowns.end(), *option) != unknowns.end()) {
    return line.usage_error(fmt::format("{} is asked for twice", key));
  }
  switch (solvable(*option)) {
    case Solvable::yes:
      unknowns.push_back(*option);
      return {};
    case Solvable::not_a_number:
      return line.usage_error(fmt::format("{} is not a count or a size", key));
    case Solvable::without_effect:
      return line.usage_error(fmt::format("the plan does not depend on {}", key));
    case Solvable::not_monotone:
      break;
  }
  return line.usage_error(
      fmt::format("{} has no largest value that fits: more of it may take less memory", key),
      fmt::format("kvplan sweep --vary {}=FROM:TO:STEP shows what its values take", key));
}

std::optional<ExitCode> SolveCommand::read(SolveReport& report) {
  report.request.measure = measure == "arena" ? Measure::arena : Measure::container;
  if (max.empty()) return line.usage_error("--max is missing", "write --max keys");
  if (const std::optional<ExitCode> done = read_unknown(max, report)) return done;
  for (const std::string& word : then) {
    if (const std::optional<ExitCode> done = read_unknown(word, report)) return done;
  }
  if (const std::optional<ExitCode> done = read_limit(report)) return done;

  if (!config.empty()) load_file(config, report.settings, report.errors);
  std::vector<Option> assigned;
  for (const std::string& words : fixed) {
    const Assignment done = assign("--fix", words, report.settings, report.errors);
    if (!done.problem.empty()) return line.usage_error(done.problem, done.hint);
    const std::string_view key = option_info(done.option).key;
    if (std::find(assigned.begin(), assigned.end(), done.option) != assigned.end()) {
      return line.usage_error(fmt::format("{} is fixed twice", key));
    }
    assigned.push_back(done.option);
    if (done.option == report.request.unknowns.front()) {
      return line.usage_error(fmt::format("{} is fixed and searched for", key));
    }
  }
  return {};
}

/// Finds what is wrong whatever the unknowns are: the first of them is at its least value then.
void check_fixed(SolveReport& report) {
  if (!report.errors.empty()) return;
  Settings settings = report.settings;
  const Option first = report.request.unknowns.front();
  number(settings.config, first) = option_info(first).minimum;
  Diagnostics found;
  add_violations(settings, found);
  for (Diagnostic& diagnostic : found) {
    if (diagnostic.rule == Rule::store_too_small && first == Option::store_bytes) continue;
    report.errors.push_back(std::move(diagnostic));
  }
}

/// Why there is no solution, of the unknown that has no value.
std::string reason(const SolveReport& report) {
  const Solved& last = report.solution.solved.back();
  if (last.largest.fits) return "nothing fits: the store is too small for one key and value";
  return fmt::format("nothing fits: with {} = {}, {} is {} bytes: {}", option_info(last.option).key,
                     words::grouped(last.largest.value), measure_name(report.request.measure),
                     words::grouped(last.largest.bytes.value_or(0)),
                     verdict_text(report, last, last.largest));
}

}  // namespace

void show_solve(const FlagsVisitor& look) { look(SolveCommand().line.app()); }

ExitCode run_solve(std::span<char* const> arguments) {
  SolveCommand command;
  const CommandLine& line = command.line;
  if (const std::optional<ExitCode> done = command.line.parse(arguments)) return *done;
  SolveReport report;
  if (const std::optional<ExitCode> done = command.read(report)) return *done;
  check_fixed(report);
  if (!has_errors(report.errors)) {
    report.request.config = report.settings.config;
    report.solution = solve(report.request);
    report.searched = true;
  }
  const bool ok = report.searched && report.solution.ok;
  std::string text;
  if (line.format() == Format::json) {
    text = solve_json(report);
  } else if (report.searched) {
    text = solve_text(report, line.report_in_color());
  }
  const ExitCode found = report.searched ? ExitCode::does_not_fit : exit_code(report.errors);
  const ExitCode code = line.finish(text, report.errors, ok ? ExitCode::fits : found);
  if (report.searched && !ok) print_error(reason(report), "", line.color());
  return code;
}

}  // namespace kv
