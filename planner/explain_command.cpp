// kvplan explain: the page of a rule, or the list of all.
#include <fmt/format.h>
#include <unistd.h>

#include "kvcore/load/words.hpp"
#include "planner/commands.hpp"
#include "planner/output.hpp"
#include "planner/rule_pages.hpp"

namespace kv {

namespace {

constexpr std::string_view usage =
    "Prints the page of a rule: why it is there, an example that breaks it, how to mend it.\n"
    "Usage: kvplan explain [RULE]\n\n"
    "Without a rule, lists all of them. Where the bytes of a config come from is shown by\n"
    "kvplan --explain.\n";

ExitCode print(const std::string& text) {
  const std::string failure = write_report(text, "");
  if (failure.empty()) return ExitCode::fits;
  print_error(failure, "", ColorMode::automatic);
  return ExitCode::could_not_judge;
}

ExitCode mistake(const std::string& message, const std::string& hint) {
  print_error(message, hint, ColorMode::automatic);
  return ExitCode::could_not_judge;
}

}  // namespace

ExitCode run_explain(std::span<char* const> words) {
  const bool color = use_color(ColorMode::automatic, STDOUT_FILENO);
  if (words.empty()) return print(rule_list(color));
  const std::string_view word = words.front();
  if (word == "--help" || word == "-h") return print(std::string(usage));
  if (word.substr(0, 1) == "-") {
    return mistake(fmt::format("unknown flag {}", words::in_quotes(word)),
                   "usage: kvplan explain [RULE]");
  }
  if (words.size() > 1) {
    return mistake(fmt::format("unexpected argument {}", words::in_quotes(words[1])),
                   "usage: kvplan explain [RULE]");
  }
  std::vector<std::string_view> known;
  for (const RuleInfo& rule : rules) {
    if (rule.name == word) return print(rule_page(rule, color));
    known.push_back(rule.name);
  }
  const std::string near = words::did_you_mean(nearest(word, known));
  return mistake(fmt::format("no rule is called {}", words::in_quotes(word)),
                 near.empty() ? "kvplan explain lists the rules" : near);
}

}  // namespace kv
