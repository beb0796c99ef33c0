// While a snapshot is being written: keys are saved as they are before a command changes them.
// Where no snapshot is, this is one comparison in execute().
#pragma once

#include "server/call.hpp"

namespace kv {

/// Saves every key that the command may change, those of all queued commands for EXEC.
/// Outcome::done where it may run; else what it has to wait for. What was saved until then stays
/// saved, so it gets further each time. REQUIRES: SavedMarks::active().
Outcome save_ahead(Call& call, const CommandInfo& info);

}  // namespace kv
