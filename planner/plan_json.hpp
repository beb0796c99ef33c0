// The plan as JSON: "kvplan/plan/1", described by docs/plan.schema.json.
//
// Bytes are raw integers. A run that ends in errors prints the same schema with `errors`, and
// with the plan too where there is one, so that a reader always gets valid JSON.
#pragma once

#include <string>

#include "kvcore/load/diagnostic.hpp"
#include "kvcore/plan/allocation.hpp"
#include "planner/explain.hpp"

namespace kv {

constexpr std::string_view plan_schema = "kvplan/plan/1";

struct PlanReport {
  const Allocation* allocation = nullptr;    ///< null where nothing could be planned
  const Explanation* explanation = nullptr;  ///< null unless asked for
  std::string guarantee;
  Diagnostics errors;
};

/// Indented, ending in a newline.
std::string plan_json(const PlanReport& report);

/// The JSON Schema of all of it, from the option, component and part tables.
std::string plan_json_schema();

}  // namespace kv
