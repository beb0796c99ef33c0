#include "server/command_line.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>

#include <CLI/CLI.hpp>

#include "kvcore/load/flags.hpp"
#include "kvcore/load/lock.hpp"
#include "kvcore/load/settings.hpp"
#include "kvcore/plan/version.hpp"

namespace kv {

namespace {

void print(const Diagnostics& diagnostics, bool color) {
  for (const Diagnostic& diagnostic : diagnostics) {
    fmt::print(stderr, "{}", render(diagnostic, color));
  }
}

/// Files that could not be read are the caller's mistake, everything else the config's.
KvdExit exit_for(const Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.rule == Rule::unreadable) return KvdExit::no_input;
  }
  return KvdExit::config;
}

}  // namespace

std::optional<KvdExit> parse_command_line(int argc, char** argv, CommandLine& out) {
  CLI::App app("A Redis-compatible key/value server that takes all of its memory at start-up.",
               "kvd");
  set_up_help(app);
  app.footer(
      "Exit codes: 0 it served and was stopped; 64 usage; 66 the config cannot be read;\n"
      "71 the system refuses memory, sockets, io or the sandbox; 78 the config is\n"
      "invalid.");
  std::string config_file;
  std::string lock_file;
  app.add_option("-c,--config", config_file, "TOML or JSON file to read; - for standard input")
      ->type_name("FILE");
  const CLI::Option* lock =
      app.add_option("--lock", lock_file, "start only what this file of kvplan lock holds")
          ->type_name("FILE");
  app.add_flag("--check", out.check_only, "allocate, verify against the plan, print, and exit");
  CLI::App* repl = app.add_subcommand("repl", "read commands here, with no network");
  repl->fallthrough();
  repl->add_option("--history", out.history_file, "keep the lines typed in this file")
      ->type_name("FILE");
  app.set_version_flag("--version", fmt::format("kvd {}", version));
  set_up_man(app);
  const ConfigFlags flags(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked_for_help) {
    app.exit(asked_for_help);
    return KvdExit::ok;
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return KvdExit::usage;
  }

  out.prompt = repl->parsed();
  Settings settings;
  Diagnostics diagnostics;
  if (!config_file.empty()) load_file(config_file, settings, diagnostics);
  flags.apply(settings, diagnostics);
  if (diagnostics.empty()) check(settings, diagnostics);
  if (diagnostics.empty() && lock->count() > 0) check_lock(settings, lock_file, diagnostics);
  out.config = settings.config;
  if (diagnostics.empty()) return {};
  print(diagnostics, isatty(STDERR_FILENO) == 1 && getenv("NO_COLOR") == nullptr);
  return exit_for(diagnostics);
}

}  // namespace kv
