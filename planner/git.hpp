// Files as git holds them: `kvplan diff HEAD:cache.toml` reads the side that is committed.
//
// git is run as a program with its arguments, never through a shell; nothing is written and
// nothing fetched. What goes wrong is one sentence: no repository, no revision, no such file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kvcore/load/diagnostic.hpp"

namespace kv {

/// "HEAD~1:configs/cache.toml"; an empty revision is the index.
struct GitName {
  std::string revision;
  std::string path;

  std::string text() const { return revision + ":" + path; }
};

/// The word as REVISION:PATH; nothing where it has no colon or no path.
std::optional<GitName> parse_git_name(std::string_view word);

/// Reads the file into `text`. Returns whether it could; `out` says why not.
bool read_git(const GitName& name, std::string& text, Diagnostics& out);

/// The same file in the working tree, relative to this directory. git takes paths from the top
/// of the repository, unless they begin with "./" or "../". REQUIRES: read_git() succeeded.
std::string work_tree_path(const GitName& name);

}  // namespace kv
