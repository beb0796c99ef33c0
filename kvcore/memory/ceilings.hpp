// The limits of the process that a plan has to keep, before any of it is taken.
//
// A control group kills who goes beyond its limit, and only under load; the limits of the process
// strike in the middle of start-up. So all are held against the plan first. A ceiling is one of
// them, with what the plan needs of it; what is in use beside the plan counts as needed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kvcore/memory/cgroup.hpp"
#include "kvcore/plan/budgets.hpp"

namespace kv {

/// What was read from the kernel, or made up by a test. UINT64_MAX is no limit.
struct ProcessLimits {
  std::optional<CgroupLimit> cgroup;
  uint64_t address_bytes_max = UINT64_MAX;  ///< RLIMIT_AS
  uint64_t data_bytes_max = UINT64_MAX;     ///< RLIMIT_DATA
  uint64_t locked_bytes_max = UINT64_MAX;   ///< RLIMIT_MEMLOCK; of no effect with CAP_IPC_LOCK
  uint64_t address_bytes = 0;               ///< in use now: VmSize
  uint64_t data_bytes = 0;                  ///< VmData
  uint64_t locked_bytes = 0;                ///< VmLck
};

/// The limits of this process. The files are read below `root`, which is for tests.
ProcessLimits read_process_limits(const std::string& root = "");

struct Ceiling {
  std::string_view name;    ///< "control group", "address space", …
  BudgetInfo::Of measures;  ///< the figure of the plan that is held to it
  uint64_t limit_bytes;
  uint64_t needed_bytes;  ///< the figure, and what is in use beside it
  uint64_t beside_bytes;  ///< of that, what the plan does not count
  std::string limit;      ///< "the memory limit of the control group (…/memory.max)", "RLIMIT_AS"
  std::string remedy;     ///< "ulimit -v 1024, or …", how the limit is raised far enough

  bool fits() const { return needed_bytes <= limit_bytes; }
  uint64_t missing_bytes() const { return fits() ? 0 : needed_bytes - limit_bytes; }
  /// What the figure may be at most; 0 where not even an empty plan would fit.
  uint64_t largest_figure() const {
    return limit_bytes > beside_bytes ? limit_bytes - beside_bytes : 0;
  }
  /// "RLIMIT_AS is 8,192 bytes and 16,384 are needed, 8,192 more".
  std::string shortage() const;
};

/// Those that are set; whether the plan fits them is for the caller to ask.
std::vector<Ceiling> ceilings(const ProcessLimits& limits, const Allocation& allocation);

}  // namespace kv
