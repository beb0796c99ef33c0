// kvplan explain: the page of a rule, or the list of all.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "kvcore/load/words.hpp"
#include "planner/command_app.hpp"
#include "planner/commands.hpp"
#include "planner/rule_pages.hpp"

namespace kv {

namespace {

struct ExplainFlags {
  ExplainFlags()
      : command("explain",
                "Prints the page of a rule: why it is there, an example that breaks it, how to "
                "mend it.") {
    command.app()
        .add_option("RULE", rule, "the id in brackets; without it, all are listed")
        ->type_name("");
    command.app().footer("Where the bytes of a config come from is shown by kvplan --explain.");
  }

  CommandApp command;
  std::string rule;
};

}  // namespace

void show_explain(const FlagsVisitor& look) { look(ExplainFlags().command.app()); }

ExitCode run_explain(std::span<char* const> arguments) {
  ExplainFlags flags;
  const CommandApp& command = flags.command;
  if (const std::optional<ExitCode> done = flags.command.parse(arguments)) return *done;
  const bool color = command.report_in_color();
  if (flags.rule.empty()) return command.write(rule_list(color));
  std::vector<std::string_view> known;
  for (const RuleInfo& rule : rules) {
    if (rule.name == flags.rule) return command.write(rule_page(rule, color));
    known.push_back(rule.name);
  }
  const std::string near = words::did_you_mean(nearest(flags.rule, known));
  return command.fail(fmt::format("no rule is called {}", words::in_quotes(flags.rule)),
                      near.empty() ? "kvplan explain lists the rules" : near);
}

}  // namespace kv
