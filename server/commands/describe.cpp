// COMMAND: the command table as clients ask for it, in the format of Redis 7.

#include <algorithm>

#include "kvcore/memory/assert.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/lookup.hpp"
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

bool has_flag(const CommandInfo& info, std::string_view wanted) {
  bool found = false;
  for_each_flag(info, [&](std::string_view flag) { found = found || flag == wanted; });
  return found;
}

void write_flags(ReplyWriter& reply, const CommandInfo& info) {
  uint64_t count = 0;
  for_each_flag(info, [&](std::string_view) { ++count; });
  reply.array(count);
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
  reply.array(categories);
  for_each_category(info, [&](std::string_view category) { reply.status(category); });
  for (int part = 0; part < 3; ++part) reply.array(0);
}

void write_docs(ReplyWriter& reply, const CommandInfo& info) {
  write_name(reply, info);
  reply.map(3);
  reply.bulk("summary");
  reply.bulk(info.summary);
  reply.bulk("since");
  reply.bulk(info.since);
  reply.bulk("group");
  reply.bulk(info.group);
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

Outcome command_help(Call& call) {
  call.reply.array(6);
  call.reply.status("COMMAND [<subcommand> [<arg> ...]]. Subcommands are:");
  call.reply.status("(none) | INFO [<name> ...]: the command table, or rows of it.");
  call.reply.status("COUNT: the number of commands.");
  call.reply.status("DOCS [<name> ...]: what commands do.");
  call.reply.status("LIST [FILTERBY PATTERN|ACLCAT|MODULE <x>]: names of commands.");
  call.reply.status("HELP: prints this help.");
  return Outcome::done;
}

}  // namespace

Outcome command(Call& call) {
  if (call.args.size() == 1) return command_info_reply(call);
  const std::string_view subcommand = call.args[1];
  if (same_word(subcommand, "INFO")) return command_info_reply(call);
  if (same_word(subcommand, "DOCS")) return command_docs(call);
  if (same_word(subcommand, "LIST")) return command_list(call);
  if (same_word(subcommand, "COUNT")) {
    if (call.args.size() != 2) return fail_arity(call, "command", "count");
    call.reply.integer(static_cast<int64_t>(command_count));
    return Outcome::done;
  }
  if (same_word(subcommand, "HELP")) {
    if (call.args.size() != 2) return fail_arity(call, "command", "help");
    return command_help(call);
  }
  return fail_subcommand(call, "COMMAND");
}

}  // namespace kv::handle
