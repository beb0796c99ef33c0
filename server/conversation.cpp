// One client: receive, parse, execute, send, and what happens when a buffer is missing.

#include <cerrno>
#include <cstring>

#include "kvcore/memory/assert.hpp"
#include "server/connection_flags.hpp"
#include "server/planted.hpp"
#include "server/server.hpp"

namespace kv {

namespace {

namespace flag = connection_flag;

bool waits(const ConnectionRecord& record) {
  return record.waiting_for != static_cast<uint8_t>(Resource::none);
}

}  // namespace

void Server::on_receive(uint32_t index, int32_t result, uint32_t buffer) {
  ConnectionRecord& record = connections_[index];
  flag::clear(record, flag::receiving);
  if (buffer != index_none) {
    connections_.hold_request_buffer(record, buffer);
    record.request_begin = record.request_end = 0;
  }
  if (flag::has(record, flag::closing)) {
    if (!flag::has(record, flag::sending)) finish_close(index);
    return;
  }
  if (result == -ENOBUFS) {
    if (planted(Fault::forgotten_client)) return;
    wait_for(Resource::request_buffer, index);
    return;
  }
  if (result == -EINTR || result == -EAGAIN) {
    receive_more(index);
    return;
  }
  if (result <= 0) {  // The client has closed its side: it may still read its replies.
    flag::set(record, flag::ending);
    const bool drops = result < 0 || planted(Fault::dropped_reply);
    if (drops || !flag::has(record, flag::sending)) begin_close(index);
    return;
  }
  flag::clear(record, flag::woken);
  record.request_end += static_cast<uint32_t>(result);
  record.progress_ms = record.active_ms = now_ms_;
  view_.statistics.bytes_received += static_cast<uint64_t>(result);
  flag::set(record, flag::received);
  received_[received_count_++] = index;
}

void Server::on_send(uint32_t index, int32_t result) {
  ConnectionRecord& record = connections_[index];
  flag::clear(record, flag::sending);
  if (flag::has(record, flag::closing)) {
    if (!flag::has(record, flag::receiving)) finish_close(index);
    return;
  }
  if (result <= 0 && result != -EINTR && result != -EAGAIN) {
    begin_close(index, Unsent::dropped);
    return;
  }
  if (result > 0) {
    const bool is_whole = record.reply_sent + static_cast<uint32_t>(result) == record.reply_filled;
    if (is_whole || !planted(Fault::reply_sent_twice)) {
      record.reply_sent += static_cast<uint32_t>(result);
    }
    record.progress_ms = now_ms_;
    view_.statistics.bytes_sent += static_cast<uint64_t>(result);
  }
  KV_ASSERT(record.reply_sent <= record.reply_filled);
  if (record.reply_sent < record.reply_filled) {
    flush(index);
    return;
  }
  release_reply(record);
  if (flag::has(record, flag::ending)) {
    begin_close(index);
  } else if (!flag::has(record, flag::receiving | flag::received) && !waits(record)) {
    advance(index);
  }
}

/// Executes what was received until input, reply room or the client's will ends it, then
/// sends what there is to send and asks for what is missing.
void Server::advance(uint32_t index) {
  ConnectionRecord& record = connections_[index];
  flag::clear(record, flag::received);
  // A frame that is known to lack bytes is received on first: nobody who waits for a large slot
  // may queue for a reply buffer before it.
  const bool lacks_bytes = record.frame_needs > record.request_end - record.request_begin;
  Progress progress = Progress::needs_input;
  while (!lacks_bytes && !stopping_ && Connections::has_input(record) &&
         !client_trait::has(record, client_trait::killed)) {
    progress = execute_one(index);
    if (store_.watches().has_ready()) serve_ready();
    if (progress != Progress::executed) break;
  }
  if (!planted(Fault::stale_lookahead)) lookahead_.drop(index);
  if (progress == Progress::ended || stopping_) flag::set(record, flag::ending);
  const bool unfinished = progress == Progress::needs_input && Connections::has_input(record);
  if (!unfinished) {
    record.request_since_ms = 0;
  } else if (record.request_since_ms == 0) {
    record.request_since_ms = now_ms_;
  }
  flush(index);
  // flush() may have closed a connection that is ending.
  if (flag::has(record, flag::ending | flag::closing) || record.socket < 0) return;
  // One that was killed is closed at the end of the turn; its buffer may be full until then.
  if (client_trait::has(record, client_trait::killed)) return;
  if (progress == Progress::needs_input || progress == Progress::executed) receive_more(index);
}

/// Makes sure that `bytes` can be written to the reply. Otherwise the connection is resumed
/// by the completion of its own send, or waits for a buffer.
bool Server::reply_room_for(uint32_t index, uint64_t bytes) {
  ConnectionRecord& record = connections_[index];
  const std::span<char> room = connections_.reply_room(record);
  if (bytes <= room.size() - record.reply_filled && !room.empty()) return true;
  if (record.reply_filled > 0) return false;
  if (!room.empty()) release_reply(record);  // An empty buffer that is too small.

  const bool large = bytes > connections_.reply_unit_bytes();
  KV_ASSERT(bytes <= allocation_.terms.reply_bytes_max);
  const Resource resource = large ? Resource::large_reply : Resource::reply_buffer;
  if (!others_first(resource) && connections_.acquire(resource, record)) return true;
  wait_for(resource, index);
  return false;
}

/// Sends what is encoded, if nothing is on its way. A connection that is ending closes when
/// nothing is left.
void Server::flush(uint32_t index) {
  ConnectionRecord& record = connections_[index];
  if (flag::has(record, flag::sending)) return;
  if (record.reply_filled > record.reply_sent) {
    flag::set(record, flag::sending);
    io_.send(target(index), connections_.reply_room(record).subspan(
                                record.reply_sent, record.reply_filled - record.reply_sent));
    return;
  }
  release_reply(record);
  if (flag::has(record, flag::ending)) begin_close(index);
}

void Server::release_reply(ConnectionRecord& record) {
  if (record.reply_buffer != index_none) connections_.release(Resource::reply_buffer, record);
  if (record.large_reply != index_none) connections_.release(Resource::large_reply, record);
  record.reply_sent = record.reply_filled = 0;
}

/// Receives into a shared buffer when nothing is left over, else behind what is there.
void Server::receive_more(uint32_t index) {
  ConnectionRecord& record = connections_[index];
  if (flag::has(record, flag::receiving) || waits(record)) return;
  if (!Connections::has_input(record)) {
    release_request(record);
    flag::set(record, flag::receiving);
    io_.receive_any(target(index));
    return;
  }
  if (!make_request_room(index)) return;
  flag::set(record, flag::receiving);
  io_.receive_into(target(index), connections_.request_room(record).subspan(record.request_end));
}

/// Moves the unfinished frame to the front of a buffer that can hold what it needs. False
/// when that is a large slot and none is free: the connection waits, and is not received from.
bool Server::make_request_room(uint32_t index) {
  ConnectionRecord& record = connections_[index];
  const uint32_t bytes = record.request_end - record.request_begin;
  const char* from = connections_.request_room(record).data() + record.request_begin;
  const bool is_large = record.large_request != index_none;
  const bool needs_large = record.frame_needs > connections_.request_unit_bytes();
  if (needs_large && !is_large) {
    constexpr Resource slot = Resource::large_request;
    if (others_first(slot) || !connections_.acquire(slot, record)) {
      wait_for(slot, index);
      return false;
    }
  }
  // The small buffer was kept for what follows a large request.
  const bool goes_back = !needs_large && is_large && record.request_buffer != index_none;
  const std::span<char> room = goes_back ? connections_.request_area()[record.request_buffer]
                                         : connections_.request_room(record);
  KV_ASSERT(record.frame_needs <= room.size());
  KV_ASSERT(bytes < room.size());
  std::memmove(room.data(), from, bytes);
  if (goes_back) connections_.release(Resource::large_request, record);
  record.request_begin = 0;
  record.request_end = bytes;
  return true;
}

void Server::release_request(ConnectionRecord& record) {
  if (record.large_request != index_none) connections_.release(Resource::large_request, record);
  if (record.request_buffer != index_none) {
    const uint32_t buffer = connections_.drop_request_buffer(record);
    const bool leaks = planted(Fault::leaked_buffer) && flag::has(record, flag::closing);
    if (!leaks) io_.release_buffer(buffer);
  }
  record.request_begin = record.request_end = 0;
}

/// Whether somebody has waited for the resource longer than the connection at hand.
bool Server::others_first(Resource resource) {
  return served_ != resource && !connections_.queue(resource).empty();
}

void Server::wait_for(Resource resource, uint32_t index) {
  ConnectionRecord& record = connections_[index];
  const bool first = served_ == resource || flag::has(record, flag::woken);
  flag::clear(record, flag::woken);
  Statistics& statistics = view_.statistics;
  switch (resource) {
    case Resource::request_buffer:
      ++statistics.waits_request_buffer;
      break;
    case Resource::large_request:
      ++statistics.waits_large_request;
      break;
    case Resource::reply_buffer:
      ++statistics.waits_reply_buffer;
      break;
    case Resource::large_reply:
      ++statistics.waits_large_reply;
      break;
    case Resource::snapshot_room:
      ++statistics.waits_snapshot;
      break;
    case Resource::snapshot_end:
    case Resource::unpause:
    case Resource::none:
      break;
  }
  connections_.wait(resource, index, first);
}

}  // namespace kv
