// The memory limit of a control group, read from files that stand for /proc and /sys.
#include "kvcore/memory/cgroup.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

#include "kvcore/memory/ceilings.hpp"
#include "kvcore/memory/limits.hpp"

namespace kv {
namespace {

/// What the kernel shows in version 1 where no limit is set.
constexpr const char* no_limit = "9223372036854771712\n";

class FakeRoot {
 public:
  FakeRoot() {
    char path[] = "/tmp/kv_cgroup_XXXXXX";
    REQUIRE(mkdtemp(path) != nullptr);
    root = path;
  }
  ~FakeRoot() { std::filesystem::remove_all(root); }
  FakeRoot(const FakeRoot&) = delete;
  FakeRoot& operator=(const FakeRoot&) = delete;

  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root + file).parent_path());
    std::ofstream(root + file) << text;
  }
  void group(const std::string& lines) const { write("/proc/self/cgroup", lines); }
  void mounts(const std::string& lines) const { write("/proc/self/mountinfo", lines); }

  /// "4096 /sys/fs/cgroup/memory.max", or "none".
  std::string limit() const {
    const std::optional<CgroupLimit> found = cgroup_memory_limit(root);
    if (!found) return "none";
    REQUIRE(found->file.starts_with(root));
    return std::to_string(found->bytes) + " " + found->file.substr(root.size());
  }

  std::string root;
};

constexpr const char* mounts_two =
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
    "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

constexpr const char* mounts_one =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:3 master:1 - cgroup cgroup rw,memory\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

TEST_CASE("the smallest memory limit from the process's group to the root counts") {
  FakeRoot f;
  f.mounts(mounts_two);
  f.group("0::/a/b\n");
  f.write("/sys/fs/cgroup/a/b/memory.max", "max\n");
  CHECK(f.limit() == "none");
  f.write("/sys/fs/cgroup/a/memory.max", "1000000\n");
  f.write("/sys/fs/cgroup/memory.max", "2000000\n");
  CHECK(f.limit() == "1000000 /sys/fs/cgroup/a/memory.max");
  f.write("/sys/fs/cgroup/a/b/memory.max", "3000\n");
  CHECK(f.limit() == "3000 /sys/fs/cgroup/a/b/memory.max");
}

TEST_CASE("a limit of control groups version 1 counts, and its largest number is none") {
  FakeRoot f;
  f.mounts(mounts_one);
  f.group("9:name=systemd:/x\n4:cpu,memory:/docker/1\n0::/\n");
  f.write("/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", no_limit);
  f.write("/sys/fs/cgroup/memory/docker/memory.limit_in_bytes", no_limit);
  f.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", no_limit);
  CHECK(f.limit() == "none");
  f.write("/sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "268435456\n");
  CHECK(f.limit() == "268435456 /sys/fs/cgroup/memory/docker/memory.limit_in_bytes");
}

TEST_CASE("version 1 tells of limits above the groups that are mounted") {
  FakeRoot f;
  f.mounts("35 31 0:32 /docker/1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
  f.group("4:memory:/docker/1/inner\n");
  f.write("/sys/fs/cgroup/memory/inner/memory.limit_in_bytes", "8192000\n");
  CHECK(f.limit() == "8192000 /sys/fs/cgroup/memory/inner/memory.limit_in_bytes");
  f.write("/sys/fs/cgroup/memory/inner/memory.stat",
          "cache 0\nrss 4096\nhierarchical_memory_limit 4096000\ntotal_rss 4096\n");
  CHECK(f.limit() == "4096000 /sys/fs/cgroup/memory/inner/memory.stat");
}

TEST_CASE("in a container the group's own directory is mounted as the root") {
  FakeRoot f;
  f.mounts("35 31 0:32 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n");
  f.group("0::/docker/1\n");
  f.write("/sys/fs/cgroup/memory.max", "5000\n");
  CHECK(f.limit() == "5000 /sys/fs/cgroup/memory.max");
  // With a namespace of its own, the group is the root too.
  f.mounts("35 31 0:32 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n");
  f.group("0::/\n");
  CHECK(f.limit() == "5000 /sys/fs/cgroup/memory.max");
  // A group that is not below what is mounted: what is mounted is all that can be known.
  f.mounts("35 31 0:32 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n");
  f.group("0::/docker/12/x\n");
  CHECK(f.limit() == "5000 /sys/fs/cgroup/memory.max");
}

TEST_CASE("a mount point with a blank in its path is found") {
  FakeRoot f;
  f.mounts("35 31 0:32 / /sys/my\\040groups rw - cgroup2 cgroup2 rw\n");
  f.group("0::/a\n");
  f.write("/sys/my groups/a/memory.max", "7000\n");
  CHECK(f.limit() == "7000 /sys/my groups/a/memory.max");
}

TEST_CASE("without control groups, or with lines that are none, there is no limit") {
  FakeRoot f;
  CHECK(f.limit() == "none");
  f.mounts("nonsense\n35 31 0:32 / /sys/fs/cgroup rw\n\n");
  f.group("nonsense\n0::\n:memory\n");
  f.write("/sys/fs/cgroup/memory.max", "7000\n");
  CHECK(f.limit() == "none");
}

TEST_CASE("a process that is in no group of a hierarchy has no limit there") {
  FakeRoot f;
  f.mounts(mounts_two);
  f.write("/sys/fs/cgroup/memory.max", "4096\n");
  f.group("3:cpu:/a\n");
  CHECK(f.limit() == "none");
}

TEST_CASE("what the kernel does not tell of a process counts as nothing, and it may not lock") {
  FakeRoot f;
  f.write("/proc/self/status", "Name:\tkvd\nVmSize:\t   12 kB\n");
  const ProcessLimits limits = read_process_limits(f.root);
  CHECK(limits.address_bytes == 12 * kibibyte);
  CHECK(limits.data_bytes == 0);
  CHECK(limits.locked_bytes_max == resource_limit(RLIMIT_MEMLOCK));
}

}  // namespace
}  // namespace kv
