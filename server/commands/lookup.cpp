#include "server/commands/lookup.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "server/commands/text.hpp"

namespace kv {

namespace {

constexpr uint64_t slot_count = std::bit_ceil(command_count * 8);

constexpr uint64_t name_bytes_max = [] {
  uint64_t longest = 0;
  for (const CommandInfo& command : commands) {
    longest = std::max<uint64_t>(longest, command.name.size());
  }
  return longest;
}();

/// FNV-1a over the letters with their case bit set, which also folds a few other bytes: the
/// comparison that follows tells them apart. The last product brings every bit to the top.
constexpr uint64_t slot_of(std::string_view name, uint64_t seed) {
  uint64_t hash = seed;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c | 0x20)) * 0x100000001b3;
  return ((hash * 0x9e3779b97f4a7c15) >> 32) % slot_count;
}

struct LookupTable {
  uint64_t seed = 0;
  std::array<Command, slot_count> slots = {};
};

constexpr bool fill(LookupTable& table) {
  table.slots.fill(Command::unknown);
  for (const CommandInfo& command : commands) {
    Command& slot = table.slots[slot_of(command.name, table.seed)];
    if (slot != Command::unknown) return false;
    slot = command.id;
  }
  return true;
}

constexpr LookupTable lookup_table = [] {
  LookupTable table;
  table.seed = 0xcbf29ce484222325;
  while (!fill(table)) ++table.seed;
  return table;
}();

}  // namespace

Command find_command(std::string_view name) {
  if (name.size() > name_bytes_max) return Command::unknown;
  const Command candidate = lookup_table.slots[slot_of(name, lookup_table.seed)];
  if (candidate == Command::unknown) return candidate;
  return same_word(name, command_info(candidate).name) ? candidate : Command::unknown;
}

bool is_key_argument(const CommandInfo& command, uint64_t index, uint64_t count) {
  if (command.first_key == 0) return false;
  const int64_t at = static_cast<int64_t>(index);
  const int64_t last =
      command.last_key < 0 ? static_cast<int64_t>(count) + command.last_key : command.last_key;
  if (at < command.first_key || at > last) return false;
  return (at - command.first_key) % command.key_step == 0;
}

}  // namespace kv
