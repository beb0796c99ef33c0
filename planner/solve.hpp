// The largest value of an option whose plan still fits a limit, found by bisection.
//
// Works for options of which more never takes less memory; a property test holds the others
// out. Integers only, about 40 plans for each unknown, the same answer on every machine.
#pragma once

#include <optional>
#include <vector>

#include "kvcore/plan/validate.hpp"

namespace kv {

enum class Measure { container, arena };

struct SolveRequest {
  Config config;  ///< as the user gave it; the unknowns' values are where --then starts from
  Measure measure = Measure::container;
  uint64_t limit = 0;
  std::vector<Option> unknowns;  ///< in order of preference
};

/// One value tried: its plan's bytes, and the rule that it breaks if there is one.
struct Trial {
  uint64_t value = 0;
  std::optional<uint64_t> bytes{};  ///< nothing where the plan does not fit in 64 bits
  std::optional<Violation> broken{};
  bool fits = false;
};

/// The proof for one unknown: the largest value that fits, and the next one, which does not.
struct Solved {
  Option option = Option::none;
  Trial largest;              ///< where nothing fits, the least value
  std::optional<Trial> next;  ///< nothing where `largest` is all that the option may be
};

struct Solution {
  bool ok = false;             ///< every unknown has a value that fits
  Config config;               ///< with the values found
  std::vector<Solved> solved;  ///< up to the first that has no value
};

enum class Solvable { yes, not_a_number, without_effect, not_monotone };

Solvable solvable(Option option);

/// The first unknown is searched from its minimum, with the others as they are in the config;
/// each later one from its value in the config upwards, in what is left.
/// REQUIRES: every option is within its bounds and every unknown solvable.
Solution solve(const SolveRequest& request);

}  // namespace kv
