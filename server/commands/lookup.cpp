#include "server/commands/lookup.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace kv {

namespace {

/// A name as two words of eight letters, in one case: they overlap, and hold all of it.
struct Name {
  uint64_t first = 0;
  uint64_t last = 0;
  constexpr bool operator==(const Name&) const = default;
};

constexpr uint64_t name_bytes_max = 16;
constexpr uint64_t all_lower_case = 0x2020202020202020;

/// `bytes` of them, as a little-endian number.
constexpr uint64_t load(const char* from, uint64_t bytes) {
  uint64_t word = 0;
  for (uint64_t i = 0; i < bytes; ++i) {
    word |= uint64_t{static_cast<uint8_t>(from[i])} << (8 * i);
  }
  return word;
}

/// Folds other bytes than letters as well, but none of them to a letter.
/// REQUIRES: 1 to name_bytes_max bytes.
constexpr Name name_of(std::string_view text) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  if (text.size() >= 8) return {load(begin, 8) | all_lower_case, load(end - 8, 8) | all_lower_case};
  if (text.size() >= 4) return {load(begin, 4) | all_lower_case, load(end - 4, 4) | all_lower_case};
  if (text.size() >= 2) return {load(begin, 2) | all_lower_case, load(end - 2, 2) | all_lower_case};
  return {load(begin, 1) | all_lower_case, 0};
}

constexpr uint64_t slot_count = std::bit_ceil(command_count * 8);

struct LookupTable {
  struct Slot {
    Name name;
    uint8_t bytes = 0;
    Command command = Command::unknown;
  };
  uint64_t factor = 0x9e3779b97f4a7c15;
  std::array<Slot, slot_count> slots = {};

  constexpr uint64_t slot_of(const Name& name) const {
    return ((name.first ^ std::rotl(name.last, 24)) * factor) >>
           (64 - std::bit_width(slot_count - 1));
  }
};

constexpr bool fill(LookupTable& table) {
  table.slots.fill({});
  for (const CommandInfo& command : commands) {
    const Name name = name_of(command.name);
    LookupTable::Slot& slot = table.slots[table.slot_of(name)];
    if (slot.command != Command::unknown) return false;
    slot = {name, static_cast<uint8_t>(command.name.size()), command.id};
  }
  return true;
}

/// The first factor by which no two names share a slot.
constexpr LookupTable lookup_table = [] {
  LookupTable table;
  while (!fill(table)) table.factor += 2;
  return table;
}();

static_assert([] {
  for (const CommandInfo& command : commands) {
    if (command.name.empty() || command.name.size() > name_bytes_max) return false;
    for (const char c : command.name) {
      if (c < 'A' || c > 'Z') return false;
    }
  }
  return true;
}());

}  // namespace

Command find_command(std::string_view text) {
  if (text.empty() || text.size() > name_bytes_max) return Command::unknown;
  const Name name = name_of(text);
  const LookupTable::Slot& slot = lookup_table.slots[lookup_table.slot_of(name)];
  return slot.name == name && slot.bytes == text.size() ? slot.command : Command::unknown;
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
