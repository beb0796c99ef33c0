// COMMAND: the command table as clients ask for it, in the format of Redis 7.

#include <algorithm>
#include <array>

#include "kvcore/memory/assert.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/lookup.hpp"
#include "server/commands/subcommand.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

namespace {

void write_name(ReplyWriter& reply, const CommandInfo& info) {
  char name[32];
  KV_ASSERT(info.name.size() <= sizeof name);
  std::transform(info.name.begin(), info.name.end(), name, lower_case);
  reply.bulk({name, info.name.size()});
}

/// Calls `visit` with each word of "write|denyoom".
template <class Visit>
void for_each_flag(const CommandInfo& info, Visit visit) {
  std::string_view rest = info.flags;
  while (!rest.empty()) {
    const std::string_view flag = rest.substr(0, rest.find('|'));
    visit(flag);
    rest.remove_prefix(std::min(flag.size() + 1, rest.size()));
  }
}

void write_flags(ReplyWriter& reply, const CommandInfo& info) {
  uint64_t count = 0;
  for_each_flag(info, [&](std::string_view) { ++count; });
  reply.set(count);
  for_each_flag(info, [&](std::string_view flag) { reply.status(flag); });
}

/// Calls `visit` with each ACL category; they follow from the flags and the group.
template <class Visit>
void for_each_category(const CommandInfo& info, Visit visit) {
  if (has_flag(info, "write")) visit("@write");
  if (has_flag(info, "readonly")) visit("@read");
  if (info.group == "string") visit("@string");
  if (info.group == "list") visit("@list");
  if (info.group == "connection") visit("@connection");
  if (info.group == "generic") visit("@keyspace");
  if (has_flag(info, "admin")) {
    visit("@admin");
    visit("@dangerous");
  }
  visit(has_flag(info, "fast") ? "@fast" : "@slow");
}

/// name, arity, flags, first key, last key, step, categories, tips, key specs, subcommands.
void write_command(ReplyWriter& reply, const CommandInfo& info) {
  reply.array(10);
  write_name(reply, info);
  reply.integer(info.arity);
  write_flags(reply, info);
  reply.integer(info.first_key);
  reply.integer(info.last_key);
  reply.integer(info.key_step);
  uint64_t categories = 0;
  for_each_category(info, [&](std::string_view) { ++categories; });
  reply.set(categories);
  for_each_category(info, [&](std::string_view category) { reply.status(category); });
  reply.set(0);
  reply.set(0);
  reply.array(0);
}

/// Calls `visit` with each argument of a syntax: its text, without brackets if it is optional.
template <class Visit>
void for_each_argument(std::string_view syntax, Visit visit) {
  while (!syntax.empty()) {
    uint64_t end = 0;
    for (int depth = 0; end < syntax.size() && (depth > 0 || syntax[end] != ' '); ++end) {
      depth += syntax[end] == '[' || syntax[end] == '<';
      depth -= syntax[end] == ']' || syntax[end] == '>';
    }
    const std::string_view text = syntax.substr(0, end);
    const bool optional = text.front() == '[';
    visit(optional ? text.substr(1, text.size() - 2) : text, optional);
    syntax.remove_prefix(std::min(end + 1, syntax.size()));
  }
}

/// Redis tells the parts of an argument apart; here it is one text, which is what redis-cli shows.
void write_arguments(ReplyWriter& reply, std::string_view syntax) {
  uint64_t count = 0;
  for_each_argument(syntax, [&](std::string_view, bool) { ++count; });
  reply.bulk("arguments");
  reply.array(count);
  for_each_argument(syntax, [&](std::string_view text, bool optional) {
    reply.map(optional ? 3 : 2);
    reply.bulk("name");
    reply.bulk(text);
    reply.bulk("type");
    reply.bulk("string");
    if (!optional) return;
    reply.bulk("flags");
    reply.set(1);
    reply.status("optional");
  });
}

void write_docs(ReplyWriter& reply, const CommandInfo& info) {
  write_name(reply, info);
  reply.map(info.syntax.empty() ? 3 : 4);
  reply.bulk("summary");
  reply.bulk(info.summary);
  reply.bulk("since");
  reply.bulk(info.since);
  reply.bulk("group");
  reply.bulk(info.group);
  if (!info.syntax.empty()) write_arguments(reply, info.syntax);
}

Outcome command_info_reply(Call& call) {
  return write_measured(call, [&](ReplyWriter& reply) {
    if (call.args.size() <= 2) {
      reply.array(command_count);
      for (const CommandInfo& info : commands) write_command(reply, info);
      return;
    }
    reply.array(call.args.size() - 2);
    for (uint64_t i = 2; i < call.args.size(); ++i) {
      const Command id = find_command(call.args[i]);
      id == Command::unknown ? reply.null() : write_command(reply, command_info(id));
    }
  });
}

/// Names that are no command are left out, as in Redis.
Outcome command_docs(Call& call) {
  return write_measured(call, [&](ReplyWriter& reply) {
    if (call.args.size() == 2) {
      reply.map(command_count);
      for (const CommandInfo& info : commands) write_docs(reply, info);
      return;
    }
    uint64_t known = 0;
    for (uint64_t i = 2; i < call.args.size(); ++i) {
      known += find_command(call.args[i]) != Command::unknown;
    }
    reply.map(known);
    for (uint64_t i = 2; i < call.args.size(); ++i) {
      const Command id = find_command(call.args[i]);
      if (id != Command::unknown) write_docs(reply, command_info(id));
    }
  });
}

/// Whether the command is listed: all are, or those that the filter of args[3], args[4] lets by.
bool is_listed(const Call& call, const CommandInfo& info) {
  if (call.args.size() == 2) return true;
  if (same_word(call.args[3], "PATTERN")) return matches_pattern(info.name, call.args[4]);
  if (same_word(call.args[3], "MODULE")) return false;
  bool found = false;
  for_each_category(info, [&](std::string_view category) {
    found = found || same_word(category.substr(1), call.args[4]);
  });
  return found;
}

/// COMMAND LIST [FILTERBY PATTERN pattern | ACLCAT category | MODULE name]
Outcome command_list(Call& call) {
  const Arguments& args = call.args;
  if (args.size() != 2) {
    const bool known = args.size() == 5 && same_word(args[2], "FILTERBY") &&
                       (same_word(args[3], "PATTERN") || same_word(args[3], "ACLCAT") ||
                        same_word(args[3], "MODULE"));
    if (!known) return fail_syntax(call);
  }
  return write_measured(call, [&](ReplyWriter& reply) {
    uint64_t listed = 0;
    for (const CommandInfo& info : commands) listed += is_listed(call, info);
    reply.array(listed);
    for (const CommandInfo& info : commands) {
      if (is_listed(call, info)) write_name(reply, info);
    }
  });
}

/// Where the keys of a command stand among its arguments.
struct KeyRange {
  uint64_t first = 0;  ///< 0 where there are none
  uint64_t count = 0;
  uint64_t step = 1;
};

/// By the row; `movablekeys` are counted by an argument, the last but two of the fewest.
std::optional<KeyRange> key_range(const CommandInfo& info, const Arguments& args) {
  constexpr uint64_t name = 2;  // COMMAND GETKEYS
  const uint64_t count = args.size() - name;
  if (!has_flag(info, "movablekeys")) {
    KeyRange range = {static_cast<uint64_t>(info.first_key), 0,
                      static_cast<uint64_t>(info.key_step)};
    for (uint64_t i = 1; i < count; ++i) range.count += is_key_argument(info, i, count);
    return range;
  }
  const auto counted = static_cast<uint64_t>(-info.arity - 3);
  const std::optional<int64_t> keys = parse_integer(args[name + counted]);
  if (!keys || *keys < 1) return std::nullopt;
  const KeyRange range = {counted + 1, static_cast<uint64_t>(*keys), 1};
  return range.count < count - counted ? std::optional(range) : std::nullopt;
}

/// The keys in a whole command.
Outcome command_getkeys(Call& call) {
  const Command id = find_command(call.args[2]);
  if (id == Command::unknown) return fail(call, "ERR Invalid command specified");
  const CommandInfo& info = command_info(id);
  const bool keyless = info.first_key == 0 && !has_flag(info, "movablekeys");
  if (keyless) return fail(call, "ERR The command has no key arguments");
  const uint64_t count = call.args.size() - 2;
  const bool right = info.arity < 0 ? count >= static_cast<uint64_t>(-info.arity)
                                    : count == static_cast<uint64_t>(info.arity);
  if (!right) return fail(call, "ERR Invalid number of arguments specified for command");
  const std::optional<KeyRange> range = key_range(info, call.args);
  if (!range) return fail(call, "ERR Invalid arguments specified for command");
  if (range->count == 0) return fail(call, "ERR The command has no key arguments");
  return write_measured(call, [&](ReplyWriter& reply) {
    reply.array(range->count);
    for (uint64_t i = 0; i < range->count; ++i) {
      reply.bulk(call.args[2 + range->first + i * range->step]);
    }
  });
}

Outcome command_count_reply(Call& call) {
  call.reply.integer(static_cast<int64_t>(command_count));
  return Outcome::done;
}

constexpr auto subcommands = std::to_array<Subcommand>({
    {"COUNT", 2, command_count_reply},
    {"DOCS", -2, command_docs},
    {"GETKEYS", -4, command_getkeys},
    {"INFO", -2, command_info_reply},
    {"LIST", -2, command_list},
});

constexpr auto help = std::to_array<std::string_view>({
    "(no subcommand)",
    "    Return details about all commands.",
    "COUNT",
    "    Return the total number of commands.",
    "DOCS [<command-name> ...]",
    "    Return what commands do; of all commands if no names are given.",
    "GETKEYS <full-command>",
    "    Return the keys from a full command.",
    "INFO [<command-name> ...]",
    "    Return details about commands; about all if no names are given.",
    "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
    "    Return the names of commands.",
});

}  // namespace

Outcome command(Call& call) {
  if (call.args.size() == 1) return command_info_reply(call);
  return run_subcommand(call, "command", subcommands, help);
}

}  // namespace kv::handle
