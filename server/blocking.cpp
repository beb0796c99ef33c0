// Blocking commands in the server: who blocks, who is served, who has waited long enough.

#include "server/blocking.hpp"

#include "server/commands/handlers.hpp"
#include "server/connection_flags.hpp"
#include "server/planted.hpp"
#include "server/server.hpp"

namespace kv {

namespace {

/// How many blocked clients are asked in a sweep whether they are still there. One that has
/// left is never served, because it is asked once more just before.
constexpr uint64_t asked_per_sweep = 256;

}  // namespace

/// Blocks the client until a key of the call has elements, or replies why it cannot. Returns
/// whether it is blocked.
bool Server::block(uint32_t index, Call& call) {
  ConnectionRecord& record = connections_[index];
  KeyWatches& watches = store_.watches();
  const uint64_t clients_max = allocation_.terms.blocked_clients_max;
  const Config& config = allocation_.config;
  const uint64_t pending = record.request_end - record.request_begin;
  if (blocking_.count() >= clients_max) {
    fail_with(call,
              "ERR too many blocked clients ({}): the rest of request_buffers is for those who are "
              "not",
              clients_max);
    return false;
  }
  if (call.block.keys > watches.free_count()) {
    fail_with(call, "ERR too many watched keys: key_watches_max ({})", config.key_watches_max);
    return false;
  }
  // A large request slot is not for waiting in: others need it.
  if (record.large_request != index_none && pending >= connections_.request_unit_bytes()) {
    fail_with(call,
              "ERR a blocking command and what follows it must be smaller than a receive buffer "
              "({})",
              connections_.request_unit_bytes());
    return false;
  }
  for (uint64_t i = 0; i < call.block.keys; ++i) {
    const Store::Found found = store_.find(call.args[call.block.first_key + i]);
    watches.add(KeyWatches::Kind::wait, index, found.hash_high(), found.index);
  }
  const uint64_t timeout_ms = call.block.timeout_ms;
  blocking_.block(index, timeout_ms == 0 ? Blocking::never : now_ms_ + timeout_ms);
  if (record.large_request != index_none) make_request_room(index);
  return true;
}

/// The blocking command has its reply.
void Server::unblock(uint32_t index) {
  blocking_.forget(index);
  store_.watches().remove_all(KeyWatches::Kind::wait, index);
}

/// Runs the commands of those who wait for keys that were changed, key by key in the order of
/// the changes, client by client in the order of their arrival. What else they have sent waits
/// for the end of the turn, so nothing here calls itself.
void Server::serve_ready() {
  KeyWatches& watches = store_.watches();
  const Resource served = served_;
  served_ = Resource::none;
  while (watches.has_ready()) {
    const uint32_t key = watches.take_ready();
    ready_hash_ = watches.hash_high(key);
    uint32_t watch = watches.first_wait(key);
    while (watch != index_none) {
      const uint32_t index = watches.client(watch);
      watch = watches.next_wait(watch);
      if (!serve_blocked(index)) break;
    }
    watches.done(key);
  }
  ready_hash_ = 0;
  served_ = served;
}

/// Returns false when the key has no elements for those behind.
bool Server::serve_blocked(uint32_t index) {
  ConnectionRecord& record = connections_[index];
  // Whoever waits for a reply buffer runs its command when it has one.
  if (record.waiting_for != static_cast<uint8_t>(Resource::none)) return true;
  if (client_trait::has(record, client_trait::killed)) return true;
  if (io_.has_left(record.socket)) {
    begin_close(index);
    return true;
  }
  Progress progress = Progress::executed;
  while (progress == Progress::executed && blocking_.is_blocked(index)) {
    progress = execute_one(index);
  }
  lookahead_.drop(index);
  if (progress == Progress::blocked) {
    flush(index);
    return false;
  }
  if (progress == Progress::executed) {
    record.progress_ms = now_ms_;  // Its reply is under way from now, however long it has waited.
    blocking_.resume(index);
  }
  return true;
}

/// What blocked clients had sent behind their commands.
void Server::resume_blocked() {
  for (;;) {
    const uint32_t index = blocking_.take_resumed();
    if (index == index_none) return;
    advance(index);
  }
}

/// Answers those whose time is over.
void Server::end_blocking() {
  const uint64_t now_ms = now_ms_ + (planted(Fault::early_timeout) ? 50 : 0);
  while (blocking_.next_deadline_ms() <= now_ms) {
    const uint32_t index = blocking_.time_out(now_ms);
    if (index == index_none) continue;
    ConnectionRecord& record = connections_[index];
    if (record.waiting_for != static_cast<uint8_t>(Resource::none)) continue;
    record.progress_ms = now_ms_;
    advance(index);
  }
}

/// Closes blocked clients that have left: nothing is received from them that would tell.
void Server::close_left() {
  const uint64_t count = blocking_.count();
  for (uint64_t i = 0; i < count && i < asked_per_sweep; ++i) {
    const uint32_t index = blocking_.look_at_next();
    if (index == index_none) return;
    if (io_.has_left(connections_[index].socket)) begin_close(index);
  }
}

/// Whatever the client watched, waited for or queued.
void Server::leave(uint32_t index) {
  unblock(index);
  store_.watches().remove_all(KeyWatches::Kind::watch, index);
  transactions_.close(index);
}

void Server::note_sessions() {
  const auto note = [&](Part part, uint64_t used) {
    PoolUse& use = view_.use[static_cast<uint64_t>(part)];
    use.used = used;
    if (used > use.used_max) use.used_max = used;
  };
  note(Part::blocked_clients, blocking_.count());
  note(Part::transaction_slots, transactions_.slots_used());
  note(Part::key_watches, store_.watches().used());
  note(Part::watched_keys, store_.watches().keys_used());
  view_.clients_blocked = blocking_.count();
}

}  // namespace kv
