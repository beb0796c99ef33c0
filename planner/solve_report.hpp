// What solve found, as a table and as JSON ("kvplan/solve/1"): each unknown with its proof.
//
// The plan's total at N is there beside the total at N + 1, so nobody has to believe it.
#pragma once

#include <string>

#include "kvcore/load/settings.hpp"
#include "planner/solve.hpp"

namespace kv {

constexpr std::string_view solve_schema = "kvplan/solve/1";

struct SolveReport {
  SolveRequest request;
  Settings settings;         ///< where the values come from
  std::string limit_source;  ///< "--limit", or the file that --limit auto found
  Solution solution;
  bool searched = false;  ///< the solution is meant
  Diagnostics errors;
};

std::string solve_text(const SolveReport& report, bool color);
std::string solve_json(const SolveReport& report);
std::string solve_json_schema();

/// "the container limit" or "the arena"
std::string_view measure_name(Measure measure);

/// Why a value does not fit: the rule that it breaks, or the bytes that are too many; for one
/// that fits, the bytes that are left.
std::string verdict_text(const SolveReport& report, const Solved& solved, const Trial& trial);

}  // namespace kv
