#include "kvcore/memory/arena.hpp"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <system_error>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "kvcore/memory/assert.hpp"
#include "kvcore/memory/cgroup.hpp"
#include "kvcore/memory/limits.hpp"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace kv {

namespace {

constexpr uint64_t small_page = 4096;
constexpr uint64_t huge_page = 2 * mebibyte;

constexpr uint64_t round_up_to(uint64_t bytes, uint64_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

std::string in_kibibytes(uint64_t bytes) { return std::to_string(round_up_to(bytes, 1024) / 1024); }

/// "cannot lock 8192 bytes: Cannot allocate memory", the head of every failure.
std::string cannot(std::string_view what, uint64_t bytes, int error) {
  return fmt::format("cannot {} {} bytes: {}", what, bytes, std::strerror(error));
}

/// Which limit refused address space.
std::string why_no_address_space(uint64_t bytes) {
  const uint64_t limit = resource_limit(RLIMIT_AS);
  const uint64_t needed = proc_bytes("/proc/self/status", "VmSize") + bytes;
  if (limit < needed) {
    return fmt::format(
        "; RLIMIT_AS is {} bytes and must be at least {}: raise it with ulimit -v {}, or "
        "LimitAS={} in a systemd unit",
        limit, needed, in_kibibytes(needed), needed);
  }
  return "; no limit of the process stands in the way, so the address space has no gap that large";
}

/// Which limit refused to make memory writable.
std::string why_not_writable(uint64_t bytes) {
  const uint64_t limit = resource_limit(RLIMIT_DATA);
  const uint64_t needed = proc_bytes("/proc/self/status", "VmData") + bytes;
  if (limit < needed) {
    return fmt::format(
        "; RLIMIT_DATA is {} bytes and must be at least {}: raise it with ulimit -d {}, or "
        "LimitDATA={} in a systemd unit",
        limit, needed, in_kibibytes(needed), needed);
  }
  if (number_in_file("/proc/sys/vm/overcommit_memory") == 2) {
    return fmt::format(
        "; vm.overcommit_memory is 2, and of the {} bytes that the system may promise {} are "
        "promised: raise vm.overcommit_ratio or vm.overcommit_kbytes, or set "
        "vm.overcommit_memory to 0",
        proc_bytes("/proc/meminfo", "CommitLimit"), proc_bytes("/proc/meminfo", "Committed_AS"));
  }
  return fmt::format("; vm.max_map_count is {}: raise it if the process has as many mappings",
                     number_in_file("/proc/sys/vm/max_map_count").value_or(0));
}

/// Why there are not enough explicit huge pages.
std::string why_no_huge_pages(uint64_t bytes) {
  const std::string pools = "/sys/kernel/mm/hugepages/hugepages-2048kB/";
  const uint64_t needed = bytes / huge_page;
  const uint64_t total = number_in_file(pools + "nr_hugepages").value_or(0);
  const uint64_t free = number_in_file(pools + "free_hugepages").value_or(0);
  const uint64_t reserved = number_in_file(pools + "resv_hugepages").value_or(0);
  const uint64_t usable = free - std::min(free, reserved);
  if (usable >= needed) return why_no_address_space(bytes);
  return fmt::format(
      "; this takes {} huge pages of 2 MiB, and of the {} in vm.nr_hugepages {} are free: raise "
      "it with sysctl vm.nr_hugepages={}",
      needed, total, usable, total + needed - usable);
}

/// What makes it impossible to put memory behind `bytes`, or an empty text. Asked before
/// the pages are touched, since afterwards the kernel's answer is to kill the process.
std::string why_not_resident(uint64_t bytes) {
  const std::optional<CgroupLimit> limit = cgroup_memory_limit();
  if (limit && limit->bytes < bytes) {
    return fmt::format(
        "; the memory limit of the control group is {} bytes ({}): raise it (docker --memory, "
        "resources.limits.memory in Kubernetes, MemoryMax= in a systemd unit)",
        limit->bytes, limit->file);
  }
  const uint64_t machine =
      proc_bytes("/proc/meminfo", "MemTotal") + proc_bytes("/proc/meminfo", "SwapTotal");
  if (machine > 0 && machine < bytes) {
    return fmt::format("; the machine has {} bytes of memory and swap", machine);
  }
  return "";
}

/// Writes to every page, for kernels before 5.14.
void touch_pages(std::span<std::byte> memory, uint64_t page_bytes) {
  for (uint64_t at = 0; at < memory.size(); at += page_bytes) {
    volatile std::byte& byte = memory[at];
    byte = byte;
  }
}

/// Puts memory behind the pages. Returns 0, or the kernel's error.
int populate_pages(std::span<std::byte> memory, uint64_t page_bytes) {
  if (madvise(memory.data(), memory.size(), MADV_POPULATE_WRITE) == 0) return 0;
  if (errno != EINVAL) return errno;
  touch_pages(memory, page_bytes);
  return 0;
}

/// A worker has at least this much to clear.
constexpr uint64_t worker_bytes_min = 256 * mebibyte;

/// What takes the time is to clear pages, so each processor clears a share. Where no thread can be
/// had (its stack is address space too), this one clears that share as well.
int populate_in_parallel(std::span<std::byte> memory, uint64_t page_bytes) {
  const uint64_t processors = std::max(1U, std::thread::hardware_concurrency());
  const uint64_t shares = std::clamp<uint64_t>(memory.size() / worker_bytes_min, 1, processors);
  const uint64_t share_bytes = round_up_to(memory.size() / shares, huge_page);
  std::atomic<int> error = 0;
  std::vector<std::jthread> workers;
  for (uint64_t begin = share_bytes; begin < memory.size(); begin += share_bytes) {
    const auto share = memory.subspan(begin, std::min(share_bytes, memory.size() - begin));
    const auto work = [&error, share, page_bytes] {
      if (const int failed = populate_pages(share, page_bytes)) error = failed;
    };
    try {
      workers.emplace_back(work);
    } catch (const std::system_error&) {
      work();
    }
  }
  const auto own = memory.first(std::min<uint64_t>(share_bytes, memory.size()));
  if (const int failed = populate_pages(own, page_bytes)) error = failed;
  workers.clear();  // Waits for them.
  return error;
}

}  // namespace

Arena::~Arena() {
  if (base_ != nullptr) munmap(base_ - guard_bytes_, reserved_ + 2 * guard_bytes_);
}

Failure Arena::reserve(uint64_t bytes, HugePages huge_pages) {
  KV_ASSERT(base_ == nullptr);
  KV_ASSERT(bytes > 0);
  huge_pages_ = huge_pages;
  page_bytes_ = huge_pages == HugePages::explicit_ ? huge_page : small_page;
  reserved_ = round_up_to(bytes, page_bytes_);

  const bool explicit_pages = huge_pages == HugePages::explicit_;
  // The kernel keeps a mapping of huge pages apart from its neighbours anyway.
  guard_bytes_ = explicit_pages ? 0 : small_page;

  // Transparent huge pages need an aligned base: map one more, and cut both ends off.
  const uint64_t spare = huge_pages == HugePages::transparent ? huge_page : 0;
  const uint64_t asked = reserved_ + 2 * guard_bytes_ + spare;
  // Explicit huge pages are set aside here, so that none can be missing later.
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | (explicit_pages ? MAP_HUGETLB : MAP_NORESERVE);
  void* mapping = mmap(nullptr, asked, PROT_NONE, flags, -1, 0);
  if (mapping == MAP_FAILED) {
    const int error = errno;
    if (explicit_pages) {
      return cannot("reserve huge pages for", reserved_, error) + why_no_huge_pages(reserved_);
    }
    return cannot("reserve", reserved_, error) + why_no_address_space(asked);
  }
  base_ = static_cast<std::byte*>(mapping) + guard_bytes_;
  if (spare > 0) {
    const uint64_t head = -reinterpret_cast<uintptr_t>(base_) % huge_page;
    if (head > 0) munmap(mapping, head);
    base_ += head;
    if (spare > head) munmap(base_ + reserved_ + guard_bytes_, spare - head);
    // Without transparent huge pages in the kernel this fails, and the arena does without.
    madvise(base_, reserved_, MADV_HUGEPAGE);
  }

  // Limits on writable memory would strike in the middle of carving: meet them here.
  if (mprotect(base_, reserved_, PROT_READ | PROT_WRITE) != 0) {
    const int error = errno;
    return cannot("make writable", reserved_, error) + why_not_writable(reserved_);
  }
  if (mprotect(base_, reserved_, PROT_NONE) != 0) {
    return cannot("protect", reserved_, errno);
  }
  return {};
}

void* Arena::take_bytes(Part part, uint64_t count, uint64_t unit_bytes, uint64_t align) {
  KV_ASSERT(base_ != nullptr);
  KV_ASSERT(!committed_);
  const uint64_t index = static_cast<uint64_t>(part);
  KV_ASSERT(index >= last_part_);
  KV_ASSERT(align > 0);
  KV_ASSERT(small_page % align == 0);
  last_part_ = index;

  uint64_t bytes = 0;
  const bool too_large = __builtin_mul_overflow(count, unit_bytes, &bytes);
  KV_ASSERT(!too_large);
  if (bytes == 0) return nullptr;

  const uint64_t start = round_up_to(end_, align);
  KV_ASSERT(start <= reserved_);
  KV_ASSERT(bytes <= reserved_ - start);
  ledger_.part_bytes[index] += bytes;
  ledger_.padding_bytes += start - end_;
  end_ = start + bytes;
  ledger_.total_bytes = end_;

  if (end_ > writable_) {
    // In steps, so that many small parts do not cost a system call each.
    writable_ = std::min(round_up_to(end_, huge_page), reserved_);
    const int failed = mprotect(base_, writable_, PROT_READ | PROT_WRITE);
    KV_ASSERT(failed == 0);
  }
  return base_ + start;
}

Failure Arena::commit() {
  KV_ASSERT(!committed_);
  KV_ASSERT(end_ > 0);
  const uint64_t end = round_up_to(end_, page_bytes_);
  KV_ASSERT(end <= writable_);
  ledger_.padding_bytes += end - end_;
  ledger_.total_bytes = end;
  end_ = end;
  // The guard moves down to the end, what is behind it goes back.
  std::byte* const guard = base_ + end_;
  if (guard_bytes_ > 0 && mprotect(guard, guard_bytes_, PROT_NONE) != 0) {
    return cannot("protect", guard_bytes_, errno);
  }
  if (reserved_ > end_ && munmap(guard + guard_bytes_, reserved_ - end_) != 0) {
    return cannot("give back", reserved_ - end_, errno);
  }
  reserved_ = end_;
  writable_ = end_;
  committed_ = true;
  // A name is a convenience for the reader of /proc/PID/maps; kernels before 5.17 have none.
  prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, base_, end_, "kvd-arena");
  return {};
}

Failure Arena::populate() {
  KV_ASSERT(committed_);
  if (huge_pages_ != HugePages::explicit_) {
    const std::string reason = why_not_resident(end_);
    if (!reason.empty()) return cannot("populate", end_, ENOMEM) + reason;
  }
  if (const int error = populate_in_parallel(memory(), page_bytes_)) {
    return cannot("populate", end_, error);
  }
  return {};
}

Failure Arena::lock() {
  KV_ASSERT(committed_);
  if (mlock(base_, end_) == 0) return {};
  const int error = errno;
  const uint64_t limit = resource_limit(RLIMIT_MEMLOCK);
  const uint64_t needed = proc_bytes("/proc/self/status", "VmLck") + end_;
  const std::string failure = cannot("lock", end_, error);
  if (limit >= needed) return failure;
  return failure + fmt::format(
                       "; RLIMIT_MEMLOCK is {} bytes and must be at least {}: raise it with "
                       "ulimit -l {}, or LimitMEMLOCK={} in a systemd unit, or grant CAP_IPC_LOCK",
                       limit, needed, in_kibibytes(needed), needed);
}

}  // namespace kv
