#include "planner/config_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <unordered_set>

namespace kv {

namespace {

namespace fs = std::filesystem;

bool is_config(const fs::path& path) {
  const std::string extension = path.extension().string();
  return (extension == ".toml" || extension == ".json") && path.filename() != policy_file_name;
}

bool is_hidden(const fs::path& path) { return path.filename().string().substr(0, 1) == "."; }

/// Every config below a directory, sorted by name.
std::vector<std::string> search(const std::string& directory, std::string& problem) {
  std::vector<std::string> found;
  std::error_code error;
  fs::recursive_directory_iterator at(directory, error);
  const fs::recursive_directory_iterator end;
  while (!error && at != end) {
    const fs::path& path = at->path();
    std::error_code ignored;
    if (is_hidden(path)) {
      if (at->is_directory(ignored)) at.disable_recursion_pending();
    } else if (is_config(path) && !at->is_directory(ignored)) {
      found.push_back(path.string());
    }
    at.increment(error);
  }
  if (error) {
    problem = fmt::format("cannot search '{}': {}", directory, error.message());
  } else if (found.empty()) {
    problem = fmt::format("no *.toml or *.json in '{}'", directory);
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

std::string shown_path(const std::string& path) {
  if (path == "-") return path;
  std::error_code error;
  const fs::path normal = fs::path(path).lexically_normal();
  if (normal.is_absolute()) {
    const fs::path relative = normal.lexically_relative(fs::current_path(error));
    if (!error && !relative.empty() && *relative.begin() != "..") return relative.string();
  }
  return normal.string();
}

ConfigFiles find_configs(const std::vector<std::string>& arguments) {
  ConfigFiles out;
  std::unordered_set<std::string> seen;
  const auto add = [&](const std::string& path) {
    std::string shown = shown_path(path);
    if (seen.insert(shown).second) out.paths.push_back(std::move(shown));
  };
  for (const std::string& argument : arguments) {
    std::error_code error;
    if (argument != "-" && fs::is_directory(argument, error)) {
      std::string problem;
      for (const std::string& path : search(argument, problem)) add(path);
      if (!problem.empty()) out.problems.push_back(std::move(problem));
    } else {
      add(argument);
    }
  }
  return out;
}

}  // namespace kv
