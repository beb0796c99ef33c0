#include "kvcore/memory/arena.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "kvcore/memory/cgroup.hpp"
#include "kvcore/memory/limits.hpp"

namespace kv {
namespace {

// AddressSanitizer's shadow is terabytes of address space, so limits on that cannot be set;
// and it makes mlock() do nothing.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool address_sanitizer = true;
#elif defined(__has_feature)
constexpr bool address_sanitizer = __has_feature(address_sanitizer);
#else
constexpr bool address_sanitizer = false;
#endif

/// One mapping of /proc/self/smaps.
struct Mapping {
  uint64_t begin = 0;
  uint64_t end = 0;
  std::string name;
  uint64_t rss_bytes = 0;
  uint64_t locked_bytes = 0;
};

/// Every mapping that shares an address with [begin, begin + bytes).
std::vector<Mapping> mappings_of(const std::byte* memory, uint64_t bytes) {
  const uint64_t begin = reinterpret_cast<uintptr_t>(memory);
  std::vector<Mapping> out;
  std::ifstream in("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    Mapping m;
    char flags[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &m.begin, &m.end, flags) == 3) {
      inside = m.begin < begin + bytes && m.end > begin;
      const auto name = line.find_first_of("[/");
      if (name != std::string::npos) m.name = line.substr(name);
      if (inside) out.push_back(m);
      continue;
    }
    if (!inside) continue;
    uint64_t kibibytes = 0;
    if (std::sscanf(line.c_str(), "Rss: %lu kB", &kibibytes) == 1) {
      out.back().rss_bytes = kibibytes * 1024;
    }
    if (std::sscanf(line.c_str(), "Locked: %lu kB", &kibibytes) == 1) {
      out.back().locked_bytes = kibibytes * 1024;
    }
  }
  return out;
}

/// What `body` returns in a child process, whose limits may be changed.
template <class Body>
std::string in_child(Body body) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const std::string text = body();
    if (write(ends[1], text.data(), text.size()) < 0) _exit(1);
    _exit(0);
  }
  close(ends[1]);
  std::string out;
  char buffer[1024];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) {
    out.append(buffer, static_cast<uint64_t>(n));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  return out;
}

/// Runs `body` in a child and returns what it wrote to standard error before it aborted.
template <class Body>
std::string abort_message(Body body) {
  char path[] = "/tmp/kv_abort_XXXXXX";
  const int file = mkstemp(path);
  REQUIRE(file >= 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    signal(SIGABRT, SIG_DFL);  // doctest's handler would report a failed test
    dup2(file, STDERR_FILENO);
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  close(file);
  unlink(path);
  const std::string all = text.str();
  const auto message = all.find("assertion failed: ");
  return message == std::string::npos ? all : all.substr(message);
}

struct alignas(64) Line {
  uint64_t word[8];
};

TEST_CASE("after commit the kernel shows one mapping of exactly the carved bytes") {
  for (const HugePages pages : {HugePages::off, HugePages::transparent}) {
    CAPTURE(static_cast<int>(pages));
    Arena arena;
    REQUIRE(!arena.reserve(64 * mebibyte, pages));
    // Writes between the takes, so that the mapping grows around memory that is in use.
    for (int i = 0; i < 5; ++i) arena.take<uint64_t>(Part::connection_records, 500'000)[7] = 1;
    arena.take<std::byte>(Part::blocks, 12'345);
    REQUIRE(!arena.commit());
    REQUIRE(!arena.populate());
    // 5 × 4,000,000 + 12,345 = 20,012,345 bytes; 4,886 pages of 4,096 are 20,013,056.
    CHECK(arena.memory().size() == 20'013'056);
    const std::vector<Mapping> mappings = mappings_of(arena.memory().data(), arena.memory().size());
    REQUIRE(mappings.size() == 1);
    CHECK(mappings[0].begin == reinterpret_cast<uintptr_t>(arena.memory().data()));
    CHECK(mappings[0].end - mappings[0].begin == 20'013'056);
    CHECK(mappings[0].rss_bytes == 20'013'056);
    if (!mappings[0].name.empty()) CHECK(mappings[0].name == "[anon:kvd-arena]");
  }
}

TEST_CASE("the mapping keeps its size beside neighbours of the same kind, and is guarded") {
  Arena arena;
  REQUIRE(!arena.reserve(mebibyte, HugePages::off));
  arena.take<std::byte>(Part::blocks, 64 * kibibyte);
  REQUIRE(!arena.commit());
  std::byte* const begin = arena.memory().data();
  std::byte* const end = begin + arena.memory().size();
  // Memory of the same kind as near as the guards permit.
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  void* behind = mmap(end + 4096, 4096, PROT_READ | PROT_WRITE, flags, -1, 0);
  REQUIRE(behind == end + 4096);
  const std::vector<Mapping> mappings = mappings_of(begin, 64 * kibibyte);
  REQUIRE(mappings.size() == 1);
  CHECK(mappings[0].begin == reinterpret_cast<uintptr_t>(begin));
  CHECK(mappings[0].end == reinterpret_cast<uintptr_t>(end));
  // msync() knows what is mapped: the guards are, so nothing else can come to lie there.
  CHECK(msync(begin - 4096, 4096, MS_ASYNC) == 0);
  CHECK(msync(end, 4096, MS_ASYNC) == 0);
  munmap(behind, 4096);
}

TEST_CASE("the arena of transparent huge pages begins at a multiple of 2 MiB") {
  Arena arena;
  REQUIRE(!arena.reserve(5 * mebibyte, HugePages::transparent));
  arena.take<std::byte>(Part::blocks, 3 * mebibyte);
  REQUIRE(!arena.commit());
  CHECK(reinterpret_cast<uintptr_t>(arena.memory().data()) % (2 * mebibyte) == 0);
  CHECK(arena.memory().size() == 3 * mebibyte);
}

TEST_CASE("no page has memory behind it before populate, every page has after it") {
  Arena arena;
  REQUIRE(!arena.reserve(16 * mebibyte, HugePages::off));
  arena.take<std::byte>(Part::blocks, 8 * mebibyte);
  REQUIRE(!arena.commit());
  CHECK(mappings_of(arena.memory().data(), 1)[0].rss_bytes == 0);
  REQUIRE(!arena.populate());
  CHECK(mappings_of(arena.memory().data(), 1)[0].rss_bytes == 8 * mebibyte);
}

TEST_CASE("populate keeps what the components have written") {
  Arena arena;
  REQUIRE(!arena.reserve(mebibyte, HugePages::off));
  const std::span<uint32_t> words = arena.take<uint32_t>(Part::buffer_free_lists, 100'000);
  for (uint32_t i = 0; i < words.size(); i += 1024) words[i] = i + 1;
  REQUIRE(!arena.commit());
  REQUIRE(!arena.populate());
  for (uint32_t i = 0; i < words.size(); ++i) {
    REQUIRE(words[i] == (i % 1024 == 0 ? i + 1 : 0));
  }
}

TEST_CASE("lock holds the arena in memory" * doctest::skip(address_sanitizer)) {
  if (resource_limit(RLIMIT_MEMLOCK) < 64 * kibibyte) return;
  Arena arena;
  REQUIRE(!arena.reserve(64 * kibibyte, HugePages::off));
  arena.take<std::byte>(Part::blocks, 64 * kibibyte);
  REQUIRE(!arena.commit());
  REQUIRE(!arena.populate());
  REQUIRE(!arena.lock());
  CHECK(mappings_of(arena.memory().data(), 1)[0].locked_bytes == 64 * kibibyte);
}

TEST_CASE("the ledger holds the bytes of every part and what alignment cost") {
  Arena arena;
  REQUIRE(!arena.reserve(mebibyte, HugePages::off));
  arena.take<uint32_t>(Part::buffer_free_lists, 3);       // 0 … 12
  arena.take<Line>(Part::buckets, 2);                     // 64 … 192, 52 bytes of padding
  arena.take<char>(Part::blocks, 10);                     // 192 … 202
  arena.take<char>(Part::blocks, 10);                     // 202 … 212
  arena.take<Line>(Part::list_nodes, 0, /*align=*/4096);  // nothing, and no padding either
  const std::span<Line> ring = arena.take<Line>(Part::rings, 1, /*align=*/4096);  // 4,096 … 4,160
  CHECK(reinterpret_cast<uintptr_t>(ring.data()) % 4096 == 0);
  const Ledger& ledger = arena.ledger();
  CHECK(ledger.part_bytes[static_cast<uint64_t>(Part::buffer_free_lists)] == 12);
  CHECK(ledger.part_bytes[static_cast<uint64_t>(Part::buckets)] == 128);
  CHECK(ledger.part_bytes[static_cast<uint64_t>(Part::blocks)] == 20);
  CHECK(ledger.part_bytes[static_cast<uint64_t>(Part::list_nodes)] == 0);
  CHECK(ledger.part_bytes[static_cast<uint64_t>(Part::rings)] == 64);
  CHECK(ledger.padding_bytes == 52 + 3884);  // 4,096 − 212 = 3,884
  CHECK(ledger.total_bytes == 4160);
  REQUIRE(!arena.commit());
  CHECK(ledger.total_bytes == 8192);
  CHECK(ledger.padding_bytes == 52 + 3884 + 4032);  // 8,192 − 4,160 = 4,032
}

TEST_CASE("what was carved is zero") {
  Arena arena;
  REQUIRE(!arena.reserve(mebibyte, HugePages::off));
  for (const uint64_t word : arena.take<uint64_t>(Part::entries, 1000)) REQUIRE(word == 0);
}

TEST_CASE("carving beyond the reserve, out of order or after commit aborts") {
  Arena arena;
  REQUIRE(!arena.reserve(8192, HugePages::off));
  CHECK(abort_message([&] { arena.take<char>(Part::blocks, 8193); }) ==
        "assertion failed: bytes <= reserved_ - start\n");
  CHECK(abort_message([&] { arena.take<uint64_t>(Part::blocks, 1ULL << 61); }) ==
        "assertion failed: !too_large\n");
  arena.take<char>(Part::blocks, 1);
  CHECK(abort_message([&] { arena.take<char>(Part::buckets, 1); }) ==
        "assertion failed: index >= last_part_\n");
  REQUIRE(!arena.commit());
  CHECK(abort_message([&] { arena.take<char>(Part::blocks, 1); }) ==
        "assertion failed: !committed_\n");
}

TEST_CASE("the whole reserve can be carved, and nothing is given back then") {
  Arena arena;
  REQUIRE(!arena.reserve(8192, HugePages::off));
  const std::span<char> all = arena.take<char>(Part::blocks, 8192);
  all.back() = 'x';
  REQUIRE(!arena.commit());
  CHECK(arena.memory().size() == 8192);
  CHECK(arena.ledger().padding_bytes == 0);
}

/// Sets a limit of 64 MiB and compares the whole failure of a reserve beyond it. `used` is the
/// number of /proc/self/status that counts against the limit.
std::string reserve_beyond(__rlimit_resource resource, const std::string& used,
                           const std::string& head, const std::string& limit_name,
                           const std::string& ulimit, const std::string& unit_name,
                           uint64_t guards) {
  return in_child([&]() -> std::string {
    const rlimit limit = {64 * mebibyte, 64 * mebibyte};
    if (setrlimit(resource, &limit) != 0) return "setrlimit failed";
    // The first attempt leaves the heap as large as the second one finds it.
    if (!Arena().reserve(gibibyte, HugePages::off)) return "it was granted";
    const uint64_t needed = proc_bytes("/proc/self/status", used) + gibibyte + guards;
    const std::string text = *Arena().reserve(gibibyte, HugePages::off);
    const std::string expected = "cannot " + head + " 1073741824 bytes: Cannot allocate memory; " +
                                 limit_name + " is 67108864 bytes and must be at least " +
                                 std::to_string(needed) + ": raise it with ulimit " + ulimit + " " +
                                 std::to_string(needed / 1024) + ", or " + unit_name + "=" +
                                 std::to_string(needed) + " in a systemd unit";
    return text == expected ? "as expected" : text + "\n" + expected;
  });
}

TEST_CASE("a reserve beyond RLIMIT_AS says which limit it was and what it must be" *
          doctest::skip(address_sanitizer)) {
  CHECK(reserve_beyond(RLIMIT_AS, "VmSize", "reserve", "RLIMIT_AS", "-v", "LimitAS",
                       /*guards=*/2 * 4096) == "as expected");
}

TEST_CASE("a reserve beyond RLIMIT_DATA fails at once, not while carving" *
          doctest::skip(address_sanitizer)) {
  CHECK(reserve_beyond(RLIMIT_DATA, "VmData", "make writable", "RLIMIT_DATA", "-d", "LimitDATA",
                       /*guards=*/0) == "as expected");
}

TEST_CASE("populate refuses what the machine or its control group cannot hold, untouched") {
  Arena arena;
  REQUIRE(!arena.reserve(8 * tebibyte, HugePages::off));
  arena.take<char>(Part::blocks, 8 * tebibyte);
  REQUIRE(!arena.commit());
  const std::optional<CgroupLimit> limit = cgroup_memory_limit();
  const std::string expected =
      limit ? "; the memory limit of the control group is " + std::to_string(limit->bytes) +
                  " bytes (" + limit->file +
                  "): raise it (docker --memory, resources.limits.memory in Kubernetes, "
                  "MemoryMax= in a systemd unit)"
            : "; the machine has " +
                  std::to_string(proc_bytes("/proc/meminfo", "MemTotal") +
                                 proc_bytes("/proc/meminfo", "SwapTotal")) +
                  " bytes of memory and swap";
  CHECK(arena.populate().value_or("populated") ==
        "cannot populate 8796093022208 bytes: Cannot allocate memory" + expected);
  CHECK(mappings_of(arena.memory().data(), 1)[0].rss_bytes == 0);
}

TEST_CASE("a lock beyond RLIMIT_MEMLOCK says which limit it was and what it must be" *
          doctest::skip(address_sanitizer)) {
  const std::string failure = in_child([]() -> std::string {
    Arena arena;
    if (arena.reserve(mebibyte, HugePages::off)) return "reserve failed";
    arena.take<char>(Part::blocks, mebibyte);
    if (arena.commit()) return "commit failed";
    const rlimit limit = {8192, 8192};
    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) return "setrlimit failed";
    // Root may lock without a limit: be somebody else.
    if (geteuid() == 0 && setuid(65534) != 0) return "setuid failed";
    return arena.lock().value_or("it was granted");
  });
  CHECK(failure ==
        "cannot lock 1048576 bytes: Cannot allocate memory; RLIMIT_MEMLOCK is 8192 bytes and must "
        "be at least 1048576: raise it with ulimit -l 1024, or LimitMEMLOCK=1048576 in a systemd "
        "unit, or grant CAP_IPC_LOCK");
}

TEST_CASE("a reserve of explicit huge pages that are not there says how many are needed") {
  const std::string pools = "/sys/kernel/mm/hugepages/hugepages-2048kB/";
  if (number_in_file(pools + "nr_hugepages") != 0) return;  // a machine that has some
  Arena arena;
  // 5,000,000 bytes are 3 huge pages of 2,097,152, 6,291,456 bytes.
  CHECK(arena.reserve(5'000'000, HugePages::explicit_).value_or("granted") ==
        "cannot reserve huge pages for 6291456 bytes: Cannot allocate memory; this takes 3 huge "
        "pages of 2 MiB, and of the 0 in vm.nr_hugepages 0 are free: raise it with sysctl "
        "vm.nr_hugepages=3");
}

TEST_CASE("an arena that nothing was carved from is given back whole") {
  const std::byte* begin = nullptr;
  {
    Arena arena;
    REQUIRE(!arena.reserve(32 * mebibyte, HugePages::transparent));
    begin = arena.memory().data();
    CHECK(arena.memory().empty());
    CHECK(!mappings_of(begin, 32 * mebibyte).empty());
  }
  CHECK(mappings_of(begin, 32 * mebibyte).empty());
}

}  // namespace
}  // namespace kv
