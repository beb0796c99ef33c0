// kvplan init: a commented config to start from. kvplan schema: what an editor checks it with.
#include <fmt/format.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>

#include "planner/command_line.hpp"
#include "planner/commands.hpp"
#include "planner/config_schema.hpp"
#include "planner/starter.hpp"

namespace kv {

namespace {

struct InitFlags {
  InitFlags()
      : line({"init",
              "Writes a commented config to start from, with every option and its "
              "default. A file that is there already is never overwritten."}) {
    line.app()
        .add_option("--schema", schema, "what the #:schema line names [default ./kvd.schema.json]")
        ->type_name("FILE");
  }

  CommandLine line;
  std::string schema = "./kvd.schema.json";
};

constexpr std::string_view schema_summary =
    "Prints the JSON Schema of a config (draft 4), which editors check TOML files with where a "
    "line '#:schema FILE' names it.";

bool exists(const std::string& path) {
  struct stat status = {};
  return lstat(path.c_str(), &status) == 0;
}

}  // namespace

void show_init(const FlagsVisitor& look) { look(InitFlags().line.app()); }

ExitCode run_init(std::span<char* const> arguments) {
  InitFlags flags;
  CommandLine& line = flags.line;
  if (const std::optional<ExitCode> done = line.parse(arguments)) return *done;
  if (flags.schema.find_first_of("\n\r") != std::string::npos) {
    return line.usage_error("--schema must be one line");
  }
  const std::string& output = line.output();
  if (!output.empty() && output != "-" && exists(output)) {
    return line.usage_error(fmt::format("'{}' is there already", output),
                            "init never overwrites a file; choose another name");
  }
  return line.finish(starter_config(flags.schema));
}

void show_schema(const FlagsVisitor& look) { look(CommandLine({"schema", schema_summary}).app()); }

ExitCode run_schema(std::span<char* const> arguments) {
  CommandLine line({"schema", schema_summary});
  if (const std::optional<ExitCode> done = line.parse(arguments)) return *done;
  return line.finish(config_json_schema());
}

}  // namespace kv
