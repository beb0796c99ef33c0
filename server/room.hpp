// Whether the process has room for a plan, asked before anything of it is taken: what does not
// fit is refused with the way out of it, and costs nothing.
#pragma once

#include "kvcore/memory/ceilings.hpp"
#include "kvcore/plan/allocation.hpp"

namespace kv {

/// Nothing where the plan fits every limit of the process; else what is missing, how each limit
/// is raised, and the one option that can be lowered instead, with the largest value that fits.
/// `asked` is the config as it was given, whose plan is `allocation`.
std::optional<std::string> check_room(const Config& asked, const Allocation& allocation,
                                      const ProcessLimits& limits = read_process_limits());

}  // namespace kv
