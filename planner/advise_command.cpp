// kvplan advise: which block_bytes takes the least memory for a load, and how much that is.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "kvcore/load/flags.hpp"
#include "kvcore/load/words.hpp"
#include "kvcore/plan/size.hpp"
#include "planner/advise_report.hpp"
#include "planner/command_line.hpp"
#include "planner/commands.hpp"
#include "planner/judge.hpp"

namespace kv {

namespace {

constexpr std::string_view summary =
    "Finds the block_bytes that takes the least memory for a load, by planning every size that "
    "can be the best, and says what is lost to rounding and to links. The load is described by "
    "--key and --value, or by a histogram. Limits that are given hold; the others follow from "
    "the load, and so does store_bytes.";

bool was_given(const Settings& settings, Option option) {
  const Origin::Kind kind = settings.origin(option).kind;
  return kind == Origin::Kind::file || kind == Origin::Kind::flag;
}

/// Keys of a load that is described by flags, where nothing says how many there are.
constexpr uint64_t default_keys = 1'000'000;

struct AdviseCommand {
  CommandLine line{{"advise",
                    summary,
                    advise_schema,
                    {Format::table, Format::json, Format::csv, Format::markdown}}};
  std::string config;
  std::string histogram;
  std::string key;
  std::string value;
  std::string list;
  std::optional<ConfigFlags> flags;

  AdviseCommand() {
    CLI::App& app = line.app();
    app.add_option("-c,--config", config, "TOML or JSON file to start from; - is standard input")
        ->type_name("FILE");
    app.add_option("--key", key, "bytes of each key")->type_name("SIZE");
    app.add_option("--value", value, "bytes of each string, or of each element of a list")
        ->type_name("SIZE");
    app.add_option("--list", list, "elements of each list [default none: strings]")
        ->type_name("COUNT");
    app.add_option("--histogram", histogram,
                   "CSV with the columns key_bytes, value_bytes, count and, for lists, "
                   "list_length; or a JSON object of these in each line; - is standard input")
        ->type_name("FILE");
    app.footer(
        fmt::format("--keys tells how many keys there are, else the config; else there are {}.",
                    words::grouped(default_keys)));
    flags.emplace(app);
  }

  std::optional<ExitCode> parse(std::span<char* const> arguments);
  std::optional<ExitCode> read_load(AdviseReport& report);

 private:
  std::optional<ExitCode> read_sizes(AdviseReport& report);
};

std::optional<ExitCode> AdviseCommand::parse(std::span<char* const> arguments) {
  if (const std::optional<ExitCode> done = line.parse(arguments)) return done;
  const bool by_flags = !key.empty() || !value.empty() || !list.empty();
  if (by_flags && !histogram.empty()) {
    return line.usage_error("--histogram describes the load, and so do --key, --value and --list",
                            "leave out one or the other");
  }
  if (histogram == "-" && config == "-") {
    return line.usage_error("only one of --config and --histogram can be standard input");
  }
  if (!histogram.empty() || (!key.empty() && !value.empty())) return {};
  return line.usage_error(by_flags ? fmt::format("{} is missing", key.empty() ? "--key" : "--value")
                                   : "no load is described",
                          "write --key 16 --value 64, or --histogram FILE");
}

std::optional<ExitCode> AdviseCommand::read_sizes(AdviseReport& report) {
  KeyKind kind;
  const auto read = [&](std::string_view flag, const std::string& text, SizeResult parsed,
                        uint64_t& out) -> std::optional<ExitCode> {
    out = parsed.value;
    if (parsed.ok()) return {};
    return line.usage_error(fmt::format("{} {} is not a {}", flag, words::in_quotes(text),
                                        flag == "--list" ? "count" : "size"),
                            flag == "--list" ? "write 50" : "write 64, or 2KiB");
  };
  if (const auto done = read("--key", key, parse_size(key), kind.key_bytes)) return done;
  if (const auto done = read("--value", value, parse_size(value), kind.value_bytes)) return done;
  if (!list.empty()) {
    if (const auto done = read("--list", list, parse_count(list), kind.list_length)) return done;
  }
  const Settings& settings = report.settings;
  const bool counted = !config.empty() || was_given(settings, Option::key_count);
  kind.count = counted ? settings.config.key_count : default_keys;
  const std::string problem = report.workload.add(kind);
  if (problem.empty()) return {};
  return line.usage_error(problem);
}

std::optional<ExitCode> AdviseCommand::read_load(AdviseReport& report) {
  if (histogram.empty()) return read_sizes(report);
  if (load_histogram(histogram, report.workload, report.errors)) return {};
  return line.finish(line.format() == Format::json ? advise_json(report) : "", report.errors,
                     ExitCode::could_not_judge);
}

/// Makes the limits those of the load. One that was given holds: a load beyond it is an error.
void set_limits(AdviseReport& report) {
  const Workload& load = report.workload;
  const auto set = [&](Option option, uint64_t needed, std::string_view before,
                       std::string_view noun) {
    uint64_t& limit = number(report.settings.config, option);
    const OptionInfo& info = option_info(option);
    if (!was_given(report.settings, option)) {
      limit = std::max(needed, info.minimum);
    } else if (limit < needed) {
      report.errors.push_back(
          {Rule::bad_load, Severity::error, report.settings.origin(option).place,
           fmt::format("{} is {} but the load has {}{}", info.key, words::grouped(limit), before,
                       words::counted(needed, noun)),
           "raise it, or leave it out"});
    }
  };
  set(Option::key_count, load.key_count(), "", "key");
  set(Option::key_size_max, load.key_bytes_max(), "a key of ", "byte");
  set(Option::val_size_max, load.value_bytes_max(), "a value of ", "byte");
  set(Option::list_length_max, load.list_length_max(), "a list of ", "element");
}

/// Loads the config and applies the flags, and holds each option to its own bounds.
void load_settings(const AdviseCommand& command, AdviseReport& report) {
  if (!command.config.empty()) load_file(command.config, report.settings, report.errors);
  command.flags->apply(report.settings, report.errors);
  Diagnostics found;
  check(report.settings, found);
  for (Diagnostic& diagnostic : found) {
    if (is_bound(diagnostic.rule)) report.errors.push_back(std::move(diagnostic));
  }
}

/// Where every size breaks a rule, the best of them says which; so does one over its budget.
void choose(AdviseReport& report) {
  report.advice = advise_blocks(report.settings.config, report.workload);
  report.chosen = !report.advice.best.broken;
  Settings settings = report.settings;
  settings.config = report.advice.best.config;
  add_violations(settings, report.errors);
}

std::string render(const AdviseReport& report, const CommandLine& line) {
  if (line.format() == Format::json) return advise_json(report);
  if (!report.chosen) return {};
  if (line.format() == Format::csv) return advise_csv(report);
  return line.format() == Format::markdown ? advise_markdown(report)
                                           : advise_text(report, line.report_in_color());
}

}  // namespace

void show_advise(const FlagsVisitor& look) { look(AdviseCommand().line.app()); }

ExitCode run_advise(std::span<char* const> arguments) {
  AdviseCommand command;
  if (const std::optional<ExitCode> done = command.parse(arguments)) return *done;
  AdviseReport report;
  load_settings(command, report);
  if (!has_errors(report.errors)) {
    if (const std::optional<ExitCode> done = command.read_load(report)) return *done;
    set_limits(report);
  }
  if (!has_errors(report.errors)) choose(report);
  const Diagnostics& errors = report.errors;
  return command.line.finish(render(report, command.line), errors, exit_code(errors));
}

}  // namespace kv
