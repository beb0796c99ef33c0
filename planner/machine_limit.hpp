// The memory that this machine leaves to a process: `--limit auto`.
//
// The smallest limit of the control group and those above it, version 2 or 1, unless it is
// larger than the machine; else what the kernel says is available.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kv {

struct MachineLimit {
  uint64_t bytes;
  std::string source;  ///< the file, and the field where it has several
};

/// All files are read below `root`, which is for tests.
std::optional<MachineLimit> machine_limit(const std::string& root = "");

}  // namespace kv
