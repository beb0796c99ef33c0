// What a machine offers kvd, as plain values: read once from the kernel, or made up by a test.
//
// Nothing here judges: doctor.hpp does. A fact that could not be read is absent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kvcore/memory/ceilings.hpp"

namespace kv {

struct HostFacts {
  std::string kernel_release;  ///< "6.1.0-18-amd64"; empty where unknown
  uint32_t kernel_major = 0;
  uint32_t kernel_minor = 0;

  int io_uring_error = 0;                     ///< 0, or the errno of io_uring_setup
  std::optional<uint64_t> io_uring_disabled;  ///< kernel.io_uring_disabled: 0, 1 or 2
  bool seccomp_filter = false;                ///< a filter is on this process

  uint64_t files_soft = UINT64_MAX;  ///< RLIMIT_NOFILE; UINT64_MAX for none
  uint64_t files_hard = UINT64_MAX;
  uint64_t locked_bytes_max = UINT64_MAX;  ///< RLIMIT_MEMLOCK
  bool may_lock = false;                   ///< CAP_IPC_LOCK
  bool may_raise = false;                  ///< CAP_SYS_RESOURCE

  /// What kvd will be held to: it starts with the limits of this process, and uses about as much
  /// address space as kvplan.
  ProcessLimits limits;
  std::optional<uint64_t> memory_available;
  std::optional<uint64_t> huge_pages_free;  ///< of 2 MiB
  std::string transparent_huge_pages;       ///< "always", "madvise", "never"; empty for none
  std::optional<uint64_t> overcommit;       ///< vm.overcommit_memory: 0, 1 or 2
  uint64_t commit_bytes_left = 0;           ///< what overcommit 2 still permits

  std::optional<uint64_t> somaxconn;
  std::optional<uint64_t> receive_bytes_max;  ///< net.core.rmem_max
  std::optional<uint64_t> send_bytes_max;     ///< net.core.wmem_max
};

/// The facts of this machine, for a process with the limits of this one.
HostFacts read_host_facts();

/// The word in brackets of "always [madvise] never", or empty.
std::string chosen_word(const std::string& words);

}  // namespace kv
