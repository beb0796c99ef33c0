// MULTI EXEC DISCARD WATCH UNWATCH.

#include <algorithm>

#include "kvcore/memory/assert.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/lookup.hpp"
#include "server/connection_flags.hpp"

namespace kv {

void abandon_transaction(Call& call) {
  call.caller.transactions->close(call.caller.index);
  client_trait::clear(call.client, client_trait::in_transaction);
  call.store.watches().remove_all(KeyWatches::Kind::watch, call.caller.index);
}

namespace handle {

namespace {

bool in_transaction(const Call& call) {
  return client_trait::has(call.client, client_trait::in_transaction);
}

/// Whether a watched key was changed or has expired.
bool has_changed(const Call& call) {
  const KeyWatches& watches = call.store.watches();
  const auto is_live = [&](uint32_t entry) { return call.store.is_live(entry); };
  return watches.is_changed(call.caller.index) || !watches.all_live(call.caller.index, is_live);
}

uint64_t reply_bytes_max(const Call& call, Command command) {
  const Terms& terms = call.server.allocation->terms;
  if (command == Command::unknown) return small_reply_bytes_max;
  switch (command_info(command).reply) {
    case ReplyShape::small:
      return small_reply_bytes_max;
    case ReplyShape::value:
      return std::max(small_reply_bytes_max,
                      bulk_reply_bytes(call.server.allocation->config.val_size_max));
    case ReplyShape::list:
      return std::max(small_reply_bytes_max, terms.list_reply_bytes_max);
    default:
      return terms.reply_bytes_max;
  }
}

/// What the replies can come to, as far as a buffer can hold it.
uint64_t room_for_replies(const Call& call) {
  const Caller& caller = call.caller;
  const uint64_t count = caller.transactions->command_count(caller.index);
  const uint64_t limit = call.server.allocation->terms.reply_bytes_max;
  uint64_t bytes = array_reply_bytes(count);
  uint64_t offset = 0;
  for (uint64_t i = 0; i < count && bytes < limit; ++i) {
    offset = caller.transactions->load(caller.index, offset, *caller.scratch);
    bytes += reply_bytes_max(call, find_command(Arguments(caller.scratch->slices())[0]));
  }
  return std::min(bytes, limit);
}

/// Runs one queued command in `room`. A reply for which that is not enough is an error instead,
/// and its command is not executed: a transaction is never half done for want of a buffer.
Outcome run_queued(Call& call, uint64_t room) {
  constexpr std::string_view no_room = "ERR no room for this reply in that of EXEC";
  static_assert(no_room.size() + 3 <= exec_reply_bytes_min);
  ReplyWriter reply(call.reply.rest().first(room), call.reply.protocol());
  Outcome outcome = Outcome::needs_room;
  if (room >= small_reply_bytes_max) {
    const Arguments arguments(call.caller.scratch->slices());
    Call inner{arguments, reply, call.store, call.client, call.server, find_command(arguments[0])};
    inner.caller = call.caller;
    inner.caller.executing = true;
    outcome = execute(inner);
    KV_ASSERT(outcome != Outcome::blocks);
  }
  if (outcome == Outcome::needs_room) {
    ++call.server.statistics.error_replies;
    reply.error(no_room);
  }
  call.reply.accept(reply);
  return outcome;
}

}  // namespace

Outcome multi(Call& call) {
  if (in_transaction(call)) return fail(call, "ERR MULTI calls can not be nested");
  call.caller.transactions->open(call.caller.index);
  client_trait::set(call.client, client_trait::in_transaction);
  call.reply.ok();
  return Outcome::done;
}

Outcome discard(Call& call) {
  if (!in_transaction(call)) return fail(call, "ERR DISCARD without MULTI");
  abandon_transaction(call);
  call.reply.ok();
  return Outcome::done;
}

Outcome watch(Call& call) {
  if (in_transaction(call)) return fail(call, "ERR WATCH inside MULTI is not allowed");
  KeyWatches& watches = call.store.watches();
  const uint64_t keys = call.args.size() - 1;
  if (keys > watches.free_count()) {
    return fail_with(call, "ERR too many watched keys: key_watches_max ({})",
                     call.server.allocation->config.key_watches_max);
  }
  for (uint64_t i = 1; i <= keys; ++i) {
    const Store::Found found = call.store.find(call.args[i]);
    watches.add(KeyWatches::Kind::watch, call.caller.index, found.hash_high(), found.index);
  }
  call.reply.ok();
  return Outcome::done;
}

Outcome unwatch(Call& call) {
  call.store.watches().remove_all(KeyWatches::Kind::watch, call.caller.index);
  call.reply.ok();
  return Outcome::done;
}

Outcome exec(Call& call) {
  if (!in_transaction(call)) return fail(call, "ERR EXEC without MULTI");
  const Caller& caller = call.caller;
  if (caller.transactions->is_aborted(caller.index)) {
    abandon_transaction(call);
    return fail(call, "EXECABORT Transaction discarded because of previous errors.");
  }
  if (has_changed(call)) {
    abandon_transaction(call);
    call.reply.null_array();
    return Outcome::done;
  }
  const uint64_t wanted = room_for_replies(call);
  if (!call.reply.fits(wanted)) return call.needs(wanted);

  call.store.watches().remove_all(KeyWatches::Kind::watch, call.caller.index);
  const uint64_t count = caller.transactions->command_count(caller.index);
  call.reply.array(count);
  uint64_t offset = 0;
  Outcome result = Outcome::done;
  for (uint64_t i = 0; i < count; ++i) {
    offset = caller.transactions->load(caller.index, offset, *caller.scratch);
    const uint64_t kept_bytes = (count - 1 - i) * exec_reply_bytes_min;
    const uint64_t room = call.reply.rest().size() - kept_bytes;
    if (run_queued(call, room) == Outcome::close) result = Outcome::close;
  }
  call.client.protocol = call.reply.protocol();
  abandon_transaction(call);
  return result;
}

}  // namespace handle
}  // namespace kv
