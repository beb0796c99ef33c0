#include "server/commands/save_ahead.hpp"

#include <algorithm>
#include <charconv>

#include "kvcore/memory/assert.hpp"
#include "server/commands/lookup.hpp"
#include "server/planted.hpp"
#include "server/snapshots.hpp"

namespace kv {

namespace {

/// Arguments that are keys: `count` of them from `first` on, each `step` behind the one before.
struct KeyArguments {
  uint64_t first = 0;
  uint64_t count = 0;
  uint64_t step = 1;
};

/// Of a command whose keys stand behind their number, which is at `number_at`.
KeyArguments counted_keys(const Arguments& args, uint64_t number_at) {
  if (args.size() <= number_at) return {};
  const std::string_view text = args[number_at];
  uint64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return {number_at + 1, std::min(count, args.size() - number_at - 1), 1};
}

KeyArguments keys_of(const Arguments& args, const CommandInfo& info) {
  if (info.id == Command::lmpop) return counted_keys(args, /*number_at=*/1);
  if (info.id == Command::blmpop) return counted_keys(args, /*number_at=*/2);
  if (info.first_key <= 0) return {};
  const auto first = static_cast<uint64_t>(info.first_key);
  const auto step = static_cast<uint64_t>(info.key_step);
  const uint64_t behind = info.last_key < 0
                              ? args.size() - static_cast<uint64_t>(-info.last_key) + 1
                              : static_cast<uint64_t>(info.last_key) + 1;
  const uint64_t end = std::min(behind, args.size());
  return end <= first ? KeyArguments() : KeyArguments{first, (end - first - 1) / step + 1, step};
}

constexpr bool changes_all(Command id) { return id == Command::flushall || id == Command::flushdb; }

// A command that changes keys which nobody knows of here would change them in the snapshot, too.
static_assert([] {
  for (const CommandInfo& info : commands) {
    const bool is_counted = info.id == Command::lmpop || info.id == Command::blmpop;
    const bool is_known = info.first_key > 0 || is_counted || changes_all(info.id);
    if (has_flag(info, "write") && !is_known) return false;
  }
  return true;
}());

Outcome save_keys(Call& call, const Arguments& args, const CommandInfo& info) {
  if (changes_all(info.id)) return Outcome::unfinished;
  const KeyArguments keys = keys_of(args, info);
  for (uint64_t i = 0; i < keys.count; ++i) {
    const Store::Found found = call.store.peek(args[keys.first + i * keys.step]);
    if (!found || planted(Fault::unsaved_change)) continue;
    if (!call.server.snapshots->save(found.index)) return Outcome::unsaved;
  }
  return Outcome::done;
}

}  // namespace

Outcome save_ahead(Call& call, const CommandInfo& info) {
  KV_ASSERT(call.server.snapshots != nullptr);
  if (info.id != Command::exec) return save_keys(call, call.args, info);
  const Caller& caller = call.caller;
  if (!caller.transactions->writes(caller.index)) return Outcome::done;
  uint64_t offset = 0;
  for (uint64_t i = 0; i < caller.transactions->command_count(caller.index); ++i) {
    offset = caller.transactions->load(caller.index, offset, *caller.scratch);
    const Arguments args(caller.scratch->slices());
    const Command command = find_command(args[0]);
    if (command == Command::unknown || !has_flag(command_info(command), "write")) continue;
    if (const Outcome saved = save_keys(call, args, command_info(command));
        saved != Outcome::done) {
      return saved;
    }
  }
  return Outcome::done;
}

}  // namespace kv
