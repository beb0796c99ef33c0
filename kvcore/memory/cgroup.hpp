// The memory limit of the process's control group, as the kernel reports it now.
//
// A group is held to its own limit and to that of every group above it, so the smallest counts.
// Where the groups are is read from /proc/self/cgroup and /proc/self/mountinfo: in a container
// only some of them are mounted, and under another path. Only start-up and failures ask.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kv {

/// A limit of a control group, and the file that sets it.
struct CgroupLimit {
  uint64_t bytes;
  std::string file;
};

/// The smallest memory limit from the process's group to the root; nothing when none is set.
/// Understands version 2 (memory.max), 1 (memory.limit_in_bytes) and both beside each other. In
/// version 1 the kernel also tells of the groups that are not mounted here (memory.stat); in
/// version 2 nobody does. All files are read below `root`, which is for tests.
/// Source: cgroups(7), proc_pid_mountinfo(5), Documentation/admin-guide/cgroup-v1/memory.rst
/// and cgroup-v2.rst.
std::optional<CgroupLimit> cgroup_memory_limit(const std::string& root = "");

}  // namespace kv
