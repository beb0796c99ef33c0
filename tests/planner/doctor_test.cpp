#include "planner/doctor.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cerrno>

#include "planner/doctor_report.hpp"

namespace kv {

namespace {

/// 100,000 bytes of arena (25 pages would be 102,400; the doctor does not round), 200,000 of
/// container, 10 + 1 + 32 = 43 descriptors.
Allocation small_plan() {
  Allocation allocation;
  allocation.config.connections_max = 10;
  allocation.arena_bytes = 100000;
  allocation.container_bytes = 200000;
  allocation.terms.huge_page_bytes = 2097152;
  return allocation;
}

/// A machine that lacks nothing.
HostFacts good_host() {
  HostFacts facts;
  facts.kernel_release = "6.8.0-1-amd64";
  facts.kernel_major = 6;
  facts.kernel_minor = 8;
  facts.io_uring_disabled = 0;
  facts.files_soft = 1024;
  facts.files_hard = 4096;
  facts.locked_bytes_max = 8388608;
  facts.memory_available = 1000000;
  facts.huge_pages_free = 0;
  facts.transparent_huge_pages = "madvise";
  facts.overcommit = 0;
  facts.somaxconn = 4096;
  facts.receive_bytes_max = 212992;
  facts.send_bytes_max = 212992;
  return facts;
}

/// "verdict: text; remedy" of one finding.
std::string told(std::string_view name, const HostFacts& facts, const Allocation& allocation) {
  for (const Finding& finding : examine(facts, allocation)) {
    if (finding.name != name) continue;
    return fmt::format("{}: {}{}{}", verdict_word(finding.verdict), finding.text,
                       finding.remedy.empty() ? "" : " => ", finding.remedy);
  }
  return "no such finding";
}

Allocation with_io(IoChoice choice) {
  Allocation allocation = small_plan();
  allocation.config.server_io = static_cast<uint64_t>(choice);
  return allocation;
}

std::string kernel_of(uint32_t major, uint32_t minor, IoChoice choice = IoChoice::io_uring) {
  HostFacts facts = good_host();
  facts.kernel_release = fmt::format("{}.{}.0", major, minor);
  facts.kernel_major = major;
  facts.kernel_minor = minor;
  return told("kernel", facts, with_io(choice));
}

}  // namespace

TEST_CASE("a machine that lacks nothing passes everything") {
  const auto findings = examine(good_host(), small_plan());
  CHECK(findings.size() == 13);
  for (const Finding& finding : findings) {
    CAPTURE(finding.name);
    CHECK(finding.verdict == Verdict::pass);
    CHECK(finding.remedy == "");
  }
  CHECK(worst(findings) == Verdict::pass);
}

TEST_CASE("the kernel must know what kvd needs of io_uring") {
  CHECK(kernel_of(6, 5) == "pass: Linux 6.5.0; the rings stand in the arena");
  CHECK(kernel_of(6, 1) ==
        "pass: Linux 6.1.0; the rings stand in kernel memory, as the plan allows for");
  CHECK(kernel_of(5, 19) ==
        "warn: Linux 5.19.0; io_uring defers its work since 6.1, and kvd is slower without => "
        "boot a newer kernel (Debian 12 has 6.1)");
  CHECK(kernel_of(5, 18) ==
        "fail: Linux 5.18.0; io_uring needs 5.19 or newer => boot a newer kernel (Debian 12 has "
        "6.1)");
  CHECK(kernel_of(5, 18, IoChoice::automatic) ==
        "warn: Linux 5.18.0; io_uring needs 5.19 or newer, and epoll serves in its place => boot "
        "a newer kernel (Debian 12 has 6.1)");
  CHECK(kernel_of(5, 18, IoChoice::epoll) == "pass: Linux 5.18.0");
  HostFacts facts = good_host();
  facts.kernel_release.clear();
  CHECK(told("kernel", facts, small_plan()) ==
        "warn: the version is unknown; io_uring needs Linux 5.19 => look at uname -r");
}

TEST_CASE("a refused io_uring is told with who refuses it") {
  HostFacts facts = good_host();
  const Allocation forced = with_io(IoChoice::io_uring);
  CHECK(told("io_uring", facts, forced) == "pass: can be set up");
  facts.io_uring_error = EPERM;
  CHECK(told("io_uring", facts, forced) ==
        "fail: the kernel refuses it (Operation not permitted) => allow io_uring in the security "
        "module of this machine");
  facts.seccomp_filter = true;
  CHECK(told("io_uring", facts, forced) ==
        "fail: the kernel refuses it (Operation not permitted); a seccomp filter is on this "
        "process => allow io_uring_setup, io_uring_enter and io_uring_register in the seccomp "
        "profile (docker run --security-opt seccomp=PROFILE)");
  facts.io_uring_disabled = 2;
  CHECK(told("io_uring", facts, forced) ==
        "fail: the kernel refuses it (Operation not permitted); kernel.io_uring_disabled is 2 => "
        "sysctl -w kernel.io_uring_disabled=0");
  facts = good_host();
  facts.io_uring_error = ENOSYS;
  CHECK(told("io_uring", facts, forced) ==
        "fail: the kernel refuses it (Function not implemented) => boot a kernel with "
        "CONFIG_IO_URING");
}

TEST_CASE("a refused io_uring stops nobody who leaves the choice or has chosen epoll") {
  HostFacts facts = good_host();
  facts.io_uring_error = EPERM;
  CHECK(told("io_uring", facts, with_io(IoChoice::automatic)) ==
        "warn: the kernel refuses it (Operation not permitted); epoll serves in its place => allow "
        "io_uring in the security module of this machine");
  CHECK(told("io_uring", facts, with_io(IoChoice::epoll)) ==
        "pass: is not used: server.io is epoll");
}

TEST_CASE("kvd raises the limit of open files itself, up to the hard one") {
  HostFacts facts = good_host();
  CHECK(told("open files", facts, small_plan()) ==
        "pass: RLIMIT_NOFILE is 1,024, at most 4,096; 43 are needed");
  facts.files_soft = 42;
  CHECK(told("open files", facts, small_plan()) ==
        "pass: RLIMIT_NOFILE is 42, at most 4,096; 43 are needed, and kvd raises it");
  facts.files_hard = 42;
  CHECK(told("open files", facts, small_plan()) ==
        "fail: RLIMIT_NOFILE is 42, at most 42; 43 are needed => ulimit -Hn 43 as root, or "
        "LimitNOFILE=43 in the systemd unit");
  facts.may_raise = true;
  CHECK(told("open files", facts, small_plan()).substr(0, 4) == "pass");
}

TEST_CASE("memory can be locked by limit or by privilege") {
  Allocation allocation = small_plan();
  HostFacts facts = good_host();
  facts.locked_bytes_max = 99999;
  CHECK(told("locked memory", facts, allocation) == "pass: memory.lock is off");
  allocation.config.memory_lock = 1;
  CHECK(told("locked memory", facts, allocation) ==
        "fail: RLIMIT_MEMLOCK is 99,999 bytes; 100,000 are needed => ulimit -l 98, or "
        "LimitMEMLOCK=100000 in the systemd unit");
  facts.locked_bytes_max = 100000;
  CHECK(told("locked memory", facts, allocation) ==
        "pass: RLIMIT_MEMLOCK is 100,000 bytes; 100,000 are needed");
  facts.locked_bytes_max = UINT64_MAX;
  CHECK(told("locked memory", facts, allocation) == "pass: RLIMIT_MEMLOCK is unlimited");
  facts.locked_bytes_max = 0;
  facts.may_lock = true;
  CHECK(told("locked memory", facts, allocation) == "pass: CAP_IPC_LOCK is there");
}

TEST_CASE("the control group must hold the container's plan") {
  HostFacts facts = good_host();
  CHECK(told("control group", facts, small_plan()) == "pass: no memory limit is set");
  facts.limits.cgroup = CgroupLimit{200000, "memory.max"};
  CHECK(told("control group", facts, small_plan()) ==
        "pass: the limit is 200,000 bytes (memory.max); the container's plan is 200,000");
  facts.limits.cgroup->bytes = 199999;
  CHECK(told("control group", facts, small_plan()) ==
        // 200,000 bytes are 48.8 pages, so the limit to give is 49 pages.
        "fail: the limit is 199,999 bytes (memory.max); the container's plan is 200,000 => give "
        "it 200704 bytes: docker run --memory, resources.limits.memory, MemoryMax= in the unit");
}

TEST_CASE("the limits of address space and of writable memory must hold the arena") {
  HostFacts facts = good_host();
  CHECK(told("address space", facts, small_plan()) == "pass: RLIMIT_AS is unlimited");
  CHECK(told("writable memory", facts, small_plan()) == "pass: RLIMIT_DATA is unlimited");
  // The arena, 100,000; to reserve it, 64 MiB more, 2 MiB to align it and two pages, 69,214,208;
  // for the rest of the start 1,048,576; and what is in use, 1,000: 70,363,784.
  facts.limits.address_bytes = 1000;
  facts.limits.address_bytes_max = 70'363'784;
  CHECK(told("address space", facts, small_plan()) ==
        "pass: RLIMIT_AS is 70,363,784 bytes; about 70,363,784 are needed");
  facts.limits.address_bytes_max = 70'363'783;
  // 70,363,784 / 1,024 = 68,714.6.
  CHECK(told("address space", facts, small_plan()) ==
        "fail: RLIMIT_AS is 70,363,783 bytes; about 70,363,784 are needed => raise it with ulimit "
        "-v 68715, or LimitAS=70363784 in a systemd unit");
  // Nothing is written to what only aligns and guards: 100,000 + 67,108,864 + 1,048,576 + 1,000.
  facts.limits.data_bytes = 1000;
  facts.limits.data_bytes_max = 68'258'439;
  CHECK(told("writable memory", facts, small_plan()) ==
        "fail: RLIMIT_DATA is 68,258,439 bytes; about 68,258,440 are needed => raise it with "
        "ulimit -d 66659, or LimitDATA=68258440 in a systemd unit");
}

TEST_CASE("where a limit does not hold the plan, one option is named that fits") {
  Config asked;
  const Allocation allocation = plan(asked).allocation;
  HostFacts facts = good_host();
  facts.limits.cgroup = CgroupLimit{allocation.container_bytes - 1, "memory.max"};
  std::vector<Finding> findings = examine(facts, allocation);
  add_lowering(findings, facts, asked, allocation);
  std::string remedy;
  for (const Finding& finding : findings) {
    if (finding.name == "control group") remedy = finding.remedy;
  }
  // A byte less is a page less of the arena. The part before the ring ends 832 bytes before a page:
  // 3,264 bytes are 13 blocks of 256, and no other option loses as small a share.
  CHECK(remedy.find("; or lower store_bytes to 218876672 (instead of 218,880,000): 3,328 fewer "
                    "bytes for keys and values, so that 999 of the 1,000 keys can be at all of "
                    "their limits at once") != std::string::npos);
}

TEST_CASE("too little memory for the arena is a failure, for the container a warning") {
  HostFacts facts = good_host();
  const auto verdict = [&](uint64_t available) {
    facts.memory_available = available;
    return told("memory", facts, small_plan()).substr(0, 4);
  };
  CHECK(verdict(200000) == "pass");
  CHECK(verdict(199999) == "warn");
  CHECK(verdict(100000) == "warn");
  CHECK(verdict(99999) == "fail");
  facts.memory_available.reset();
  CHECK(told("memory", facts, small_plan()) ==
        "warn: what is available is unknown => look at /proc/meminfo");
}

TEST_CASE("huge pages that are set aside need not be available a second time") {
  Allocation allocation = small_plan();
  allocation.config.memory_huge_pages = static_cast<uint64_t>(HugePages::explicit_);
  HostFacts facts = good_host();
  facts.memory_available = 100000;  // what is outside of the arena
  CHECK(told("memory", facts, allocation).substr(0, 4) == "pass");
  CHECK(told("huge pages", facts, allocation) ==
        "fail: 0 huge pages are free; 1 are needed => sysctl -w vm.nr_hugepages=1, more by those "
        "in use");
  facts.huge_pages_free = 1;
  CHECK(told("huge pages", facts, allocation) == "pass: 1 huge page are free; 1 are needed");
}

TEST_CASE("transparent huge pages must be allowed") {
  Allocation allocation = small_plan();
  HostFacts facts = good_host();
  allocation.config.memory_huge_pages = static_cast<uint64_t>(HugePages::off);
  CHECK(told("huge pages", facts, allocation) == "pass: memory.huge_pages is off");
  allocation.config.memory_huge_pages = static_cast<uint64_t>(HugePages::transparent);
  CHECK(told("huge pages", facts, allocation) == "pass: transparent huge pages are set to madvise");
  facts.transparent_huge_pages = "never";
  CHECK(told("huge pages", facts, allocation) ==
        "warn: transparent huge pages are set to never => echo madvise > "
        "/sys/kernel/mm/transparent_hugepage/enabled");
}

TEST_CASE("strict overcommit must leave room for the arena") {
  HostFacts facts = good_host();
  facts.overcommit = 1;
  CHECK(told("overcommit", facts, small_plan()) == "pass: vm.overcommit_memory is 1");
  facts.overcommit = 2;
  facts.commit_bytes_left = 100000;
  CHECK(told("overcommit", facts, small_plan()).substr(0, 4) == "pass");
  facts.commit_bytes_left = 99999;
  CHECK(told("overcommit", facts, small_plan()) ==
        "fail: vm.overcommit_memory is 2; 99,999 bytes may still be committed, and the arena "
        "takes 100,000 => sysctl -w vm.overcommit_memory=0, or raise vm.overcommit_ratio");
}

TEST_CASE("what the kernel lowers without a word is a warning") {
  HostFacts facts = good_host();
  facts.somaxconn = 128;
  facts.receive_bytes_max = 32767;
  facts.send_bytes_max.reset();
  CHECK(told("backlog", facts, small_plan()) ==
        "warn: net.core.somaxconn is 128; server.backlog is 511, which the kernel lowers => "
        "sysctl -w net.core.somaxconn=511");
  CHECK(told("receive buffers", facts, small_plan()) ==
        "warn: net.core.rmem_max is 32,767; server.socket_receive_bytes is 32,768, which the "
        "kernel lowers => sysctl -w net.core.rmem_max=32768");
  CHECK(told("send buffers", facts, small_plan()) ==
        "warn: net.core.wmem_max is unknown => look at sysctl net.core.wmem_max");
  CHECK(worst(examine(facts, small_plan())) == Verdict::warn);
}

TEST_CASE("the word in brackets is the one that is chosen") {
  CHECK(chosen_word("always [madvise] never") == "madvise");
  CHECK(chosen_word("always madvise never") == "");
  CHECK(chosen_word("") == "");
}

}  // namespace kv
