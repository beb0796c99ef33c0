// OBJECT: how a key is kept, and when it was last used.

#include <array>

#include "server/commands/handlers.hpp"
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

Outcome object_help(Call& call) {
  constexpr auto lines = std::to_array<std::string_view>({
      "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
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
      "HELP",
      "    Prints this help.",
  });
  return write_measured(call, [&](ReplyWriter& reply) {
    reply.array(lines.size());
    for (const std::string_view line : lines) reply.status(line);
  });
}

enum class Question : uint8_t { encoding, freq, idletime, refcount };

Outcome answer(Call& call, Question question, std::string_view subcommand) {
  if (call.args.size() != 3) return fail_arity(call, "object", subcommand);
  const Store::Found found = call.store.peek(call.args[2]);
  count_lookup(call, static_cast<bool>(found));
  if (!found) {
    call.reply.null();
    return Outcome::done;
  }
  const Entry& entry = call.store.entry(found);
  switch (question) {
    case Question::encoding:
      call.reply.bulk(encoding(call, entry));
      break;
    case Question::freq:
      return fail(call,
                  "ERR An LFU maxmemory policy is not selected, access frequency not tracked. "
                  "Please note that when switching between policies at runtime LRU and LFU data "
                  "will take some time to adjust.");
    case Question::idletime: {
      const auto now_s = static_cast<uint32_t>(call.server.now_ms / 1000);
      call.reply.integer(now_s > entry.accessed_s ? now_s - entry.accessed_s : 0);
      break;
    }
    case Question::refcount:
      call.reply.integer(1);
      break;
  }
  return Outcome::done;
}

}  // namespace

Outcome object(Call& call) {
  const std::string_view subcommand = call.args[1];
  if (same_word(subcommand, "ENCODING")) return answer(call, Question::encoding, "encoding");
  if (same_word(subcommand, "FREQ")) return answer(call, Question::freq, "freq");
  if (same_word(subcommand, "IDLETIME")) return answer(call, Question::idletime, "idletime");
  if (same_word(subcommand, "REFCOUNT")) return answer(call, Question::refcount, "refcount");
  if (same_word(subcommand, "HELP")) {
    if (call.args.size() != 2) return fail_arity(call, "object", "help");
    return object_help(call);
  }
  return fail_subcommand(call, "OBJECT");
}

}  // namespace kv::handle
