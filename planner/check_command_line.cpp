#include "planner/check_command_line.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "kvcore/load/flags.hpp"
#include "planner/command_line.hpp"
#include "planner/commands.hpp"

namespace kv {

namespace {

const WordList format_words(std::begin(check_formats), std::end(check_formats));

/// Whether the word is one of `known`; a failure where it is none.
bool is_known(std::string_view word, std::string_view flag, const WordList& known,
              std::vector<CheckFailure>& failures) {
  const std::optional<UnknownWord> unknown = find_unknown(word, flag, known);
  if (unknown) {
    failures.push_back({"usage", fmt::format("{}; {}", unknown->message, unknown->hint)});
  }
  return !unknown;
}

/// The same sizes as memory.budget, with the same words where it is none.
void read_budget(const std::string& text, CheckRequest& request,
                 std::vector<CheckFailure>& failures) {
  Settings scratch;
  Diagnostics out;
  Place place;
  place.flag = "--budget";
  set_from_text(Option::memory_budget, text, place, scratch, out);
  if (out.empty()) check(scratch, out);
  for (const Diagnostic& diagnostic : out) {
    if (diagnostic.rule == Rule::over_budget) continue;  // of the defaults, which nobody asked for
    failures.push_back({"usage", "--budget: " + full_message(diagnostic)});
  }
  request.options.budget = scratch.config.memory_budget;
}

/// The flags, and where their words go until they are known to be meant.
struct CheckFlags {
  explicit CheckFlags(CheckRequest& request)
      : app("Holds config files to the rules, to their budgets and to a policy, and deployment "
            "files to the plan.",
            "kvplan check") {
    app.allow_extras();
    set_up_help(app);
    app.set_help_flag("-h,--help", "print this and exit");
    app.add_option("FILE", request.arguments,
                   "TOML or JSON configs; a directory is searched for *.toml and *.json; - is "
                   "standard input")
        ->required()
        ->type_name("");
    app.add_option("--budget", budget, "no arena may be larger")->type_name("SIZE");
    app.add_flag("--deny-warnings", request.options.deny_warnings, "warnings are errors");
    app.add_flag("--locked", request.options.locked,
                 "FILE.lock must be there and hold what kvplan lock would write");
    app.add_option("--policy", request.policy, "a repository's own limits and rules")
        ->type_name("FILE");
    app.add_option("--manifest", request.options.manifest,
                   "a Kubernetes manifest, Compose file or systemd unit, whose memory limit must "
                   "hold the plan of the config")
        ->type_name("FILE");
    app.add_option("--container", request.options.container,
                   "container of the manifest [default those that run kvd]")
        ->type_name("NAME");
    app.add_option("--data", request.options.data,
                   "a data.directory, whose snapshot must fit the config")
        ->type_name("DIR");
    app.add_option("-f,--format", format, "how the report is written [default text]")
        ->type_name(fmt::format("{}", fmt::join(format_words, "|")));
    app.add_option("-o,--output", request.output, "file to write the report to")->type_name("FILE");
    app.add_option("--color", color, "when to colour [default auto]")
        ->type_name(fmt::format("{}", fmt::join(color_words, "|")));
    app.footer(
        "Exit codes: 0 all fit; 1 a config is invalid or over a budget; 2 a file could\n"
        "not be read, or there was none. kvplan explain RULE says more about a rule.");
  }

  CLI::App app;
  std::string format = "text";
  std::string color = "auto";
  std::string budget;
};

}  // namespace

void show_check(const FlagsVisitor& look) {
  CheckRequest request;
  look(CheckFlags(request).app);
}

std::optional<ExitCode> parse_check(std::span<char* const> words, CheckRequest& request,
                                    std::vector<CheckFailure>& failures) {
  CheckFlags flags(request);
  ParsedWords parsed = parse_words(flags.app, words);
  if (parsed.done) return ExitCode::fits;
  if (!parsed.mistake.empty()) failures.push_back({"usage", std::move(parsed.mistake)});
  if (is_known(flags.format, "--format", format_words, failures)) request.format = flags.format;
  is_known(flags.color, "--color", color_words, failures);
  request.color = color_mode(flags.color);
  if (!flags.budget.empty()) read_budget(flags.budget, request, failures);
  if (const std::string unknown = unknown_flag_message(flags.app); !unknown.empty()) {
    failures.push_back({"usage", unknown});
  }
  if (!request.options.container.empty() && request.options.manifest.empty()) {
    failures.push_back({"usage", "--container is of a --manifest, and none is given"});
  }
  return std::nullopt;
}

}  // namespace kv
