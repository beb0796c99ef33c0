#include "kvcore/memory/cgroup.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

#include "kvcore/memory/limits.hpp"

namespace kv {

namespace {

enum class Version : uint8_t { one, two };

/// A hierarchy with memory limits that is mounted here.
struct Mount {
  Version version;
  std::string top;    ///< the group that stands at the mount point: "/", "/docker/1234"
  std::string point;  ///< "/sys/fs/cgroup/memory"
};

/// A blank in a path is written as \040, and other characters likewise.
std::string unescaped(const std::string& text) {
  const auto octal = [&](uint64_t at) { return text[at] >= '0' && text[at] <= '7'; };
  std::string out;
  for (uint64_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      out +=
          static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0');
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Whether "rw,memory,cpu" has the word.
bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto end = std::min(words.find(','), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

/// "36 31 0:29 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory"
std::optional<Mount> parse_mount(const std::string& line) {
  std::istringstream in(line);
  std::string field, top, point, type, source, options;
  in >> field >> field >> field >> top >> point;
  while (in >> field && field != "-") {
  }
  if (!(in >> type >> source >> options)) return {};
  Mount mount = {Version::two, unescaped(top), unescaped(point)};
  if (type == "cgroup2") return mount;
  if (type != "cgroup" || !has_word(options, "memory")) return {};
  mount.version = Version::one;
  return mount;
}

std::vector<Mount> read_mounts(const std::string& root) {
  std::vector<Mount> mounts;
  std::ifstream in(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(in, line);) {
    if (std::optional<Mount> mount = parse_mount(line)) mounts.push_back(std::move(*mount));
  }
  return mounts;
}

/// The process's group in one of the hierarchies: "4:cpu,memory:/a" or, version 2, "0::/a".
std::optional<std::string> group_of(const std::string& root, Version version) {
  std::ifstream in(root + "/proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const bool wanted = version == Version::two
                            ? line.starts_with("0::")
                            : has_word(line.substr(first + 1, second - first - 1), "memory");
    if (wanted) return line.substr(second + 1);
  }
  return {};
}

/// The group's path below the mount point: "" for the mount point itself. A group that is not
/// below the one that is mounted cannot be seen, and what is mounted is the best that is known.
std::string path_below(const Mount& mount, const std::string& group) {
  if (mount.top == "/") return group == "/" ? "" : group;
  const bool below = group.starts_with(mount.top + "/");
  return below ? group.substr(mount.top.size()) : "";
}

/// The field of memory.stat that has the smallest limit of all groups above, mounted or not.
std::optional<uint64_t> hierarchical_limit(const std::string& file) {
  std::ifstream in(file);
  std::string name;
  for (uint64_t value = 0; in >> name >> value;) {
    if (name == "hierarchical_memory_limit") return value;
  }
  return {};
}

/// Lowers `limit` to the smallest one from the group up to the mount point.
void search(const Mount& mount, const std::string& group, const std::string& root,
            std::optional<CgroupLimit>& limit) {
  const auto lower = [&](std::optional<uint64_t> bytes, const std::string& file) {
    if (bytes && (!limit || *bytes < limit->bytes)) limit = CgroupLimit{*bytes, file};
  };
  const std::string top = root + mount.point;
  std::string path = path_below(mount, group);
  const std::string own = top + path;
  while (true) {
    const std::string file =
        top + path + (mount.version == Version::two ? "/memory.max" : "/memory.limit_in_bytes");
    lower(number_in_file(file), file);
    if (path.empty()) break;
    path.resize(path.find_last_of('/'));
  }
  if (mount.version == Version::one) {
    lower(hierarchical_limit(own + "/memory.stat"), own + "/memory.stat");
  }
}

}  // namespace

std::optional<CgroupLimit> cgroup_memory_limit(const std::string& root) {
  std::optional<CgroupLimit> limit;
  for (const Mount& mount : read_mounts(root)) {
    const std::optional<std::string> group = group_of(root, mount.version);
    if (group && group->starts_with('/')) search(mount, *group, root, limit);
  }
  // Version 1 has no word for "no limit": it shows the largest number of whole pages.
  constexpr uint64_t none = 0x7fffffffffff0000;
  if (limit && limit->bytes >= none) limit.reset();
  return limit;
}

}  // namespace kv
