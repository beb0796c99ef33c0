// kvplan explain: the page of a rule, or the list of all.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "kvcore/load/words.hpp"
#include "planner/command_line.hpp"
#include "planner/commands.hpp"
#include "planner/rule_pages.hpp"

namespace kv {

namespace {

struct ExplainFlags {
  ExplainFlags()
      : line({"explain",
              "Prints the page of a rule: why it is there, an example that breaks it, how to "
              "mend it."}) {
    line.app()
        .add_option("RULE", rule, "the id in brackets; without it, all are listed")
        ->type_name("");
    line.app().footer("Where the bytes of a config come from is shown by kvplan --explain.");
  }

  CommandLine line;
  std::string rule;
};

}  // namespace

void show_explain(const FlagsVisitor& look) { look(ExplainFlags().line.app()); }

ExitCode run_explain(std::span<char* const> arguments) {
  ExplainFlags flags;
  const CommandLine& line = flags.line;
  if (const std::optional<ExitCode> done = flags.line.parse(arguments)) return *done;
  const bool color = line.report_in_color();
  if (flags.rule.empty()) return line.finish(rule_list(color));
  std::vector<std::string_view> known;
  for (const RuleInfo& rule : rules) {
    if (rule.name == flags.rule) return line.finish(rule_page(rule, color));
    known.push_back(rule.name);
  }
  const std::string near = words::did_you_mean(nearest(flags.rule, known));
  return line.usage_error(fmt::format("no rule is called {}", words::in_quotes(flags.rule)),
                          near.empty() ? "kvplan explain lists the rules" : near);
}

}  // namespace kv
