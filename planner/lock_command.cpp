// kvplan lock: writes what was reviewed beside the config. kvplan check --locked holds it to that.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "kvcore/load/lock.hpp"
#include "kvcore/memory/assert.hpp"
#include "planner/command_line.hpp"
#include "planner/commands.hpp"
#include "planner/judge.hpp"
#include "planner/number_text.hpp"

namespace kv {

namespace {

constexpr std::string_view summary =
    "Writes FILE.lock: the hash of the resolved config, its options, and the bytes of every "
    "component. 'kvd --lock' and 'kvplan check --locked' refuse anything else.";

/// The flags of the command, and what they were given.
struct LockCommand {
  CommandLine line{{"lock", summary, "", {Format::table}}};
  std::string file;

  LockCommand() {
    line.app()
        .add_option("FILE", file, "TOML or JSON file; - is standard input")
        ->required()
        ->type_name("");
  }

  std::optional<ExitCode> parse(std::span<char* const> arguments) {
    if (const std::optional<ExitCode> done = line.parse(arguments)) return done;
    if (file.empty()) return line.usage_error("no config file is named", "write kvplan lock FILE");
    if (file == "-" && line.output().empty()) {
      return line.usage_error("a config on standard input has no place for its lock",
                              "name one with --output; - is standard output");
    }
    return {};
  }
};

std::string line_of(const std::string& path, const Lock& lock) {
  return fmt::format("{}: container limit {} bytes, sha256 {}\n", path,
                     grouped(lock.container_bytes), config_sha256(lock));
}

}  // namespace

void show_lock(const FlagsVisitor& look) { look(LockCommand().line.app()); }

ExitCode run_lock(std::span<char* const> arguments) {
  LockCommand command;
  if (const std::optional<ExitCode> done = command.parse(arguments)) return *done;
  const CommandLine& line = command.line;
  const std::string& file = command.file;

  Settings settings;
  Diagnostics diagnostics;
  load_file(file, settings, diagnostics);
  add_violations(settings, diagnostics);
  if (has_errors(diagnostics)) return line.finish("", diagnostics, exit_code(diagnostics));
  const std::string path = lock_path(file);
  const PlanResult planned = plan(settings.config);
  KV_ASSERT(planned.ok);
  const Lock lock = make_lock(planned.allocation);
  const std::string target = line.output().empty() ? path : line.output();
  if (const std::string failure = write_report(lock_text(lock), target); !failure.empty()) {
    print_error(failure, "", line.color());
    return ExitCode::could_not_judge;
  }
  if (target != "-") write_report(line_of(target, lock), "");
  print_diagnostics(diagnostics, line.color());
  return ExitCode::fits;
}

}  // namespace kv
