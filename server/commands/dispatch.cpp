#include <algorithm>
#include <array>

#include "kvcore/memory/assert.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/lookup.hpp"
#include "server/commands/save_ahead.hpp"
#include "server/commands/text.hpp"
#include "server/connection_flags.hpp"

namespace kv {

namespace {

constexpr std::array<Handler, command_count> handlers = {
#define KV_COMMAND(id, ...) &handle::id,
#include "kvcore/plan/commands.def"
};

/// The name and the first arguments, each cut to 128 bytes and at a NUL. Source:
/// commandCheckExistence() of Redis 7.
Outcome fail_unknown_command(Call& call) {
  constexpr uint64_t cut = 128;
  char text[small_reply_bytes_max];
  char* end = text;
  const auto append = [&](auto format, std::string_view word) {
    const uint64_t room = static_cast<uint64_t>(text + sizeof text - end);
    const auto result = fmt::format_to_n(end, room, format, word);
    end += std::min<uint64_t>(result.size, room);
  };
  append(FMT_STRING("ERR unknown command '{}', with args beginning with: "),
         printed(call.args[0], cut));
  uint64_t listed = 0;
  for (uint64_t i = 1; i < call.args.size() && listed < cut; ++i) {
    const std::string_view argument = printed(call.args[i], cut - listed);
    append(FMT_STRING("'{}' "), argument);
    listed += argument.size() + 3;
  }
  return fail(call, {text, static_cast<uint64_t>(end - text)});
}

/// A browser that was led here sends these first: what follows must not be executed. Source:
/// processCommand() of Redis 7.
bool is_http(std::string_view name) { return same_word(name, "POST") || same_word(name, "Host:"); }

Outcome fail_key_size(Call& call, uint64_t bytes) {
  return fail_with(call, "ERR key of {} bytes exceeds key_size_max ({})", bytes,
                   call.server.allocation->config.key_size_max);
}

Outcome fail_value_size(Call& call, uint64_t bytes) {
  return fail_with(call, "ERR value of {} bytes exceeds val_size_max ({})", bytes,
                   call.server.allocation->config.val_size_max);
}

/// The first argument that can be a value: values come first among those that are no keys, but
/// last where the number of arguments is fixed (SETEX key seconds value).
uint64_t first_value(const CommandInfo& info, uint64_t count, uint64_t values) {
  return info.arity > 0 && values <= count ? count - values : 1;
}

/// How many arguments of `count` can be values.
uint64_t value_count(const CommandInfo& info, uint64_t count) {
  if (info.values == CommandInfo::two_elements) return 2;
  return info.values >= CommandInfo::elements ? count : info.values;
}

/// Holds keys and values to their limits: keys by the row's positions, and as many of the
/// other arguments as the row calls values. Returns whether they are; if not, replies.
bool within_limits(Call& call, const CommandInfo& info) {
  const Config& config = call.server.allocation->config;
  const uint64_t count = call.args.size();
  uint64_t longest = 0;
  for (uint64_t i = 1; i < count; ++i) longest = std::max(longest, call.args[i].size());
  if (longest <= std::min(config.key_size_max, config.val_size_max)) return true;

  const uint64_t last_key = info.last_key < 0 ? count - static_cast<uint64_t>(-info.last_key)
                                              : static_cast<uint64_t>(info.last_key);
  uint64_t next_key = info.first_key > 0 ? static_cast<uint64_t>(info.first_key) : count;
  uint64_t values_left = value_count(info, count);
  const uint64_t values_from = first_value(info, count, values_left);
  for (uint64_t i = 1; i < count; ++i) {
    const uint64_t bytes = call.args[i].size();
    if (i == next_key) {
      if (bytes > config.key_size_max) return fail_key_size(call, bytes), false;
      next_key += static_cast<uint64_t>(info.key_step);
      if (next_key > last_key) next_key = count;
    } else if (values_left > 0 && i >= values_from) {
      if (bytes > config.val_size_max) return fail_value_size(call, bytes), false;
      --values_left;
    }
  }
  return true;
}

/// What execute() needs of a row, in few bytes.
struct Access {
  int8_t arity;
  bool writes;
  bool needs_auth;
  bool can_be_queued;
  bool has_subcommands;  ///< the second word is a command of its own in Redis
};

bool has_arity(const Access& access, uint64_t count) {
  return access.arity < 0 ? count >= static_cast<uint64_t>(-access.arity)
                          : count == static_cast<uint64_t>(access.arity);
}

constexpr std::array<Access, command_count> access_of = [] {
  std::array<Access, command_count> out = {};
  for (uint64_t i = 0; i < command_count; ++i) {
    const CommandInfo& info = commands[i];
    out[i] = {info.arity, has_flag(info, "write"), !has_flag(info, "no_auth"),
              !has_flag(info, "no_multi"), info.syntax.starts_with("subcommand ")};
  }
  return out;
}();

/// Whether the command runs again later, from its first byte.
bool is_put_off(Outcome outcome) {
  return outcome == Outcome::needs_room || outcome == Outcome::blocks ||
         outcome == Outcome::unsaved || outcome == Outcome::unfinished;
}

/// Whether the client is between MULTI and EXEC.
bool is_queuing(const Call& call) {
  return client_trait::has(call.client, client_trait::in_transaction) && !call.caller.executing;
}

bool runs_at_once(Command id) {
  return id == Command::exec || id == Command::discard || id == Command::multi ||
         id == Command::watch || id == Command::quit || id == Command::reset;
}

const Access& access(Command id) { return access_of[static_cast<uint64_t>(id)]; }

Outcome queue(Call& call, Command id) {
  // What is wrong with a subcommand is told before it is queued.
  if (access(id).has_subcommands && call.args.size() > 1) {
    const uint64_t written_before = call.reply.written();
    call.caller.queuing = true;
    handlers[static_cast<uint64_t>(id)](call);
    if (call.reply.written() != written_before) return Outcome::done;
  }
  Transactions& transactions = *call.caller.transactions;
  const Config& config = call.server.allocation->config;
  const bool writes = access(id).writes;
  switch (transactions.queue(call.caller.index, call.args.from(0), writes)) {
    case Transactions::Queued::ok:
      call.reply.status("QUEUED");
      return Outcome::done;
    case Transactions::Queued::no_slot:
      return fail_with(call, "ERR all {} transaction slots (transaction_slots) are in use",
                       config.transaction_slots);
    case Transactions::Queued::no_room:
      return fail_with(call, "ERR transaction exceeds transaction_bytes ({})",
                       config.transaction_bytes);
    case Transactions::Queued::too_many:
      break;
  }
  return fail(call, "ERR transaction has more commands than the largest reply has room for");
}

/// Whether the command may run now; if not, replies.
bool is_admitted(Call& call, const CommandInfo& info) {
  if (!has_arity(access(info.id), call.args.size())) {
    char name[32];
    KV_ASSERT(info.name.size() <= sizeof name);
    std::transform(info.name.begin(), info.name.end(), name, lower_case);
    if (info.id == Command::exec) {
      abandon_transaction(call);
      return fail(call,
                  "EXECABORT Transaction discarded because of: wrong number of arguments for "
                  "'exec' command"),
             false;
    }
    return fail_arity(call, {name, info.name.size()}), false;
  }
  if (client_trait::has(call.client, client_trait::unauthenticated) && access(info.id).needs_auth) {
    return fail(call, "NOAUTH Authentication required."), false;
  }
  if (is_queuing(call) && !access(info.id).can_be_queued) {
    return fail(call, "ERR Command not allowed inside a transaction"), false;
  }
  return within_limits(call, info);
}

/// CLIENT PAUSE. A transaction is held as a whole, and writes if one of its commands does.
bool is_held(const Call& call, Command id) {
  const ServerView& server = call.server;
  if (server.pause_until_ms <= server.clock_ms || call.caller.executing) return false;
  const bool writes =
      id == Command::exec ? call.caller.transactions->writes(call.caller.index) : access(id).writes;
  return server.pauses_all || writes;
}

Outcome run(Call& call, const CommandInfo& info) {
  CommandStatistics& counters = call.server.counters.of_command[static_cast<uint64_t>(info.id)];
  if (!is_admitted(call, info)) {
    ++counters.rejected;
    call.command = Command::unknown;  // It did not run: there is no time to note.
    return Outcome::done;
  }
  if (is_held(call, info.id)) return Outcome::paused;
  if (is_queuing(call) && !runs_at_once(info.id)) return queue(call, info.id);
  if (call.store.marks().active() && !call.caller.executing) {
    const bool changes = access(info.id).writes || info.id == Command::exec;
    const Outcome saved = changes ? save_ahead(call, info) : Outcome::done;
    if (saved != Outcome::done) return saved;
  }
  call.client.last_command = static_cast<uint8_t>(info.id);
  const uint64_t errors_before = call.server.statistics.error_replies;
  const Outcome outcome = handlers[static_cast<uint64_t>(info.id)](call);
  if (is_put_off(outcome)) return outcome;
  ++counters.calls;
  counters.failed += call.server.statistics.error_replies - errors_before;
  return outcome;
}

}  // namespace

Outcome execute(Call& call) {
  KV_ASSERT(call.args.size() > 0);
  KV_ASSERT(call.reply.fits(small_reply_bytes_max));
  const uint64_t written_before = call.reply.written();
  call.store.set_clock(call.server.now_ms);
  if (call.command == Command::unknown && is_http(call.args[0])) return Outcome::close;
  const uint64_t errors_before = call.server.statistics.error_replies;
  const Outcome outcome = call.command == Command::unknown ? fail_unknown_command(call)
                                                           : run(call, command_info(call.command));
  // A command that was refused, instead of queued or run, aborts the transaction.
  if (is_queuing(call) && call.server.statistics.error_replies != errors_before &&
      (call.command == Command::unknown || !runs_at_once(call.command))) {
    call.caller.transactions->abort(call.caller.index);
  }
  if (outcome == Outcome::paused) return outcome;
  if (is_put_off(outcome) && outcome != Outcome::needs_room) return outcome;
  if (outcome != Outcome::needs_room) {
    ++call.server.statistics.commands_processed;
    return outcome;
  }
  KV_ASSERT(call.reply.written() == written_before);
  KV_ASSERT(!call.reply.fits(call.room_bytes));
  return outcome;
}

Outcome fail(Call& call, std::string_view text) {
  ++call.server.statistics.error_replies;
  call.reply.error(text);
  return Outcome::done;
}

Outcome fail(Call& call, const StoreResult& result) {
  using Code = StoreResult::Code;
  KV_ASSERT(!result.ok());
  if (result.code == Code::wrong_type) return fail_wrong_type(call);
  if (result.code == Code::too_long) {
    return fail_with(call, "ERR list of {} elements would exceed list_length_max ({})",
                     result.value, call.store.list_length_max());
  }
  ++call.server.statistics.refused_for_memory;
  if (result.code == Code::no_entry) {
    if (result.available == 0) {
      return fail_with(call, "OOM map is full: all {} keys (key_count) are in use",
                       call.store.key_count_max());
    }
    return fail_with(call, "OOM map is full: {} keys needed, {} free (key_count)", result.value,
                     result.available);
  }
  if (result.code == Code::no_block) {
    return fail_with(call, "OOM blocks are full: {} needed, {} free (store_bytes)", result.value,
                     result.available);
  }
  if (result.code == Code::no_timer) {
    return fail_with(call, "OOM timers are full: all {} (expiring_keys_max) are in use",
                     call.server.allocation->config.expiring_keys_max);
  }
  return fail_with(call, "OOM list pool is full: {} nodes needed, {} free (key_count)",
                   result.value, result.available);
}

Outcome fail_wrong_type(Call& call) {
  return fail(call, "WRONGTYPE Operation against a key holding the wrong kind of value");
}

Outcome fail_syntax(Call& call) { return fail(call, "ERR syntax error"); }

Outcome fail_not_an_integer(Call& call) {
  return fail(call, "ERR value is not an integer or out of range");
}

Outcome fail_arity(Call& call, std::string_view command, std::string_view subcommand) {
  return fail_with(call, "ERR wrong number of arguments for '{}{}{}' command", command,
                   subcommand.empty() ? "" : "|", subcommand);
}

Outcome fail_subcommand(Call& call, std::string_view command) {
  return fail_with(call, "ERR unknown subcommand '{}'. Try {} HELP.", call.args[1].substr(0, 128),
                   command);
}

Outcome fail_reply_too_large(Call& call, uint64_t bytes) {
  return fail_with(call, "ERR reply of {} bytes exceeds the largest reply ({})", bytes,
                   call.server.allocation->terms.reply_bytes_max);
}

void count_lookup(Call& call, bool hit) {
  Statistics& statistics = call.server.statistics;
  ++(hit ? statistics.keyspace_hits : statistics.keyspace_misses);
}

}  // namespace kv
