// The commands of kvplan: one row each, and everything that lists them follows from it.
//
// `kvplan --keys 10` is the first row, `kvplan plan --keys 10` the same by its name.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "planner/exit_code.hpp"

namespace CLI {
class App;
}  // namespace CLI

namespace kv {

/// Is shown the flags of a command as CLI11 holds them, for completion and man pages.
using FlagsVisitor = std::function<void(const CLI::App& flags)>;

struct CommandRow {
  std::string_view name;
  std::string_view summary;
  /// Gets the words behind the command's name.
  ExitCode (*run)(std::span<char* const> arguments);
  /// Calls back with the command's flags, which live during the call.
  void (*show)(const FlagsVisitor& look);
};

/// The first is what runs when no command is named.
std::span<const CommandRow> command_rows();

/// Runs the command that the words (without the program's name) ask for.
ExitCode run_command(std::span<char* const> words);

/// The end of --help: the commands and the exit codes.
std::string help_footer();

ExitCode run_plan(std::span<char* const> arguments);
void show_plan(const FlagsVisitor& look);
ExitCode run_check(std::span<char* const> arguments);
void show_check(const FlagsVisitor& look);
ExitCode run_advise(std::span<char* const> arguments);
void show_advise(const FlagsVisitor& look);
ExitCode run_explain(std::span<char* const> arguments);
void show_explain(const FlagsVisitor& look);
ExitCode run_init(std::span<char* const> arguments);
void show_init(const FlagsVisitor& look);
ExitCode run_schema(std::span<char* const> arguments);
void show_schema(const FlagsVisitor& look);
ExitCode run_render(std::span<char* const> arguments);
void show_render(const FlagsVisitor& look);
ExitCode run_doctor(std::span<char* const> arguments);
void show_doctor(const FlagsVisitor& look);
ExitCode run_completion(std::span<char* const> arguments);
void show_completion(const FlagsVisitor& look);
ExitCode run_inspect(std::span<char* const> arguments);
void show_inspect(const FlagsVisitor& look);
ExitCode run_convert(std::span<char* const> arguments);
void show_convert(const FlagsVisitor& look);
ExitCode run_diff(std::span<char* const> arguments);
void show_diff(const FlagsVisitor& look);
ExitCode run_lock(std::span<char* const> arguments);
void show_lock(const FlagsVisitor& look);
ExitCode run_solve(std::span<char* const> arguments);
void show_solve(const FlagsVisitor& look);
ExitCode run_sweep(std::span<char* const> arguments);
void show_sweep(const FlagsVisitor& look);

}  // namespace kv
