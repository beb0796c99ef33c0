// Which files a command is about: those that were named, and the configs in directories.
//
// The order is that of the arguments, and of the names within a directory, so that it does not
// depend on the file system. About a hundred bytes for each file.
#pragma once

#include <string>
#include <vector>

namespace kv {

struct ConfigFiles {
  std::vector<std::string> paths;     ///< as they are shown; "-" is standard input
  std::vector<std::string> problems;  ///< why an argument gives no file
};

/// Directories are searched for *.toml and *.json; hidden names, policies (kvplan-policy.toml)
/// and locks (*.lock) are left out, and links to directories are not followed. A file that is
/// named twice is taken once. Whether a file can be read is for its reader to find out.
ConfigFiles find_configs(const std::vector<std::string>& arguments);

/// The shortest name of a path: without "./", and relative where it is in this directory.
std::string shown_path(const std::string& path);

constexpr const char* policy_file_name = "kvplan-policy.toml";

}  // namespace kv
