// What kvd prints when it starts: the plan with the carved bytes beside it, component by
// component, and the guarantee.
#pragma once

#include <string>

#include "kvcore/memory/verify.hpp"
#include "kvcore/plan/allocation.hpp"
#include "server/sandbox.hpp"

namespace kv {

/// The table of components: planned, carved, and the difference where there is one.
std::string start_report(const Allocation& allocation, const Verification& verification);

/// What the process cannot do any more once it serves, and what others cannot see of it.
std::string seal_report(const Config& config, IoKind io);

/// One line for each component whose carved bytes are not the planned ones.
std::string difference_report(const Verification& verification);

}  // namespace kv
