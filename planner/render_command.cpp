// kvplan render: deployment files from a plan.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>

#include "kvcore/memory/assert.hpp"
#include "kvcore/plan/version.hpp"
#include "planner/command_line.hpp"
#include "planner/commands.hpp"
#include "planner/planned_file.hpp"
#include "planner/render.hpp"

namespace kv {

namespace {

struct Target {
  std::string_view name;
  std::string (*render)(const Allocation&, const RenderRequest&);
};

constexpr auto targets = std::to_array<Target>({
    {"systemd", render_systemd},
    {"kubernetes", render_kubernetes},
    {"docker-compose", render_compose},
});

struct RenderFlags {
  RenderFlags()
      : line({"render", "Writes a deployment file with the exact limits of a config's plan."}) {
    CLI::App& app = line.app();
    std::vector<std::string_view> names;
    for (const Target& one : targets) names.push_back(one.name);
    line.add_word(target, "TARGET", "what to write", names);
    line.add_word(file, "FILE", "TOML or JSON config; - is standard input");
    app.add_option("--image", image, fmt::format("of the container [default {}]", image))
        ->type_name("IMAGE");
    app.add_option("--seccomp", seccomp,
                   "profile that allows io_uring [default none, which allows everything]")
        ->type_name("FILE");
  }

  CommandLine line;
  std::string target;
  std::string file;
  std::string image = fmt::format("kvd:{}", version);
  std::string seccomp;
};

}  // namespace

void show_render(const FlagsVisitor& look) { look(RenderFlags().line.app()); }

ExitCode run_render(std::span<char* const> arguments) {
  RenderFlags flags;
  if (const std::optional<ExitCode> done = flags.line.parse(arguments)) return *done;
  PlannedFile file;
  if (const auto failed = load_plan(flags.file, flags.line.color(), file)) return *failed;
  const RenderRequest request = {file.path, flags.image, flags.seccomp};
  const auto found = std::find_if(targets.begin(), targets.end(), [&](const Target& candidate) {
    return candidate.name == flags.target;
  });
  KV_ASSERT(found != targets.end());
  return flags.line.finish(found->render(file.allocation, request));
}

}  // namespace kv
