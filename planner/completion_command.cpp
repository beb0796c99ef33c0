// kvplan completion: what a shell sources to complete the words of kvplan.
#include <CLI/CLI.hpp>

#include "planner/command_line.hpp"
#include "planner/commands.hpp"
#include "planner/completion.hpp"

namespace kv {

namespace {

struct CompletionFlags {
  CompletionFlags()
      : line({"completion", "Prints what a shell needs to complete the words of kvplan."}) {
    line.add_word(shell, "SHELL", "whose completion to print", {"bash", "zsh", "fish"});
    line.app().footer("bash: source <(kvplan completion bash)");
  }

  CommandLine line;
  std::string shell;
};

}  // namespace

void show_completion(const FlagsVisitor& look) { look(CompletionFlags().line.app()); }

ExitCode run_completion(std::span<char* const> arguments) {
  CompletionFlags flags;
  if (const std::optional<ExitCode> done = flags.line.parse(arguments)) return *done;
  return flags.line.finish(flags.shell == "bash"  ? bash_completion()
                           : flags.shell == "zsh" ? zsh_completion()
                                                  : fish_completion());
}

}  // namespace kv
