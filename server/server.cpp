#include "server/server.hpp"

#include <algorithm>

#include "kvcore/memory/assert.hpp"
#include "server/connection_flags.hpp"

namespace kv {

namespace {

namespace flag = connection_flag;

/// How often stalled clients are looked for, and a failed accept is tried again.
constexpr uint64_t tick_ms = 100;

/// How long replies under way may take once the server stops.
constexpr uint64_t stop_grace_ms = 1000;

/// What a turn may spend on freeing what is dead: at most 64 keys or 128 elements of lists, well
/// under 100 microseconds.
constexpr uint64_t tidy_steps = 512;

constexpr std::string_view too_many_clients = "-ERR max number of clients reached\r\n";

}  // namespace

Server::Server(const Parts& with)
    : allocation_(with.allocation),
      io_(with.io),
      connections_(with.connections),
      scratch_(with.scratch),
      store_(with.store),
      view_(with.view),
      parser_(with.allocation) {
  connections_.count_in(view_.use);
}

void Server::start() {
  now_ms_ = io_.monotonic_ms();
  view_.started_ms = view_.now_ms = io_.unix_ms();
  accepting_ = true;
  io_.accept();
}

void Server::turn() {
  const uint64_t count = io_.wait(completions_, timeout_ms());
  now_ms_ = io_.monotonic_ms();
  view_.now_ms = io_.unix_ms();
  for (uint64_t i = 0; i < count; ++i) complete(completions_[i]);
  serve_waiting();
  store_.set_clock(view_.now_ms);
  untidy_ = store_.tidy(tidy_steps);
  if (now_ms_ - swept_ms_ >= tick_ms) close_stalled();
  view_.clients_waiting = connections_.waiting_count();
}

void Server::stop() {
  stopping_ = true;
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
  return stopping_ && (done || now_ms_ >= stop_deadline_ms_);
}

/// Without clients nothing can stall; then only a key that expires wakes the process.
uint64_t Server::timeout_ms() const {
  if (untidy_) return 0;
  const bool nobody = connections_.count() == 0 && accepting_ && !stopping_;
  return std::min(nobody ? UINT64_MAX : tick_ms, store_.idle_ms());
}

void Server::complete(const Completion& completion) {
  if (completion.operation == Operation::accept) {
    on_accept(completion.result);
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

void Server::on_accept(int32_t result) {
  accepting_ = false;
  if (result >= 0) admit(result);
  if (stopping_) return;
  // After a failure (no descriptors, no kernel memory) the next tick tries again: at once
  // would be a busy loop.
  if (result < 0) return;
  accepting_ = true;
  io_.accept();
}

void Server::admit(int socket) {
  ++view_.statistics.connections_received;
  const uint32_t index = stopping_ ? index_none : connections_.open();
  if (index == index_none) {
    ++view_.statistics.connections_rejected;
    io_.refuse(socket, too_many_clients);
    return;
  }
  ConnectionRecord& record = connections_[index];
  record.socket = socket;
  record.client_id = next_client_id_++;
  record.connected_ms = record.active_ms = record.progress_ms = now_ms_;
  view_.clients = connections_.count();
  receive_more(index);
}

/// Those who waited the longest go first; each takes what it waited for or, where somebody
/// was faster, the first place in the queue again.
void Server::serve_waiting() {
  serve_waiting(Resource::request_buffer);
  serve_waiting(Resource::large_request);
  serve_waiting(Resource::reply_buffer);
  serve_waiting(Resource::large_reply);
}

void Server::serve_waiting(Resource resource) {
  WaitQueue& queue = connections_.queue(resource);
  if (queue.empty()) return;
  for (uint64_t left = connections_.free_count(resource); left > 0 && !queue.empty(); --left) {
    const uint32_t index = queue.front();
    connections_.stop_waiting(index);
    ConnectionRecord& record = connections_[index];
    record.progress_ms = now_ms_;
    // The kernel hands out receive buffers, later; everything else is taken right here.
    if (resource == Resource::request_buffer) flag::set(record, flag::woken);
    served_ = resource;
    advance(index);
    served_ = Resource::none;
  }
}

void Server::close_stalled() {
  swept_ms_ = now_ms_;
  for (uint32_t index = 0; index < connections_.opened(); ++index) {
    const ConnectionRecord& record = connections_[index];
    if (record.socket < 0 || !is_stalled(record)) continue;
    ++view_.statistics.stalled_closed;
    begin_close(index);
  }
  if (!accepting_ && !stopping_) {
    accepting_ = true;
    io_.accept();
  }
}

/// Whether the client keeps something that others may need, and has not moved for too long.
/// One that waits for a buffer is not to blame.
bool Server::is_stalled(const ConnectionRecord& record) {
  if (flag::has(record, flag::closing)) return false;
  if (record.waiting_for != static_cast<uint8_t>(Resource::none)) return false;
  if (now_ms_ - record.progress_ms < allocation_.config.server_stall_timeout_ms) return false;
  const bool does_not_read = record.reply_filled > record.reply_sent;
  const bool holds_slot = record.large_request != index_none;
  const bool holds_wanted_buffer =
      record.request_buffer != index_none && !connections_.queue(Resource::request_buffer).empty();
  return does_not_read || holds_slot || holds_wanted_buffer;
}

/// A socket with an operation in flight must not be closed: the operation would never
/// complete. shutdown() makes it complete first.
void Server::begin_close(uint32_t index) {
  ConnectionRecord& record = connections_[index];
  if (flag::has(record, flag::closing)) return;
  flag::set(record, flag::closing);
  connections_.stop_waiting(index);
  if (flag::has(record, flag::receiving | flag::sending)) {
    io_.shut_down(record.socket);
  } else {
    finish_close(index);
  }
}

void Server::finish_close(uint32_t index) {
  ConnectionRecord& record = connections_[index];
  KV_ASSERT(!flag::has(record, flag::receiving | flag::sending));
  release_request(record);
  release_reply(record);
  io_.close(record.socket);
  connections_.close(index);
  view_.clients = connections_.count();
}

}  // namespace kv
