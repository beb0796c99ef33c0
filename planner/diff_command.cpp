// kvplan diff: what a change of a config costs, and which option causes it.
#include <fmt/format.h>
#include <sys/stat.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "kvcore/load/words.hpp"
#include "kvcore/memory/assert.hpp"
#include "planner/command_line.hpp"
#include "planner/commands.hpp"
#include "planner/diff_report.hpp"
#include "planner/git.hpp"
#include "planner/judge.hpp"

namespace kv {

namespace {

constexpr std::string_view summary =
    "Shows what a change of a config costs, component by component, and which option causes how "
    "many bytes. OLD and NEW are files, or REVISION:PATH for a file as git has it; without NEW, "
    "the same path in the working tree is compared.";

struct DiffCommand {
  CommandLine line{{"diff",
                    summary,
                    diff_schema,
                    {Format::table, Format::json, Format::markdown, Format::github}}};
  std::string old_name;
  std::string new_name;
  std::string growth_text;
  std::optional<GrowthLimit> growth;

  DiffCommand() {
    line.app()
        .add_option("OLD", old_name, "file, REVISION:PATH, or - for standard input")
        ->required()
        ->type_name("");
    line.app()
        .add_option("NEW", new_name, "the same [default OLD in the working tree]")
        ->type_name("");
    line.app()
        .add_option("--max-growth", growth_text,
                    "fail when the container limit grows by more: 10% or 64MiB")
        ->type_name("GROWTH");
  }

  std::optional<ExitCode> parse(std::span<char* const> arguments) {
    if (const std::optional<ExitCode> done = line.parse(arguments)) return done;
    if (old_name.empty()) {
      return line.usage_error("nothing is named to compare", "write kvplan diff OLD NEW");
    }
    if (old_name == "-" && new_name == "-") {
      return line.usage_error("only one side can be standard input");
    }
    if (growth_text.empty()) return {};
    growth = parse_growth(growth_text);
    if (growth) return {};
    return line.usage_error(fmt::format("--max-growth {} is neither a percentage nor a size",
                                        words::in_quotes(growth_text)),
                            "write 10% or 64MiB");
  }
};

bool is_file(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0;
}

/// The word as REVISION:PATH, unless there is a file of that name.
std::optional<GitName> git_name(const std::string& word) {
  return is_file(word) ? std::nullopt : parse_git_name(word);
}

void load_side(DiffSide& side, Diagnostics& out) {
  Diagnostics found;
  if (const std::optional<GitName> name = git_name(side.name)) {
    std::string text;
    if (read_git(*name, text, found)) {
      load_text(text, format_of(name->path, text), side.name, side.settings, found);
    }
  } else {
    load_file(side.name, side.settings, found);
    if (side.name == "-") side.name = "<stdin>";
  }
  add_violations(side.settings, found);
  out.insert(out.end(), found.begin(), found.end());
}

/// That the old side was over its budget is no reason against the change: it may be what mends
/// it. So it is told as a warning.
void forgive_budget(Diagnostics& diagnostics) {
  for (Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.rule == Rule::over_budget) diagnostic.severity = Severity::warning;
  }
}

std::string render(const DiffReport& report, const CommandLine& line) {
  if (line.format() == Format::json) return diff_json(report);
  if (line.format() == Format::github) return diff_github(report);
  if (!report.planned) return {};
  return line.format() == Format::markdown ? diff_markdown(report)
                                           : diff_text(report, line.report_in_color());
}

/// GitHub shows what is appended to this file on the page of the run.
std::string write_step_summary(const DiffReport& report) {
  const char* path = std::getenv("GITHUB_STEP_SUMMARY");
  if (path == nullptr || *path == '\0' || !report.planned) return {};
  const std::string text = diff_markdown(report);
  std::FILE* file = std::fopen(path, "ab");
  bool written = file != nullptr;
  if (written) written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file != nullptr) written = std::fclose(file) == 0 && written;
  return written ? "" : fmt::format("cannot write '{}': {}", path, std::strerror(errno));
}

}  // namespace

void show_diff(const FlagsVisitor& look) { look(DiffCommand().line.app()); }

ExitCode run_diff(std::span<char* const> arguments) {
  DiffCommand command;
  if (const std::optional<ExitCode> done = command.parse(arguments)) return *done;
  const CommandLine& line = command.line;
  const std::optional<GitName> committed = git_name(command.old_name);
  if (command.new_name.empty() && !committed) {
    return line.usage_error(
        fmt::format("there is nothing to compare {} with", words::in_quotes(command.old_name)),
        "write kvplan diff OLD NEW, or kvplan diff REVISION:PATH");
  }

  DiffReport report;
  report.before.name = command.old_name;
  load_side(report.before, report.errors);
  forgive_budget(report.errors);
  const bool readable = !has_rule(report.errors, Rule::unreadable);
  if (!command.new_name.empty() || readable) {
    report.after.name = command.new_name.empty() ? work_tree_path(*committed) : command.new_name;
    load_side(report.after, report.errors);
  }
  ExitCode code = exit_code(report.errors);
  if (can_be_planned(report.errors)) {
    report.planned = true;
    report.before.allocation = plan(report.before.settings.config).allocation;
    report.after.allocation = plan(report.after.settings.config).allocation;
    report.attribution = attribute(report.before.settings.config, report.after.settings.config);
    const uint64_t before = report.before.allocation.container_bytes;
    const uint64_t after = report.after.allocation.container_bytes;
    if (command.growth) report.growth = judge_growth(*command.growth, before, after);
  }
  const bool grows = report.growth && report.growth->exceeded();
  if (grows && code == ExitCode::fits) code = ExitCode::does_not_fit;
  code = line.finish(render(report, line), report.errors, code);
  if (grows) {
    print_error(growth_message(*report.growth, report.before.allocation.container_bytes,
                               report.after.allocation.container_bytes),
                "", line.color());
  }
  if (line.format() != Format::github) return code;
  const std::string failure = write_step_summary(report);
  if (failure.empty()) return code;
  print_error(failure, "", line.color());
  return ExitCode::could_not_judge;
}

}  // namespace kv
