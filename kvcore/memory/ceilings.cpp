#include "kvcore/memory/ceilings.hpp"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/resource.h>

#include <fstream>
#include <sstream>

#include "kvcore/memory/arena.hpp"
#include "kvcore/memory/limits.hpp"

namespace kv {

namespace {

/// By how much the heap and the libraries may grow between this look and the last mapping.
constexpr uint64_t start_up_bytes = mebibyte;

constexpr uint64_t page_bytes = 4096;

bool may_lock(const std::string& status_file) {
  std::ifstream in(status_file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("CapEff:")) continue;
    std::istringstream rest(line.substr(7));
    uint64_t effective = 0;
    rest >> std::hex >> effective;
    return (effective >> CAP_IPC_LOCK & 1) != 0;
  }
  return false;
}

/// A limit of the process, which ulimit sets in KiB and systemd in bytes.
Ceiling resource(std::string_view name, std::string_view limit, uint64_t limit_bytes,
                 uint64_t arena_bytes, uint64_t beside_bytes, char flag, std::string_view unit) {
  const uint64_t needed = arena_bytes + beside_bytes;
  return {name,
          BudgetInfo::Of::arena,
          limit_bytes,
          needed,
          beside_bytes,
          std::string(limit),
          fmt::format("raise it with ulimit -{} {}, or {}={} in a systemd unit", flag,
                      (needed + 1023) / 1024, unit, needed)};
}

Ceiling control_group(const CgroupLimit& group, uint64_t container_bytes) {
  const uint64_t pages = (container_bytes + page_bytes - 1) / page_bytes;
  return {"control group",
          BudgetInfo::Of::container,
          group.bytes,
          container_bytes,
          0,
          fmt::format("the memory limit of the control group ({})", group.file),
          fmt::format("raise it to {} (docker --memory, resources.limits.memory in Kubernetes, "
                      "MemoryMax= in a systemd unit)",
                      pages * page_bytes)};
}

/// 1234567 as "1,234,567".
std::string with_commas(uint64_t value) {
  std::string text = std::to_string(value);
  for (uint64_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

}  // namespace

ProcessLimits read_process_limits(const std::string& root) {
  const std::string status = root + "/proc/self/status";
  ProcessLimits limits;
  limits.cgroup = cgroup_memory_limit(root);
  limits.address_bytes_max = resource_limit(RLIMIT_AS);
  limits.data_bytes_max = resource_limit(RLIMIT_DATA);
  if (!may_lock(status)) limits.locked_bytes_max = resource_limit(RLIMIT_MEMLOCK);
  limits.address_bytes = proc_bytes(status, "VmSize");
  limits.data_bytes = proc_bytes(status, "VmData");
  limits.locked_bytes = proc_bytes(status, "VmLck");
  return limits;
}

std::string Ceiling::shortage() const {
  return fmt::format("{} is {} bytes and {} are needed, {} more", limit, with_commas(limit_bytes),
                     with_commas(needed_bytes), with_commas(missing_bytes()));
}

std::vector<Ceiling> ceilings(const ProcessLimits& limits, const Allocation& allocation) {
  const auto huge_pages = static_cast<HugePages>(allocation.config.memory_huge_pages);
  const uint64_t arena = allocation.arena_bytes;
  std::vector<Ceiling> out;
  if (limits.cgroup) out.push_back(control_group(*limits.cgroup, allocation.container_bytes));
  if (limits.address_bytes_max != UINT64_MAX) {
    const uint64_t beside = arena_mapping_bytes(0, huge_pages) + limits.address_bytes;
    out.push_back(resource("address space", "RLIMIT_AS", limits.address_bytes_max, arena,
                           beside + start_up_bytes, 'v', "LimitAS"));
  }
  if (limits.data_bytes_max != UINT64_MAX) {
    const uint64_t beside = arena_spare_bytes(huge_pages) + limits.data_bytes;
    out.push_back(resource("writable memory", "RLIMIT_DATA", limits.data_bytes_max, arena,
                           beside + start_up_bytes, 'd', "LimitDATA"));
  }
  if (allocation.config.memory_lock != 0 && limits.locked_bytes_max != UINT64_MAX) {
    out.push_back(resource("locked memory", "RLIMIT_MEMLOCK", limits.locked_bytes_max, arena,
                           limits.locked_bytes, 'l', "LimitMEMLOCK"));
  }
  return out;
}

}  // namespace kv
