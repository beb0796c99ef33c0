#include "planner/machine_limit.hpp"

#include "kvcore/memory/cgroup.hpp"
#include "kvcore/memory/limits.hpp"

namespace kv {

std::optional<MachineLimit> machine_limit(const std::string& root) {
  const std::string meminfo_file = root + "/proc/meminfo";
  const uint64_t total = proc_bytes(meminfo_file, "MemTotal");
  const std::optional<CgroupLimit> group = cgroup_memory_limit(root);
  if (group && (total == 0 || group->bytes < total)) return MachineLimit{group->bytes, group->file};
  const uint64_t available = proc_bytes(meminfo_file, "MemAvailable");
  if (available == 0) return {};
  return MachineLimit{available, "MemAvailable in " + meminfo_file};
}

}  // namespace kv
