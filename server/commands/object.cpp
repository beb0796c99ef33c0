// OBJECT: how a key is kept, and when it was last used.

#include <array>

#include "server/commands/subcommand.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

namespace {

/// What Redis would call the encoding of the value: tools group keys by it.
std::string_view encoding(const Call& call, const Entry& entry) {
  constexpr uint64_t embedded_bytes_max = 44;
  constexpr uint64_t integer_bytes_max = 20;
  if (entry.type == Entry::Type::list) return "quicklist";
  if (entry.length <= integer_bytes_max) {
    char text[integer_bytes_max];
    call.store.read(entry, text);
    if (parse_integer({text, entry.length})) return "int";
  }
  return entry.length <= embedded_bytes_max ? "embstr" : "raw";
}

/// The entry of args[2]; where there is none, replies nil.
const Entry* find_entry(Call& call) {
  const Store::Found found = call.store.peek(call.args[2]);
  count_lookup(call, static_cast<bool>(found));
  if (found) return &call.store.entry(found);
  call.reply.null();
  return nullptr;
}

Outcome object_encoding(Call& call) {
  if (const Entry* entry = find_entry(call)) call.reply.bulk(encoding(call, *entry));
  return Outcome::done;
}

Outcome object_freq(Call& call) {
  if (find_entry(call) == nullptr) return Outcome::done;
  return fail(call,
              "ERR An LFU maxmemory policy is not selected, access frequency not tracked. "
              "Please note that when switching between policies at runtime LRU and LFU data "
              "will take some time to adjust.");
}

Outcome object_idletime(Call& call) {
  const Entry* entry = find_entry(call);
  if (entry == nullptr) return Outcome::done;
  const auto now_s = static_cast<uint32_t>(call.server.now_ms / 1000);
  call.reply.integer(now_s > entry->accessed_s ? now_s - entry->accessed_s : 0);
  return Outcome::done;
}

Outcome object_refcount(Call& call) {
  if (find_entry(call) != nullptr) call.reply.integer(1);
  return Outcome::done;
}

constexpr auto subcommands = std::to_array<Subcommand>({
    {"ENCODING", 3, object_encoding},
    {"FREQ", 3, object_freq},
    {"IDLETIME", 3, object_idletime},
    {"REFCOUNT", 3, object_refcount},
});

constexpr auto help = std::to_array<std::string_view>({
    "ENCODING <key>",
    "    Return the kind of internal representation used in order to store the value",
    "    associated with a <key>.",
    "FREQ <key>",
    "    Return the access frequency index of the <key>. The returned integer is",
    "    proportional to the logarithm of the recent access frequency of the key.",
    "IDLETIME <key>",
    "    Return the idle time of the <key>, that is the approximated number of",
    "    seconds elapsed since the last access to the key.",
    "REFCOUNT <key>",
    "    Return the number of references of the value associated with the specified",
    "    <key>.",
});

}  // namespace

Outcome object(Call& call) { return run_subcommand(call, "object", subcommands, help); }

}  // namespace kv::handle
