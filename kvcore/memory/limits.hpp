// The limits that stand between a process and its memory, as the kernel reports them now.
//
// Only failures and start-up ask: nothing here is kept, and everything may allocate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kv {

/// The value of a resource limit (RLIMIT_…), UINT64_MAX for none.
uint64_t resource_limit(int resource);

/// A number in /proc/self/status or /proc/meminfo, in bytes: proc_bytes("/proc/meminfo",
/// "MemTotal"). Zero when it is not there.
uint64_t proc_bytes(const std::string& file, const std::string& field);

/// The number that is the whole content of a file, like /proc/sys/vm/nr_hugepages.
std::optional<uint64_t> number_in_file(const std::string& file);

}  // namespace kv
