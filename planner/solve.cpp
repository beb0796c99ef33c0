#include "planner/solve.hpp"

#include "kvcore/memory/assert.hpp"
#include "planner/attribution.hpp"

namespace kv {

namespace {

/// More of these may take less: larger blocks lose less to links, and a buffer that holds the
/// largest frame makes the large slots unnecessary.
constexpr Option not_monotone[] = {Option::block_bytes, Option::request_buffer_bytes,
                                   Option::reply_buffer_bytes};

Trial try_value(const SolveRequest& request, Config config, Option option, uint64_t value) {
  Trial trial{.value = value};
  number(config, option) = value;
  const PlanResult planned = plan(config);
  if (planned.ok) {
    const Allocation& allocation = planned.allocation;
    trial.bytes =
        request.measure == Measure::container ? allocation.container_bytes : allocation.arena_bytes;
  }
  for (const Violation& violation : validate(config)) {
    // A store that is too small is mended by more, so it does not end the search.
    if (violation.rule == Rule::store_too_small && option == Option::store_bytes) continue;
    trial.broken = violation;
    break;
  }
  trial.fits = trial.bytes && *trial.bytes <= request.limit && !trial.broken;
  return trial;
}

Solved solve_one(const SolveRequest& request, const Config& config, Option option, uint64_t least) {
  const OptionInfo& info = option_info(option);
  const uint64_t step = info.multiple_of;
  const auto at = [&](uint64_t steps) {
    return try_value(request, config, option, least + steps * step);
  };
  Solved solved{.option = option, .largest = at(0), .next = {}};
  if (!solved.largest.fits) return solved;
  uint64_t fits = 0;
  uint64_t last = (info.maximum - least) / step;
  if (const Trial most = at(last); most.fits) {
    solved.largest = most;
    return solved;
  }
  // `fits` fits and `last` does not, and that stays so.
  while (last - fits > 1) {
    const uint64_t middle = fits + (last - fits) / 2;
    (at(middle).fits ? fits : last) = middle;
  }
  solved.largest = at(fits);
  solved.next = at(last);
  return solved;
}

}  // namespace

Solvable solvable(Option option) {
  const OptionInfo& info = option_info(option);
  if (info.kind != OptionKind::count && info.kind != OptionKind::bytes) {
    return Solvable::not_a_number;
  }
  if (!plan_depends_on(option)) return Solvable::without_effect;
  for (const Option other : not_monotone) {
    if (other == option) return Solvable::not_monotone;
  }
  return Solvable::yes;
}

Solution solve(const SolveRequest& request) {
  Solution solution;
  solution.config = request.config;
  for (const Option option : request.unknowns) {
    KV_ASSERT(solvable(option) == Solvable::yes);
    const OptionInfo& info = option_info(option);
    uint64_t least = info.minimum;
    if (!solution.solved.empty()) {
      const PlanResult planned = plan(solution.config);
      KV_ASSERT(planned.ok);
      least = number(planned.allocation.config, option);
      if (least > info.maximum) {  // it was computed, and what is computed has no maximum
        Trial trial = try_value(request, solution.config, option, unset);
        trial.value = least;
        solution.solved.push_back({.option = option, .largest = trial, .next = {}});
        continue;
      }
    }
    solution.solved.push_back(solve_one(request, solution.config, option, least));
    if (!solution.solved.back().largest.fits) return solution;
    number(solution.config, option) = solution.solved.back().largest.value;
  }
  solution.ok = validate(solution.config).empty();
  return solution;
}

}  // namespace kv
