// kvload's flags. Whatever is wrong with them is said on standard error, with the flag, the value
// and the limit, before anything is connected to.
#pragma once

#include <cstdint>
#include <optional>

#include "bench/load/client.hpp"

namespace kv::bench {

enum class LoadExit : int { ok = 0, failed = 1, usage = 2 };

struct LoadCommand {
  Load load;
  Goal goal;
  double warmup_seconds = 0;
  uint64_t server_pid = 0;  // whose processor time is measured; 0: nobody's
  bool json = false;
  bool describe = false;  // print the sizes of a request and its reply, and end
};

/// Nothing when `out` is to be run; otherwise the exit code.
std::optional<LoadExit> parse_command_line(int argc, char** argv, LoadCommand& out);

}  // namespace kv::bench
