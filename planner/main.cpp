// kvplan: what a config takes, to the byte, before anything is started.
//
// Each command is a row of commands.cpp; the plan itself (parse, load, check, plan, render,
// exit code) is run_plan in plan_command.cpp.
#include "planner/commands.hpp"

int main(int argc, char** argv) {
  const std::span<char* const> words(argv + 1, argv + argc);
  const kv::ExitCode code = kv::run_command(words);
  return static_cast<int>(code);
}
