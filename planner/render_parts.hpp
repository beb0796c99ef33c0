// What the deployment files have in common: quoted text, and the place of the data.
//
// With snapshots a server keeps its files from one start to the next, and needs time at its end.
// A place that a target cannot give is said in a comment of the file, with the reason.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kvcore/plan/allocation.hpp"

namespace kv {

/// In double quotes, escaped as YAML, JSON and systemd all read it. Each character of `special`,
/// which would begin a variable or a specifier, is doubled.
std::string double_quoted(std::string_view text, std::string_view special = "");

enum class RenderTarget : uint8_t { unit, container };

/// Where relative directories are meant from, and where what is rendered keeps them.
inline constexpr std::string_view data_home = "/var/lib/kvd";

/// Where the snapshots of a plan are, and what they ask of a deployment.
struct DataPlace {
  bool kept = false;      ///< snapshots are on; what follows is meant
  bool relative = false;  ///< to data_home
  std::string directory;  ///< absolute and plain; empty where the target cannot give it
  std::string comment;    ///< what is to be said of it: whole lines, each with '#', or none
  uint64_t disk_bytes = 0;
  uint64_t stop_seconds = 0;  ///< from the signal to the end, at the most
};

DataPlace data_place(const Allocation& allocation, RenderTarget target);

/// Whether `path` is `directory` or below it. Both are absolute and plain.
bool is_within(std::string_view path, std::string_view directory);

}  // namespace kv
