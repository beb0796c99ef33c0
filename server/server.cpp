#include "server/server.hpp"

#include <algorithm>
#include <cstring>

#include "kvcore/memory/assert.hpp"
#include "server/connection_flags.hpp"

namespace kv {

namespace {

namespace flag = connection_flag;

/// How often stalled clients are looked for, rates sampled, and a failed accept tried again.
constexpr uint64_t tick_ms = 100;

/// How long replies under way may take once the server stops.
constexpr uint64_t stop_grace_ms = 1000;

/// What a turn may spend on freeing what is dead: at most 64 keys or 128 elements of lists, well
/// under 100 microseconds.
constexpr uint64_t tidy_steps = 512;

constexpr std::string_view too_many_clients = "-ERR max number of clients reached\r\n";

/// Redis's text, whole, since tools look for it.
constexpr std::string_view denied =
    "-DENIED Redis is running in protected mode because protected mode is enabled and no password "
    "is set for the default user. In this mode connections are only accepted from the loopback "
    "interface. If you want to connect from external computers to Redis you may adopt one of the "
    "following solutions: 1) Just disable protected mode sending the command 'CONFIG SET "
    "protected-mode no' from the loopback interface by connecting to Redis from the same host the "
    "server is running, however MAKE SURE Redis is not publicly accessible from internet if you do "
    "so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable "
    "the protected mode by editing the Redis configuration file, and setting the protected mode "
    "option to 'no', and then restarting the server. 3) If you started the server manually just "
    "for testing, restart it with the '--protected-mode no' option. 4) Setup a an authentication "
    "password for the default user. NOTE: You only need to do one of the above things in order "
    "for the server to start accepting connections from the outside.\r\n";

}  // namespace

Server::Server(const Parts& with)
    : allocation_(with.allocation),
      io_(with.io),
      connections_(with.connections),
      scratch_(with.scratch),
      store_(with.store),
      view_(with.view),
      blocking_(with.blocking),
      transactions_(with.transactions),
      snapshots_(with.snapshots),
      parser_(with.allocation),
      listeners_(with.listeners) {
  connections_.count_in(view_.use);
  view_.live = allocation_.config;
  view_.blocking = &blocking_;
  view_.transactions = &transactions_;
  view_.snapshots = snapshots_;
}

void Server::start() {
  read_clocks();
  view_.started_ms = view_.now_ms;
  accept_on_all();
}

void Server::read_clocks() {
  mark_us_ = io_.monotonic_us();
  now_ms_ = view_.clock_ms = mark_us_ / 1000;
  // The other clock is looked at once a tick: it moves with this one but where it is set.
  if (unix_read_ms_ == 0 || now_ms_ - unix_read_ms_ >= tick_ms) {
    unix_offset_us_ = io_.unix_us() - mark_us_;
    unix_read_ms_ = now_ms_;
  }
  view_.unix_us = mark_us_ + unix_offset_us_;
  view_.now_ms = view_.unix_us / 1000;
}

void Server::turn() {
  const uint64_t count = io_.wait(completions_, timeout_ms());
  read_clocks();
  for (uint64_t i = 0; i < count; ++i) complete(completions_[i]);
  if (snapshots_ != nullptr) serve_saved();
  execute_received();
  serve_waiting();
  store_.set_clock(view_.now_ms);
  untidy_ = store_.tidy(tidy_steps);
  end_blocking();
  resume_blocked();
  if (view_.kills) close_killed();
  if (snapshots_ != nullptr) snapshots_->turn(now_ms_, view_.now_ms);
  if (now_ms_ - swept_ms_ >= tick_ms) sweep();
  view_.clients_waiting = connections_.waiting_count();
  note_sessions();
  if (view_.stop_requested && !stopping_) stop();
  if (stopped()) drop_all_unsent();
  if (timed_ != Command::unknown) end_time();
}

/// Those who wait for the snapshot go on before others take the room that there is now, and where
/// it has ended, before the next one begins.
void Server::serve_saved() {
  if (!snapshots_->take_progress()) return;
  serve_waiting(Resource::snapshot_room);
  if (!store_.marks().active()) serve_waiting(Resource::snapshot_end);
}

void Server::stop() {
  using StopSave = ServerView::StopSave;
  stopping_ = true;
  if (snapshots_ != nullptr) {
    const bool asked = view_.stop_save == StopSave::yes;
    const bool by_config =
        view_.stop_save == StopSave::by_config && allocation_.config.snapshot_on_stop != 0;
    if (asked || by_config) snapshots_->request_final(asked);
  }
  stop_deadline_ms_ = now_ms_ + stop_grace_ms;
  // The ring keeps the listener open for as long as an accept is in flight, even after the
  // process has ended, and the next server could not have the port.
  io_.stop_accepting();
  for (uint32_t index = 0; index < connections_.opened(); ++index) {
    ConnectionRecord& record = connections_[index];
    if (record.socket < 0 || flag::has(record, flag::closing)) continue;
    if (record.reply_filled > record.reply_sent) {
      flag::set(record, flag::ending);
    } else {
      begin_close(index);
    }
  }
}

bool Server::stopped() const {
  const bool done = connections_.count() == 0 && !accepting_;
  const bool saves =
      snapshots_ != nullptr && view_.stop_save != ServerView::StopSave::no && snapshots_->busy();
  return stopping_ && !saves && (done || now_ms_ >= stop_deadline_ms_);
}

/// Without clients nothing can stall; then only a key that expires wakes the process.
uint64_t Server::timeout_ms() const {
  if (untidy_) return 0;
  const bool all_accept = accepting_ == (1U << listeners_) - 1;
  const bool nobody = connections_.count() == 0 && all_accept && !stopping_;
  const uint64_t deadline_ms = std::max(blocking_.next_deadline_ms(), now_ms_);
  const uint64_t limit_ms =
      std::min({nobody ? UINT64_MAX : tick_ms, store_.idle_ms(), deadline_ms - now_ms_});
  const uint64_t snapshot_ms = snapshots_ == nullptr ? UINT64_MAX : snapshots_->idle_ms(now_ms_);
  const uint64_t wait_ms = std::min(limit_ms, snapshot_ms);
  return pauses() ? std::min(wait_ms, view_.pause_until_ms - now_ms_) : wait_ms;
}

void Server::complete(const Completion& completion) {
  if (completion.operation == Operation::accept) {
    on_accept(completion.connection, completion.result);
    return;
  }
  if (completion.operation == Operation::file) {
    snapshots_->complete(completion.result, now_ms_);
    return;
  }
  const ConnectionRecord& record = connections_[completion.connection];
  // A record is reused only after everything in flight for it has completed.
  KV_ASSERT(record.generation == completion.generation);
  KV_ASSERT(record.socket >= 0);
  if (completion.operation == Operation::receive) {
    on_receive(completion.connection, completion.result, completion.buffer);
  } else {
    on_send(completion.connection, completion.result);
  }
}

/// The kernel frees a socket some time after it was closed, so for a tick or two it counts as one
/// that is open. Else clients that come and go, or are refused, as fast as they can would take
/// kernel memory that nobody planned.
bool Server::may_accept() const {
  const uint64_t sockets = connections_.count() + closed_now_ + closed_before_;
  return sockets < connections_.capacity() + allocation_.terms.closed_sockets;
}

void Server::accept_on_all() {
  for (uint32_t listener = 0; listener < listeners_; ++listener) {
    if ((accepting_ & 1U << listener) != 0 || !may_accept()) continue;
    accepting_ |= 1U << listener;
    io_.accept(listener);
  }
}

void Server::on_accept(uint32_t listener, int32_t result) {
  accepting_ &= ~(1U << listener);
  if (result >= 0) admit(result, listener);
  if (stopping_) return;
  // After a failure (no descriptors, no kernel memory) the next tick tries again: at once
  // would be a busy loop.
  if (result < 0 || !may_accept()) return;
  accepting_ |= 1U << listener;
  io_.accept(listener);
}

void Server::admit(int socket, uint32_t listener) {
  ++view_.statistics.connections_received;
  const uint32_t index = stopping_ ? index_none : connections_.open();
  if (index == index_none) {
    ++view_.statistics.connections_rejected;
    ++closed_now_;
    io_.refuse(socket, too_many_clients);
    return;
  }
  ConnectionRecord& record = connections_[index];
  record.socket = socket;
  record.listener = static_cast<uint8_t>(listener);
  io_.name(socket, record.peer, record.local);
  if (is_denied(record.peer)) {
    ++view_.statistics.connections_denied;
    connections_.close(index);
    ++closed_now_;
    io_.refuse(socket, denied);
    return;
  }
  if (view_.live.server_password.bytes > 0) {
    client_trait::set(record, client_trait::unauthenticated);
  }
  record.client_id = next_client_id_++;
  record.connected_ms = record.active_ms = record.progress_ms = now_ms_;
  view_.clients = connections_.count();
  view_.records = connections_.opened_records();
  receive_more(index);
}

/// Protected mode. As in Redis, this machine is 127.0.0.0/8, ::1 and the Unix socket.
bool Server::is_denied(const SocketName& peer) const {
  const bool open = view_.live.server_protected_mode != 0 && view_.live.server_password.bytes == 0;
  if (!open || peer.family == SocketName::Family::unix_socket) return false;
  if (peer.family == SocketName::Family::v4) return peer.address[12] != 127;
  constexpr uint8_t loopback[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return std::memcmp(peer.address, loopback, sizeof loopback) != 0;
}

/// Those who waited the longest go first; each takes what it waited for or, where somebody
/// was faster, the first place in the queue again.
void Server::serve_waiting() {
  serve_waiting(Resource::request_buffer);
  serve_waiting(Resource::large_request);
  serve_waiting(Resource::reply_buffer);
  serve_waiting(Resource::large_reply);
  serve_waiting(Resource::unpause);
}

void Server::serve_waiting(Resource resource) {
  WaitQueue& queue = connections_.queue(resource);
  if (queue.empty()) return;
  const uint64_t most = std::min(connections_.free_count(resource), queue.count());
  for (uint64_t left = most; left > 0 && !queue.empty(); --left) {
    // One that was held may be the next to pause.
    if (resource == Resource::unpause && pauses()) break;
    const uint32_t index = queue.front();
    connections_.stop_waiting(index);
    ConnectionRecord& record = connections_[index];
    record.progress_ms = now_ms_;
    // The kernel hands out receive buffers, later; everything else is taken right here.
    if (resource == Resource::request_buffer) flag::set(record, flag::woken);
    served_ = resource;
    advance(index);
    served_ = Resource::none;
    // It waits on, and so do those behind it.
    if (resource >= Resource::snapshot_room && queue.front() == index) break;
  }
}

/// What is done every tick.
void Server::sweep() {
  Statistics& statistics = view_.statistics;
  const uint64_t elapsed_ms = now_ms_ - swept_ms_;
  view_.commands_rate.sample(statistics.commands_processed, elapsed_ms);
  view_.received_rate.sample(statistics.bytes_received, elapsed_ms);
  view_.sent_rate.sample(statistics.bytes_sent, elapsed_ms);
  swept_ms_ = now_ms_;
  closed_before_ = closed_now_;
  closed_now_ = 0;
  close_left();
  for (uint32_t index = 0; index < connections_.opened(); ++index) {
    const ConnectionRecord& record = connections_[index];
    if (record.socket < 0) continue;
    if (flag::has(record, flag::lingering)) look_at_lingering(index);
    if (flag::has(record, flag::closing)) continue;
    if (is_stalled(record)) {
      ++statistics.stalled_closed;
      begin_close(index, Unsent::dropped);
    } else if (is_idle(record)) {
      ++statistics.idle_closed;
      begin_close(index);
    }
  }
  if (!stopping_) accept_on_all();
}

/// Whether the client keeps something that others may need, and has not moved for too long, or
/// is not done with a request in time. One that waits for a buffer is not to blame.
bool Server::is_stalled(const ConnectionRecord& record) {
  if (record.waiting_for != static_cast<uint8_t>(Resource::none)) return false;
  const uint32_t index = connections_.index_of(record);
  const uint64_t request_limit_ms = view_.live.server_request_timeout_ms;
  const bool never_ends = record.request_since_ms > 0 && request_limit_ms > 0 &&
                          now_ms_ - record.request_since_ms >= request_limit_ms;
  if (never_ends && !blocking_.is_blocked(index)) return true;
  if (now_ms_ - record.progress_ms < view_.live.server_stall_timeout_ms) return false;
  const bool does_not_read = record.reply_filled > record.reply_sent;
  if (blocking_.is_blocked(index)) return does_not_read;
  const bool holds_slot = record.large_request != index_none;
  const bool holds_wanted_buffer =
      record.request_buffer != index_none && !connections_.queue(Resource::request_buffer).empty();
  const bool holds_wanted_transaction = transactions_.all_used() && transactions_.holds_slot(index);
  return does_not_read || holds_slot || holds_wanted_buffer || holds_wanted_transaction;
}

/// Whether the client has sent nothing for longer than it may.
bool Server::is_idle(const ConnectionRecord& record) const {
  const uint64_t limit_ms = view_.live.server_idle_timeout_ms;
  if (limit_ms == 0 || record.waiting_for != static_cast<uint8_t>(Resource::none)) return false;
  if (blocking_.is_blocked(connections_.index_of(record))) return false;
  return now_ms_ - record.active_ms >= limit_ms;
}

}  // namespace kv
