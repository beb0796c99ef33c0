// From a command's name to its row.
//
// A hash of the name, folded to one case, finds the only candidate in a table that is built at
// compile time without collisions; the name is compared once.
#pragma once

#include <cstdint>
#include <string_view>

#include "kvcore/plan/commands.hpp"

namespace kv {

/// The command of that name in any case, or Command::unknown.
Command find_command(std::string_view name);

/// Whether argument `index` of `count` (the name is 0) is a key by the command's row.
bool is_key_argument(const CommandInfo& command, uint64_t index, uint64_t count);

}  // namespace kv
