// How a client ends: what is in flight for it, what it has not taken, and its socket.
//
// The kernel keeps what a client has not taken after the socket was closed, for as long as it
// tries to deliver it, and no plan counts that. So the record of a client that is owed something
// is kept until that is taken, and the client still counts as one of connections_max; who does
// not take it in time is reset.

#include "kvcore/memory/assert.hpp"
#include "server/connection_flags.hpp"
#include "server/server.hpp"

namespace kv {

namespace {

namespace flag = connection_flag;

/// What is unsent on a Unix socket lies in the client's queue, out of reach.
bool is_out_of_reach(const ConnectionRecord& record) {
  return record.peer.family == SocketName::Family::unix_socket;
}

}  // namespace

/// Closes those that CLIENT KILL named. One that killed itself still gets its replies.
void Server::close_killed() {
  view_.kills = false;
  for (uint32_t index = 0; index < connections_.opened(); ++index) {
    ConnectionRecord& record = connections_[index];
    if (record.socket < 0 || !client_trait::has(record, client_trait::killed)) continue;
    if (!flag::has(record, flag::ending)) begin_close(index, Unsent::dropped);
  }
}

/// A socket with an operation in flight must not be closed: the operation would never
/// complete. shutdown() makes it complete first.
void Server::begin_close(uint32_t index, Unsent unsent) {
  ConnectionRecord& record = connections_[index];
  if (flag::has(record, flag::closing)) return;
  flag::set(record, flag::closing);
  if (unsent == Unsent::dropped) flag::set(record, flag::dropping);
  flag::clear(record, flag::received);
  connections_.stop_waiting(index);
  leave(index);
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
  const uint64_t unsent = io_.unsent_bytes(record.socket);
  if (unsent == 0) {
    close_socket(index);
  } else if (flag::has(record, flag::dropping) && !is_out_of_reach(record)) {
    io_.drop_unsent(record.socket);
    close_socket(index);
  } else {
    linger(index, unsent);
  }
}

/// Keeps the record, and nothing else, for what its client has still to take.
void Server::linger(uint32_t index, uint64_t unsent_bytes) {
  ConnectionRecord& record = connections_[index];
  flag::set(record, flag::lingering);
  record.reply_filled = static_cast<uint32_t>(unsent_bytes);
  record.progress_ms = now_ms_;
  record.request_since_ms = 0;
  io_.end_sending(record.socket);
}

/// Each tick: nobody tells when a client has taken the last byte.
void Server::look_at_lingering(uint32_t index) {
  ConnectionRecord& record = connections_[index];
  const uint64_t unsent = io_.unsent_bytes(record.socket);
  if (unsent < record.reply_filled) record.progress_ms = now_ms_;
  record.reply_filled = static_cast<uint32_t>(unsent);
  if (unsent > 0) {
    if (is_out_of_reach(record) || !is_stalled(record)) return;
    ++view_.statistics.stalled_closed;
    io_.drop_unsent(record.socket);
  }
  close_socket(index);
}

void Server::close_socket(uint32_t index) {
  ConnectionRecord& record = connections_[index];
  record.reply_filled = 0;
  io_.close(record.socket);
  ++closed_now_;
  connections_.close(index);
  view_.clients = connections_.count();
}

/// The process is about to end, and its sockets with it. Nobody is there then to wait for clients.
void Server::drop_all_unsent() {
  for (uint32_t index = 0; index < connections_.opened(); ++index) {
    const int socket = connections_[index].socket;
    if (socket >= 0 && io_.unsent_bytes(socket) > 0) io_.drop_unsent(socket);
  }
}

}  // namespace kv
