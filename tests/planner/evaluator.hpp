// Works out the formulas that kvplan prints, from their text alone. It shares no code with
// the planner: what people would do with a pocket calculator.
#pragma once

#include <cstdint>
#include <string_view>

namespace kv {

/// Understands + - ×, ceil(a / b), floor(a / b), min, max, round_up, power_of_two,
/// (1 if a > b else 0) and grouped numbers. Throws std::runtime_error for anything else.
uint64_t evaluate(std::string_view formula);

}  // namespace kv
