// A config file that a command works on: loaded, held to every rule, and planned.
// What is wrong with it goes to standard error, as everywhere.
#pragma once

#include <optional>
#include <string>

#include "kvcore/load/settings.hpp"
#include "kvcore/plan/allocation.hpp"
#include "planner/exit_code.hpp"
#include "planner/output.hpp"

namespace kv {

struct PlannedFile {
  std::string path;  ///< as given
  Settings settings;
  Allocation allocation;
};

/// Fills `out`. Returns nothing where there is a plan within its budget, else the exit code.
std::optional<ExitCode> load_plan(const std::string& path, ColorMode color, PlannedFile& out);

}  // namespace kv
