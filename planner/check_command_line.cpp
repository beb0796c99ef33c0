#include "planner/check_command_line.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "kvcore/load/flags.hpp"
#include "kvcore/load/words.hpp"
#include "planner/commands.hpp"

namespace kv {

namespace {

constexpr std::string_view color_words[] = {"auto", "always", "never"};

std::string one_of(std::span<const std::string_view> words) {
  return fmt::format("it is one of {}", fmt::join(words, ", "));
}

/// Sets `request.format`; a word that is none leaves it as text.
void choose_format(const std::string& word, CheckRequest& request,
                   std::vector<CheckFailure>& failures) {
  const std::span<const std::string_view> known(check_formats);
  if (std::find(known.begin(), known.end(), word) != known.end()) {
    request.format = word;
    return;
  }
  const std::string near =
      words::did_you_mean(nearest(word, std::vector<std::string_view>(known.begin(), known.end())));
  failures.push_back({"usage", fmt::format("unknown format {}; {}", words::in_quotes(word),
                                           near.empty() ? one_of(known) : near)});
}

void choose_color(const std::string& word, CheckRequest& request,
                  std::vector<CheckFailure>& failures) {
  for (uint64_t i = 0; i < std::size(color_words); ++i) {
    if (word != color_words[i]) continue;
    request.color = static_cast<ColorMode>(i);
    return;
  }
  const std::string near = words::did_you_mean(
      nearest(word, std::vector<std::string_view>(std::begin(color_words), std::end(color_words))));
  failures.push_back(
      {"usage", fmt::format("unknown value {} of --color; {}", words::in_quotes(word),
                            near.empty() ? one_of(color_words) : near)});
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
    app.add_option("-f,--format", format, "how the report is written [default text]")
        ->type_name(fmt::format("{}", fmt::join(check_formats, "|")));
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
  std::vector<const char*> arguments = {"kvplan check"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  try {
    flags.app.parse(static_cast<int>(arguments.size()), arguments.data());
  } catch (const CLI::CallForHelp&) {
    write_report(flags.app.help(), "");
    return ExitCode::fits;
  } catch (const CLI::RequiredError&) {
    // That no file was named is said where directories without configs are found, too.
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string message = error.what();  // "--policy: 1 required FILE missing"
    failures.push_back({"usage", message.substr(0, message.find(':')) + " needs a value"});
  } catch (const CLI::ParseError& error) {
    failures.push_back({"usage", error.what()});
  }
  choose_format(flags.format, request, failures);
  choose_color(flags.color, request, failures);
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
