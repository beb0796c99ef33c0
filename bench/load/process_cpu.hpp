// The processor time of a process, exact to the nanosecond: the sum over its threads of the first
// number of /proc/PID/task/TID/schedstat. It is what the scheduler has counted, user and system.
#pragma once

#include <cstdint>
#include <optional>

namespace kv::bench {

/// Nanoseconds on a processor since the process began; nothing where there is no such process,
/// or the kernel does not count.
std::optional<uint64_t> cpu_ns_of(uint64_t pid);

/// The same of this process.
uint64_t own_cpu_ns();

}  // namespace kv::bench
