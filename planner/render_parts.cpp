#include "planner/render_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "kvcore/load/words.hpp"

namespace kv {

namespace {

/// Slow for a disk of a network: what a stop counts on.
constexpr uint64_t disk_bytes_per_second = 10 * mebibyte;

/// For the clients, the syncs, and the rest of a stop.
constexpr uint64_t stop_seconds_min = 30;

constexpr auto system_directories = std::to_array<std::string_view>(
    {"/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr"});

/// What ProtectHome and PrivateTmp put something else in place of, and what is gone after a boot.
constexpr auto hidden_from_units = std::to_array<std::string_view>(
    {"/home", "/root", "/run", "/tmp", "/var/lib/private", "/var/run", "/var/tmp"});

constexpr bool is_odd(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f || c == '\'' || c == '"' || c == '\\' || c == ':';
}

/// Why a target cannot give this directory to kvd, as a clause; empty where it can.
std::string_view trouble_of(const std::string& directory, RenderTarget target) {
  const auto is_in = [&](std::string_view place) { return is_within(directory, place); };
  if (std::any_of(directory.begin(), directory.end(), is_odd)) {
    return "has a quote, a colon, a backslash or a control character";
  }
  if (directory == "/" ||
      std::any_of(system_directories.begin(), system_directories.end(), is_in)) {
    return "belongs to the system";
  }
  if (target == RenderTarget::container) return "";
  if (directory == "/var" || directory == "/var/lib") return "belongs to the system";
  if (std::any_of(hidden_from_units.begin(), hidden_from_units.end(), is_in)) {
    return "is hidden from this unit or gone after a boot";
  }
  return "";
}

}  // namespace

std::string double_quoted(std::string_view text, std::string_view special) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (special.find(c) != std::string_view::npos) out += c;
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool is_within(std::string_view path, std::string_view directory) {
  if (!path.starts_with(directory)) return false;
  return path.size() == directory.size() || path[directory.size()] == '/';
}

DataPlace data_place(const Allocation& allocation, RenderTarget target) {
  const Config& config = allocation.config;
  DataPlace out;
  if (config.snapshot_enabled == 0) return out;
  out.kept = true;
  out.disk_bytes = allocation.disk_bytes;
  // At worst one snapshot has just begun and another is asked for: all that the disk has.
  out.stop_seconds =
      stop_seconds_min + (out.disk_bytes + disk_bytes_per_second - 1) / disk_bytes_per_second;
  const std::filesystem::path given(config.data_directory.view());
  out.relative = given.is_relative();
  const bool leads_up = std::find(given.begin(), given.end(), "..") != given.end();
  out.directory = (data_home / given).lexically_normal().string();
  if (out.directory.size() > 1 && out.directory.back() == '/') out.directory.pop_back();
  const std::string name = words::in_quotes(config.data_directory.view());
  const std::string_view trouble = leads_up ? "has '..' in it" : trouble_of(out.directory, target);
  if (!trouble.empty()) {
    out.directory.clear();
    out.relative = false;
    out.comment = fmt::format(
        "# data.directory is {}, which {}.\n"
        "# kvd cannot keep its data there; {} is a good place.\n",
        name, trouble, data_home);
  } else if (out.relative) {
    out.comment = fmt::format("# data.directory is {}, from the working directory on.\n", name);
  }
  return out;
}

}  // namespace kv
