// The plan as a table: components with their parts, the arena, what lies outside of it, and
// the container limit. Every row of the allocation is in it exactly once.
#pragma once

#include <string>

#include "kvcore/plan/allocation.hpp"
#include "planner/table.hpp"

namespace kv {

Table plan_table(const Allocation& allocation);

/// "request buffers" → "request_buffers": what JSON and CSV call a part.
std::string machine_name(std::string_view name);

}  // namespace kv
