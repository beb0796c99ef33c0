#include "server/commands/subcommand.hpp"

#include <algorithm>

#include "kvcore/memory/assert.hpp"
#include "server/commands/text.hpp"

namespace kv {

namespace {

/// A name in the other case, held in place.
class Cased {
 public:
  Cased(std::string_view name, char (*change)(char)) : bytes_(name.size()) {
    KV_ASSERT(name.size() <= sizeof text_);
    std::transform(name.begin(), name.end(), text_, change);
  }
  std::string_view view() const { return {text_, bytes_}; }

 private:
  char text_[32];
  uint64_t bytes_;
};

char upper_case(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

/// Source: addReplyHelp() of Redis 7.
Outcome write_help(Call& call, std::string_view command, std::span<const std::string_view> help) {
  return write_measured(call, [&](ReplyWriter& reply) {
    reply.array(help.size() + 3);
    reply.raw("+");
    reply.raw(Cased(command, upper_case).view());
    reply.raw(" <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n");
    for (const std::string_view line : help) reply.status(line);
    reply.status("HELP");
    reply.status("    Prints this help.");
  });
}

bool has_arity(int8_t arity, uint64_t count) {
  return arity < 0 ? count >= static_cast<uint64_t>(-arity) : count == static_cast<uint64_t>(arity);
}

}  // namespace

Outcome run_subcommand(Call& call, std::string_view command, std::span<const Subcommand> table,
                       std::span<const std::string_view> help) {
  const uint64_t count = call.args.size();
  for (const Subcommand& subcommand : table) {
    if (!same_word(call.args[1], subcommand.name)) continue;
    if (has_arity(subcommand.arity, count)) {
      return call.caller.queuing ? Outcome::done : subcommand.handler(call);
    }
    return fail_arity(call, command, Cased(subcommand.name, lower_case).view());
  }
  if (!same_word(call.args[1], "HELP")) {
    return fail_subcommand(call, Cased(command, upper_case).view());
  }
  if (count != 2) return fail_arity(call, command, "help");
  return call.caller.queuing ? Outcome::done : write_help(call, command, help);
}

}  // namespace kv
