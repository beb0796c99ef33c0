#include "planner/host_facts.hpp"

#include <linux/capability.h>
#include <linux/io_uring.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <string_view>

#include "kvcore/memory/limits.hpp"

namespace kv {

namespace {

/// Flags that the header of Debian 12's kernel knows; what kvd cannot do without.
constexpr uint32_t needed_flags = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL;

int try_io_uring() {
  io_uring_params params = {};
  params.flags = needed_flags;
  params.cq_entries = 16;
  const long fd = syscall(__NR_io_uring_setup, /*entries=*/4, &params);
  if (fd < 0) return errno;
  ::close(static_cast<int>(fd));
  return 0;
}

void read_kernel(HostFacts& facts) {
  utsname name = {};
  if (uname(&name) != 0) return;
  facts.kernel_release = name.release;
  const std::string_view text = facts.kernel_release;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, facts.kernel_major);
  if (major.ptr != end && *major.ptr == '.') {
    std::from_chars(major.ptr + 1, end, facts.kernel_minor);
  }
}

/// The value of a line "Name:\tvalue" of /proc/self/status.
std::string status_field(std::string_view name) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':') continue;
    const auto begin = line.find_first_not_of(" \t", name.size() + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

void read_capabilities(HostFacts& facts) {
  const std::string text = status_field("CapEff");
  uint64_t effective = 0;
  std::from_chars(text.data(), text.data() + text.size(), effective, /*base=*/16);
  facts.may_lock = (effective >> CAP_IPC_LOCK & 1) != 0;
  facts.may_raise = (effective >> CAP_SYS_RESOURCE & 1) != 0;
}

void read_resource_limits(HostFacts& facts) {
  rlimit files = {};
  getrlimit(RLIMIT_NOFILE, &files);
  const auto number = [](rlim_t value) { return value == RLIM_INFINITY ? UINT64_MAX : value; };
  facts.files_soft = number(files.rlim_cur);
  facts.files_hard = number(files.rlim_max);
  facts.locked_bytes_max = resource_limit(RLIMIT_MEMLOCK);
}

std::optional<uint64_t> unless_zero(uint64_t value) {
  return value == 0 ? std::nullopt : std::optional(value);
}

void read_memory(HostFacts& facts) {
  facts.limits = read_process_limits();
  facts.memory_available = unless_zero(proc_bytes("/proc/meminfo", "MemAvailable"));
  facts.huge_pages_free =
      number_in_file("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
  std::ifstream in("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string words;
  std::getline(in, words);
  facts.transparent_huge_pages = chosen_word(words);
  facts.overcommit = number_in_file("/proc/sys/vm/overcommit_memory");
  const uint64_t limit = proc_bytes("/proc/meminfo", "CommitLimit");
  const uint64_t committed = proc_bytes("/proc/meminfo", "Committed_AS");
  facts.commit_bytes_left = limit > committed ? limit - committed : 0;
}

}  // namespace

std::string chosen_word(const std::string& words) {
  const auto open = words.find('[');
  const auto close = words.find(']', open == std::string::npos ? 0 : open);
  if (open == std::string::npos || close == std::string::npos) return "";
  return words.substr(open + 1, close - open - 1);
}

HostFacts read_host_facts() {
  HostFacts facts;
  read_kernel(facts);
  facts.io_uring_error = try_io_uring();
  facts.io_uring_disabled = number_in_file("/proc/sys/kernel/io_uring_disabled");
  facts.seccomp_filter = status_field("Seccomp") == "2";
  read_resource_limits(facts);
  read_capabilities(facts);
  read_memory(facts);
  facts.somaxconn = number_in_file("/proc/sys/net/core/somaxconn");
  facts.receive_bytes_max = number_in_file("/proc/sys/net/core/rmem_max");
  facts.send_bytes_max = number_in_file("/proc/sys/net/core/wmem_max");
  return facts;
}

}  // namespace kv
