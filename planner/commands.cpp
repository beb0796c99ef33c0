#include "planner/commands.hpp"

#include <fmt/format.h>

#include <array>

#include "kvcore/load/words.hpp"
#include "planner/command_line.hpp"
#include "planner/json_parts.hpp"
#include "planner/plan_json.hpp"

namespace kv {

namespace {

constexpr auto rows = std::to_array<CommandRow>({
    {"plan", "print what a config takes, component by component (the default)", run_plan,
     show_plan},
    {"check", "hold config files to the rules, their budgets and a policy", run_check, show_check},
    {"diff", "show what a change costs, and which option causes it", run_diff, show_diff},
    {"lock", "write what was reviewed to FILE.lock", run_lock, show_lock},
    {"solve", "find the largest value of an option that fits a limit", run_solve, show_solve},
    {"sweep", "show what a range of values takes: a table, CSV or a plot", run_sweep, show_sweep},
    {"advise", "find the block size that takes the least memory for a load", run_advise,
     show_advise},
    {"explain", "print the page of a rule, or the list of all rules", run_explain, show_explain},
    {"init", "write a commented config to start from", run_init, show_init},
    {"schema", "print the JSON Schema of a config, for editors", run_schema, show_schema},
    {"render", "write a deployment file with the exact limits", run_render, show_render},
    {"doctor", "say whether this machine satisfies a config", run_doctor, show_doctor},
    {"inspect", "say what a snapshot holds, and whether it is whole", run_inspect, show_inspect},
    {"convert", "turn a ZIGKV001 file into a snapshot, and back", run_convert, show_convert},
    {"completion", "print the completion script of a shell", run_completion, show_completion},
});

ExitCode unknown_command(std::span<char* const> words) {
  std::vector<std::string_view> names;
  for (const CommandRow& row : rows) names.push_back(row.name);
  const std::string near = nearest(words.front(), names);
  const std::string message = fmt::format("unknown command '{}'", words.front());
  print_error(message, near.empty() ? "kvplan --help lists the flags" : words::did_you_mean(near),
              ColorMode::automatic);
  if (asks_for_json(words)) write_report(usage_error_json(message, plan_schema), "");
  return ExitCode::could_not_judge;
}

}  // namespace

std::span<const CommandRow> command_rows() { return rows; }

ExitCode run_command(std::span<char* const> words) {
  const bool named = !words.empty() && std::string_view(words.front()).substr(0, 1) != "-";
  if (!named) return rows.front().run(words);
  for (const CommandRow& row : rows) {
    if (row.name == words.front()) return row.run(words.subspan(1));
  }
  return unknown_command(words);
}

std::string help_footer() {
  std::string text = "Commands:\n";
  for (const CommandRow& row : rows) text += fmt::format("  {:<14}{}\n", row.name, row.summary);
  text +=
      "\nkvplan COMMAND --help lists the flags of a command.\n"
      "Sizes are bytes, or carry a unit: KiB MiB GiB TiB (powers of 1024), kB MB GB TB.\n"
      "Exit codes: 0 it fits; 1 it does not (invalid or over budget); 2 not judged.";
  return text;
}

}  // namespace kv
