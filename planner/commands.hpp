// The commands of kvplan: one row each, and everything that lists them follows from it.
//
// `kvplan --keys 10` is the first row, `kvplan plan --keys 10` the same by its name.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "planner/exit_code.hpp"

namespace kv {

struct CommandRow {
  std::string_view name;
  std::string_view summary;
  /// Gets the words behind the command's name.
  ExitCode (*run)(std::span<char* const> arguments);
};

/// The first is what runs when no command is named.
std::span<const CommandRow> command_rows();

/// Runs the command that the words (without the program's name) ask for.
ExitCode run_command(std::span<char* const> words);

/// The end of --help: the commands and the exit codes.
std::string help_footer();

ExitCode run_plan(std::span<char* const> arguments);
ExitCode run_check(std::span<char* const> arguments);
ExitCode run_explain(std::span<char* const> arguments);

}  // namespace kv
