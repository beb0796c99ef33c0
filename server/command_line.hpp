// kvd's command line: which config to run with, and what to do with it. The options are the
// rows of the option table; only the few flags that are no options stand here.
#pragma once

#include <optional>
#include <string>

#include "kvcore/plan/config.hpp"

namespace kv {

/// Exit codes of kvd. Source: sysexits(3).
enum class KvdExit : int {
  ok = 0,
  usage = 64,     ///< EX_USAGE: an unknown flag
  data = 65,      ///< EX_DATAERR: what is on disk is altered, does not fit, or cannot be used
  no_input = 66,  ///< EX_NOINPUT: the config cannot be read
  os_error = 71,  ///< EX_OSERR: memory, sockets, io_uring, epoll or the sandbox are refused
  save = 74,      ///< EX_IOERR: the last snapshot could not be written
  config = 78,    ///< EX_CONFIG: the config is invalid, or what was allocated is not the plan
};

struct CommandLine {
  Config config;
  bool check_only = false;  ///< allocate, verify, print and exit
  bool prompt = false;      ///< kvd repl: read commands from standard input, no network
  std::string history_file;
};

/// Parses flags, loads the file and validates. Prints diagnostics, help or the version itself;
/// then, or when that was all that was asked for, `exit` says how to end.
std::optional<KvdExit> parse_command_line(int argc, char** argv, CommandLine& out);

}  // namespace kv
