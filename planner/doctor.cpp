#include "planner/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "kvcore/load/edits.hpp"
#include "kvcore/plan/descriptors.hpp"
#include "planner/manifest.hpp"
#include "planner/number_text.hpp"

namespace kv {

namespace {

bool older_than(const HostFacts& facts, uint32_t major, uint32_t minor) {
  return facts.kernel_major < major || (facts.kernel_major == major && facts.kernel_minor < minor);
}

IoChoice io_of(const Allocation& allocation) {
  return static_cast<IoChoice>(allocation.config.server_io);
}

Finding kernel(const HostFacts& facts, const Allocation& allocation) {
  Finding out = {"kernel", Verdict::pass, {}, {}};
  if (facts.kernel_release.empty()) {
    return {"kernel", Verdict::warn, "the version is unknown; io_uring needs Linux 5.19",
            "look at uname -r"};
  }
  out.text = fmt::format("Linux {}", facts.kernel_release);
  if (io_of(allocation) == IoChoice::epoll) return out;
  if (older_than(facts, 5, 19)) {
    const bool may_fall_back = io_of(allocation) == IoChoice::automatic;
    out.verdict = may_fall_back ? Verdict::warn : Verdict::fail;
    out.text += may_fall_back ? "; io_uring needs 5.19 or newer, and epoll serves in its place"
                              : "; io_uring needs 5.19 or newer";
    out.remedy = "boot a newer kernel (Debian 12 has 6.1)";
  } else if (older_than(facts, 6, 1)) {
    out.verdict = Verdict::warn;
    out.text += "; io_uring defers its work since 6.1, and kvd is slower without";
    out.remedy = "boot a newer kernel (Debian 12 has 6.1)";
  } else if (older_than(facts, 6, 5)) {
    out.text += "; the rings stand in kernel memory, as the plan allows for";
  } else {
    out.text += "; the rings stand in the arena";
  }
  return out;
}

Finding io_uring(const HostFacts& facts, const Allocation& allocation) {
  if (io_of(allocation) == IoChoice::epoll) {
    return {"io_uring", Verdict::pass, "is not used: server.io is epoll", {}};
  }
  if (facts.io_uring_error == 0) return {"io_uring", Verdict::pass, "can be set up", {}};
  Finding out = {"io_uring",
                 Verdict::fail,
                 fmt::format("the kernel refuses it ({})", std::strerror(facts.io_uring_error)),
                 {}};
  const uint64_t disabled = facts.io_uring_disabled.value_or(0);
  if (facts.io_uring_error == ENOSYS && !facts.seccomp_filter) {
    out.remedy = "boot a kernel with CONFIG_IO_URING";
  } else if (disabled > 0) {
    out.text += fmt::format("; kernel.io_uring_disabled is {}", disabled);
    out.remedy = "sysctl -w kernel.io_uring_disabled=0";
  } else if (facts.seccomp_filter) {
    out.text += "; a seccomp filter is on this process";
    out.remedy =
        "allow io_uring_setup, io_uring_enter and io_uring_register in the seccomp profile "
        "(docker run --security-opt seccomp=PROFILE)";
  } else {
    out.remedy = "allow io_uring in the security module of this machine";
  }
  if (io_of(allocation) == IoChoice::automatic) {
    out.verdict = Verdict::warn;
    out.text += "; epoll serves in its place";
  }
  return out;
}

Finding open_files(const HostFacts& facts, const Allocation& allocation) {
  const uint64_t needed = descriptors_needed(allocation.config);
  Finding out = {"open files", Verdict::pass, {}, {}};
  const auto limit = [](uint64_t value) {
    return value == UINT64_MAX ? std::string("unlimited") : grouped(value);
  };
  out.text = fmt::format("RLIMIT_NOFILE is {}, at most {}; {} are needed", limit(facts.files_soft),
                         limit(facts.files_hard), grouped(needed));
  if (facts.files_soft >= needed) return out;
  if (facts.files_hard >= needed || facts.may_raise) {
    out.text += ", and kvd raises it";
    return out;
  }
  out.verdict = Verdict::fail;
  out.remedy =
      fmt::format("ulimit -Hn {0} as root, or LimitNOFILE={0} in the systemd unit", needed);
  return out;
}

Finding locked_memory(const HostFacts& facts, const Allocation& allocation) {
  Finding out = {"locked memory", Verdict::pass, {}, {}};
  if (allocation.config.memory_lock == 0) {
    out.text = "memory.lock is off";
    return out;
  }
  const uint64_t needed = allocation.arena_bytes;
  if (facts.may_lock) {
    out.text = "CAP_IPC_LOCK is there";
    return out;
  }
  if (facts.locked_bytes_max == UINT64_MAX) {
    out.text = "RLIMIT_MEMLOCK is unlimited";
    return out;
  }
  out.text = fmt::format("RLIMIT_MEMLOCK is {} bytes; {} are needed",
                         grouped(facts.locked_bytes_max), grouped(needed));
  if (facts.locked_bytes_max >= needed) return out;
  out.verdict = Verdict::fail;
  out.remedy = fmt::format("ulimit -l {}, or LimitMEMLOCK={} in the systemd unit",
                           (needed + 1023) / 1024, needed);
  return out;
}

Finding cgroup(const HostFacts& facts, const Allocation& allocation) {
  Finding out = {"control group", Verdict::pass, "no memory limit is set", {}};
  if (!facts.limits.cgroup) return out;
  const uint64_t needed = allocation.container_bytes;
  out.text =
      fmt::format("the limit is {} bytes ({}); the container's plan is {}",
                  grouped(facts.limits.cgroup->bytes), facts.limits.cgroup->file, grouped(needed));
  if (facts.limits.cgroup->bytes >= needed) return out;
  out.verdict = Verdict::fail;
  out.remedy = fmt::format(
      "give it {} bytes: docker run --memory, resources.limits.memory, MemoryMax= in the unit",
      limit_bytes(allocation));
  return out;
}

/// RLIMIT_AS or RLIMIT_DATA, which strike while the arena is reserved.
Finding process_limit(std::string_view name, std::string_view limit, const HostFacts& facts,
                      const Allocation& allocation) {
  for (const Ceiling& ceiling : ceilings(facts.limits, allocation)) {
    if (ceiling.name != name) continue;
    Finding out = {name,
                   Verdict::pass,
                   fmt::format("{} is {} bytes; about {} are needed", limit,
                               grouped(ceiling.limit_bytes), grouped(ceiling.needed_bytes)),
                   {}};
    if (ceiling.fits()) return out;
    out.verdict = Verdict::fail;
    out.remedy = ceiling.remedy;
    return out;
  }
  return {name, Verdict::pass, fmt::format("{} is unlimited", limit), {}};
}

Finding address_space(const HostFacts& facts, const Allocation& allocation) {
  return process_limit("address space", "RLIMIT_AS", facts, allocation);
}

Finding writable_memory(const HostFacts& facts, const Allocation& allocation) {
  return process_limit("writable memory", "RLIMIT_DATA", facts, allocation);
}

Finding memory(const HostFacts& facts, const Allocation& allocation) {
  if (!facts.memory_available) {
    return {"memory", Verdict::warn, "what is available is unknown", "look at /proc/meminfo"};
  }
  const uint64_t available = *facts.memory_available;
  Finding out = {"memory",
                 Verdict::pass,
                 fmt::format("{} bytes are available; the arena takes {}, the container's plan is "
                             "{}",
                             grouped(available), grouped(allocation.arena_bytes),
                             grouped(allocation.container_bytes)),
                 {}};
  // Explicit huge pages are set aside already and are not part of what is available.
  const bool set_aside =
      static_cast<HugePages>(allocation.config.memory_huge_pages) == HugePages::explicit_;
  const uint64_t elsewhere = set_aside ? allocation.arena_bytes : 0;
  if (available >= allocation.container_bytes - elsewhere) return out;
  const bool arena_fits = available >= allocation.arena_bytes - elsewhere;
  out.verdict = arena_fits ? Verdict::warn : Verdict::fail;
  out.remedy = "stop other programs, take a larger machine, or lower the limits of the config";
  return out;
}

Finding huge_pages(const HostFacts& facts, const Allocation& allocation) {
  Finding out = {"huge pages", Verdict::pass, "memory.huge_pages is off", {}};
  switch (static_cast<HugePages>(allocation.config.memory_huge_pages)) {
    case HugePages::off:
      return out;
    case HugePages::transparent: {
      const std::string& mode = facts.transparent_huge_pages;
      out.text = fmt::format("transparent huge pages are set to {}",
                             mode.empty() ? "nothing: the kernel has none" : mode);
      if (mode == "always" || mode == "madvise") return out;
      out.verdict = Verdict::warn;
      out.remedy = "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled";
      return out;
    }
    case HugePages::explicit_:
      break;
  }
  const uint64_t page = allocation.terms.huge_page_bytes;
  const uint64_t needed = (allocation.arena_bytes + page - 1) / page;
  const uint64_t free = facts.huge_pages_free.value_or(0);
  out.text = fmt::format("{} are free; {} are needed", counted(free, "huge page"), grouped(needed));
  if (free >= needed) return out;
  out.verdict = Verdict::fail;
  out.remedy = fmt::format("sysctl -w vm.nr_hugepages={}, more by those in use", needed);
  return out;
}

Finding overcommit(const HostFacts& facts, const Allocation& allocation) {
  if (!facts.overcommit) {
    return {"overcommit", Verdict::warn, "vm.overcommit_memory is unknown",
            "look at /proc/sys/vm/overcommit_memory"};
  }
  Finding out = {"overcommit",
                 Verdict::pass,
                 fmt::format("vm.overcommit_memory is {}", *facts.overcommit),
                 {}};
  if (*facts.overcommit != 2) return out;
  out.text += fmt::format("; {} bytes may still be committed, and the arena takes {}",
                          grouped(facts.commit_bytes_left), grouped(allocation.arena_bytes));
  if (facts.commit_bytes_left >= allocation.arena_bytes) return out;
  out.verdict = Verdict::fail;
  out.remedy = "sysctl -w vm.overcommit_memory=0, or raise vm.overcommit_ratio";
  return out;
}

/// A number of the kernel that lowers one of the config without a word.
Finding ceiling(std::string_view name, std::string_view setting, std::string_view option,
                std::optional<uint64_t> found, uint64_t wanted) {
  if (!found) {
    return {name, Verdict::warn, fmt::format("{} is unknown", setting),
            fmt::format("look at sysctl {}", setting)};
  }
  Finding out = {
      name,
      Verdict::pass,
      fmt::format("{} is {}; {} is {}", setting, grouped(*found), option, grouped(wanted)),
      {}};
  if (*found >= wanted) return out;
  out.verdict = Verdict::warn;
  out.text += ", which the kernel lowers";
  out.remedy = fmt::format("sysctl -w {}={}", setting, wanted);
  return out;
}

Finding backlog(const HostFacts& facts, const Allocation& allocation) {
  return ceiling("backlog", "net.core.somaxconn", "server.backlog", facts.somaxconn,
                 allocation.config.server_backlog);
}

Finding receive_buffers(const HostFacts& facts, const Allocation& allocation) {
  return ceiling("receive buffers", "net.core.rmem_max", "server.socket_receive_bytes",
                 facts.receive_bytes_max, allocation.config.server_socket_receive_bytes);
}

Finding send_buffers(const HostFacts& facts, const Allocation& allocation) {
  return ceiling("send buffers", "net.core.wmem_max", "server.socket_send_bytes",
                 facts.send_bytes_max, allocation.config.server_socket_send_bytes);
}

using Examination = Finding (*)(const HostFacts&, const Allocation&);

constexpr auto examinations = std::to_array<Examination>({
    kernel,
    io_uring,
    open_files,
    locked_memory,
    cgroup,
    address_space,
    writable_memory,
    memory,
    huge_pages,
    overcommit,
    backlog,
    receive_buffers,
    send_buffers,
});

}  // namespace

std::vector<Finding> examine(const HostFacts& facts, const Allocation& allocation) {
  std::vector<Finding> out;
  for (const Examination examination : examinations) {
    out.push_back(examination(facts, allocation));
  }
  return out;
}

void add_lowering(std::vector<Finding>& findings, const HostFacts& facts, const Config& asked,
                  const Allocation& allocation) {
  ExtraBudgets bounds;
  for (const Ceiling& ceiling : ceilings(facts.limits, allocation)) {
    bounds.push_back({&whole_budget(ceiling.measures), ceiling.largest_figure(), ceiling.limit});
  }
  for (Finding& finding : findings) {
    if (finding.verdict != Verdict::fail) continue;
    const bool limited = finding.name == "control group" || finding.name == "address space" ||
                         finding.name == "writable memory" || finding.name == "locked memory";
    if (limited) finding.remedy += "; " + lowering_advice(asked, bounds);
  }
}

std::string_view verdict_word(Verdict verdict) {
  constexpr std::string_view words[] = {"pass", "warn", "fail"};
  return words[static_cast<uint64_t>(verdict)];
}

Verdict worst(const std::vector<Finding>& findings) {
  Verdict out = Verdict::pass;
  for (const Finding& finding : findings) out = std::max(out, finding.verdict);
  return out;
}

}  // namespace kv
