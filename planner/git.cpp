#include "planner/git.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "kvcore/load/settings.hpp"
#include "kvcore/load/words.hpp"

extern char** environ;

namespace kv {

namespace {

using words::in_quotes;

struct GitRun {
  int error = 0;     ///< errno, where git could not be run
  bool ok = false;   ///< it ended with 0
  std::string text;  ///< what it wrote to the stream that was asked for
};

/// The environment without translated messages and without fetching what a partial clone lacks.
std::vector<std::string> git_environment() {
  std::vector<std::string> variables = {"LC_ALL=C", "GIT_NO_LAZY_FETCH=1"};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (!text.starts_with("LC_ALL=") && !text.starts_with("GIT_NO_LAZY_FETCH=")) {
      variables.emplace_back(text);
    }
  }
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

/// Reads to the end, or to one byte beyond what a config may have.
std::string read_to_end(int file) {
  std::string text;
  std::array<char, 65536> chunk;
  while (text.size() <= file_bytes_max) {
    const ssize_t bytes = read(file, chunk.data(), chunk.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(bytes));
  }
  return text;
}

/// Runs git and keeps what it writes to `stream` (1 or 2); the other goes nowhere.
GitRun run_git(std::vector<std::string> arguments, int stream) {
  GitRun out;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    out.error = errno;
    return out;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 3 - stream, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], stream);
  arguments.insert(arguments.begin(), "git");
  std::vector<std::string> environment = git_environment();
  pid_t child = 0;
  out.error = posix_spawnp(&child, "git", &actions, nullptr, pointers(arguments).data(),
                           pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (out.error == 0) {
    out.text = read_to_end(ends[0]);
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    out.ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  } else {
    close(ends[0]);
  }
  return out;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Why git finds no repository here.
std::string no_repository() {
  const GitRun run = run_git({"rev-parse", "--show-cdup"}, STDERR_FILENO);
  std::string line = first_line(run.text);
  if (line.starts_with("fatal: ")) line.erase(0, 7);
  if (line.empty() || line.starts_with("not a git repository")) return "not in a git repository";
  return fmt::format("git says {}", in_quotes(line));
}

bool is_revision(const std::string& revision) {
  if (revision.empty()) return true;
  if (revision.front() == '-') return false;  // git would take it for a flag
  return run_git({"rev-parse", "--verify", "--quiet", revision + "^{tree}"}, STDOUT_FILENO).ok;
}

}  // namespace

std::optional<GitName> parse_git_name(std::string_view word) {
  const auto colon = word.find(':');
  if (colon == std::string_view::npos || colon + 1 == word.size()) return {};
  return GitName{std::string(word.substr(0, colon)), std::string(word.substr(colon + 1))};
}

bool read_git(const GitName& name, std::string& text, Diagnostics& out) {
  const auto fail = [&](std::string message, std::string hint = {}) {
    Place place;
    place.file = name.text();
    out.push_back({Rule::unreadable, Severity::error, place, std::move(message), std::move(hint)});
    return false;
  };
  const GitRun top = run_git({"rev-parse", "--show-cdup"}, STDOUT_FILENO);
  if (top.error != 0) return fail(fmt::format("cannot run git: {}", std::strerror(top.error)));
  if (!top.ok) return fail(no_repository());
  if (!is_revision(name.revision)) {
    return fail(fmt::format("no revision {}", in_quotes(name.revision)),
                "a shallow clone has only the last commits");
  }
  const std::string where =
      name.revision.empty() ? "the index" : fmt::format("revision {}", in_quotes(name.revision));
  const GitRun type = run_git({"cat-file", "-t", name.text()}, STDOUT_FILENO);
  if (!type.ok) return fail(fmt::format("no file {} in {}", in_quotes(name.path), where));
  if (first_line(type.text) != "blob") {
    return fail(fmt::format("{} is not a file in {}", in_quotes(name.path), where));
  }
  GitRun blob = run_git({"cat-file", "blob", name.text()}, STDOUT_FILENO);
  if (blob.text.size() > file_bytes_max) {
    return fail(
        fmt::format("larger than {} bytes, which no config is", words::grouped(file_bytes_max)));
  }
  if (!blob.ok) return fail(fmt::format("git cannot read {}", in_quotes(name.path)));
  text = std::move(blob.text);
  return true;
}

std::string work_tree_path(const GitName& name) {
  if (name.path.starts_with("./") || name.path.starts_with("../")) return name.path;
  return first_line(run_git({"rev-parse", "--show-cdup"}, STDOUT_FILENO).text) + name.path;
}

}  // namespace kv
