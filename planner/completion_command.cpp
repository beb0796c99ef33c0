// kvplan completion: what a shell sources to complete the words of kvplan.
#include <CLI/CLI.hpp>

#include "planner/command_app.hpp"
#include "planner/commands.hpp"
#include "planner/completion.hpp"

namespace kv {

namespace {

struct CompletionFlags {
  CompletionFlags()
      : command("completion", "Prints what a shell needs to complete the words of kvplan.") {
    command.add_word(shell, "SHELL", "whose completion to print", {"bash", "zsh", "fish"});
    command.app().footer("bash: source <(kvplan completion bash)");
  }

  CommandApp command;
  std::string shell;
};

}  // namespace

void show_completion(const FlagsVisitor& look) { look(CompletionFlags().command.app()); }

ExitCode run_completion(std::span<char* const> arguments) {
  CompletionFlags flags;
  if (const std::optional<ExitCode> done = flags.command.parse(arguments)) return *done;
  return flags.command.write(flags.shell == "bash"  ? bash_completion()
                             : flags.shell == "zsh" ? zsh_completion()
                                                    : fish_completion());
}

}  // namespace kv
