#include "planner/check_command_line.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "kvcore/load/flags.hpp"
#include "kvcore/load/words.hpp"

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
  failures.push_back(
      {"usage", fmt::format("unknown format '{}'; {}", word, near.empty() ? one_of(known) : near)});
}

void choose_color(const std::string& word, CheckRequest& request,
                  std::vector<CheckFailure>& failures) {
  for (uint64_t i = 0; i < std::size(color_words); ++i) {
    if (word != color_words[i]) continue;
    request.color = static_cast<ColorMode>(i);
    return;
  }
  failures.push_back(
      {"usage", fmt::format("unknown value '{}' of --color; {}", word, one_of(color_words))});
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

}  // namespace

std::optional<ExitCode> parse_check(std::span<char* const> words, CheckRequest& request,
                                    std::vector<CheckFailure>& failures) {
  CLI::App app("Holds config files to the rules, to their budgets and to a policy.",
               "kvplan check");
  std::string format = request.format;
  std::string color = "auto";
  std::string budget;
  app.allow_extras();
  set_up_help(app);
  app.set_help_flag("-h,--help", "print this and exit");
  app.add_option("files", request.arguments,
                 "configs, directories that are searched for *.toml and *.json, or -")
      ->type_name("FILE|DIR|-");
  app.add_option("--budget", budget, "no arena may be larger")->type_name("SIZE");
  app.add_flag("--deny-warnings", request.options.deny_warnings, "warnings are errors");
  app.add_option("--policy", request.policy, "a repository's own limits and rules")
      ->type_name("FILE");
  app.add_option("-f,--format", format, "text, json, sarif, github or junit")->type_name("FORMAT");
  app.add_option("-o,--output", request.output, "file to write the report to")->type_name("FILE");
  app.add_option("--color", color, "always, never or auto")->type_name("WHEN");
  app.footer(
      "Exit codes: 0 all fit; 1 a config is invalid or over a budget; 2 a file could\n"
      "not be read, or there was none. kvplan explain RULE says more about a rule.");
  std::vector<const char*> arguments = {"kvplan check"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  try {
    app.parse(static_cast<int>(arguments.size()), arguments.data());
  } catch (const CLI::CallForHelp&) {
    write_report(app.help(), "");
    return ExitCode::fits;
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string message = error.what();  // "--policy: 1 required FILE missing"
    failures.push_back({"usage", message.substr(0, message.find(':')) + " needs a value"});
  } catch (const CLI::ParseError& error) {
    failures.push_back({"usage", error.what()});
  }
  choose_format(format, request, failures);
  choose_color(color, request, failures);
  if (!budget.empty()) read_budget(budget, request, failures);
  if (const std::string unknown = unknown_flag_message(app); !unknown.empty()) {
    failures.push_back({"usage", unknown});
  }
  return std::nullopt;
}

}  // namespace kv
