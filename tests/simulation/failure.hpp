// What a run of a script came to. A run is a process of its own, which ends where it finds the
// first fault, so that a failed assertion, a crash and a hang are findings like any other.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace kv::sim {

struct RunResult {
  bool failed = false;
  std::string message;  ///< why
  uint64_t hash = 0;    ///< of everything that happened
  uint64_t turns = 0;
  uint64_t commands = 0;  ///< that were executed and compared
  uint64_t clients = 0;   ///< that connected
};

/// Runs `body` in a process of its own, for at most `seconds` of processor time.
RunResult run_apart(const std::function<void(RunResult&)>& body, unsigned seconds);

/// Ends the process of the run at hand: `what` is why it failed.
[[noreturn]] void fail(std::string_view what, std::string_view detail = {});

inline void require(bool holds, std::string_view what, std::string_view detail = {}) {
  if (!holds) fail(what, detail);
}

}  // namespace kv::sim
