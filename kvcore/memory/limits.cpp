#include "kvcore/memory/limits.hpp"

#include <sys/resource.h>

#include <fstream>
#include <sstream>
#include <string_view>

namespace kv {

namespace {

/// The path of the process's group in a line of /proc/PID/cgroup, and where it is mounted.
struct Membership {
  std::string directory;  ///< below which the groups are
  std::string group;      ///< "/docker/1234"
  std::string file;       ///< name of the limit's file
};

/// Reads "0::/group" (version 2) or "4:cpu,memory:/group" (version 1).
std::optional<Membership> parse_membership(const std::string& line, const std::string& mount) {
  const auto first = line.find(':');
  const auto second = line.find(':', first + 1);
  if (first == std::string::npos || second == std::string::npos) return {};
  const std::string controllers = line.substr(first + 1, second - first - 1);
  const std::string group = line.substr(second + 1);
  if (line.starts_with("0::")) return Membership{mount, group, "/memory.max"};
  if (("," + controllers + ",").find(",memory,") == std::string::npos) return {};
  return Membership{mount + "/memory", group, "/memory.limit_in_bytes"};
}

/// Lowers `limit` to the smallest one from the group up to the root.
void search(const Membership& member, std::optional<CgroupLimit>& limit) {
  std::string group = member.group == "/" ? "" : member.group;
  while (true) {
    const std::string file = member.directory + group + member.file;
    const std::optional<uint64_t> bytes = number_in_file(file);
    if (bytes && (!limit || *bytes < limit->bytes)) limit = CgroupLimit{*bytes, file};
    if (group.empty()) return;
    group.resize(group.find_last_of('/'));
  }
}

}  // namespace

std::optional<CgroupLimit> cgroup_memory_limit(const std::string& membership_file,
                                               const std::string& mount_point) {
  std::optional<CgroupLimit> limit;
  std::ifstream in(membership_file);
  for (std::string line; std::getline(in, line);) {
    const std::optional<Membership> member = parse_membership(line, mount_point);
    if (member && member->group.starts_with('/')) search(*member, limit);
  }
  // Version 1 has no word for "no limit": it shows the largest number of whole pages.
  constexpr uint64_t none = 0x7fffffffffff0000;
  if (limit && limit->bytes >= none) limit.reset();
  return limit;
}

uint64_t resource_limit(int resource) {
  rlimit limit = {};
  if (getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) return UINT64_MAX;
  return limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : uint64_t{limit.rlim_cur};
}

uint64_t proc_bytes(const std::string& file, const std::string& field) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(field + ":")) continue;
    std::istringstream rest(line.substr(field.size() + 1));
    uint64_t kibibytes = 0;
    rest >> kibibytes;
    return kibibytes * 1024;
  }
  return 0;
}

std::optional<uint64_t> number_in_file(const std::string& file) {
  std::ifstream in(file);
  uint64_t value = 0;
  if (!(in >> value)) return {};
  return value;
}

}  // namespace kv
