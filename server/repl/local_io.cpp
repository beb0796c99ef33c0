#include "server/repl/local_io.hpp"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "kvcore/memory/assert.hpp"

namespace kv {

namespace {

uint64_t clock_us(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

}  // namespace

LocalIo::LocalIo(BufferArea buffers, Clock clock) : buffers_(buffers), clock_(clock) {
  for (uint64_t i = buffers.count(); i > 0; --i) {
    free_buffers_.push_back(static_cast<uint32_t>(i - 1));
  }
}

int LocalIo::connect() {
  clients_.emplace_back();
  return static_cast<int>(clients_.size() - 1);
}

void LocalIo::write(int client, std::string_view bytes) { at(client).sent.append(bytes); }

void LocalIo::hang_up(int client) { at(client).hung_up = true; }

std::string LocalIo::take_replies(int client) {
  std::string replies;
  replies.swap(at(client).replies);
  return replies;
}

bool LocalIo::idle(int client) const {
  const Client& state = clients_[static_cast<uint64_t>(client)];
  return state.closed || (state.receiving && state.sent.empty() && !state.sending);
}

void LocalIo::receive_any(Target target) { receive_into(target, {}); }

void LocalIo::receive_into(Target target, std::span<char> room) {
  Client& client = at(target.socket);
  KV_ASSERT(!client.receiving);
  client.target = target;
  client.room = room;
  client.receiving = true;
}

void LocalIo::send(Target target, std::span<const char> bytes) {
  Client& client = at(target.socket);
  KV_ASSERT(!client.sending);
  KV_ASSERT(!bytes.empty());
  client.target = target;
  client.data = bytes;
  client.sending = true;
}

void LocalIo::shut_down(int socket) { at(socket).shut_down = true; }

void LocalIo::close(int socket) {
  KV_ASSERT(!at(socket).receiving);
  KV_ASSERT(!at(socket).sending);
  at(socket).closed = true;
}

void LocalIo::refuse(int socket, std::string_view text) {
  at(socket).replies.append(text);
  close(socket);
}

bool LocalIo::complete_receive(Client& client, Completion& out) {
  if (!client.receiving) return false;
  const bool ended = client.shut_down || (client.hung_up && client.sent.empty());
  if (!ended && client.sent.empty()) return false;
  out = {Operation::receive, client.target.connection, client.target.generation, 0, index_none};
  client.receiving = false;
  if (ended) return true;
  std::span<char> room = client.room;
  if (room.empty()) {
    if (free_buffers_.empty()) {
      out.result = -ENOBUFS;
      return true;
    }
    out.buffer = free_buffers_.back();
    free_buffers_.pop_back();
    room = buffers_[out.buffer];
  }
  const uint64_t bytes = std::min<uint64_t>({room.size(), client.sent.size(), piece_bytes_});
  std::memcpy(room.data(), client.sent.data(), bytes);
  client.sent.erase(0, bytes);
  out.result = static_cast<int32_t>(bytes);
  return true;
}

bool LocalIo::complete_send(Client& client, Completion& out) {
  if (!client.sending) return false;
  client.sending = false;
  out = {Operation::send, client.target.connection, client.target.generation, -EPIPE, index_none};
  if (client.shut_down) return true;
  const uint64_t bytes = std::min<uint64_t>(client.data.size(), piece_bytes_);
  client.replies.append(client.data.data(), bytes);
  out.result = static_cast<int32_t>(bytes);
  return true;
}

uint64_t LocalIo::complete_all(std::span<Completion> out) {
  uint64_t count = 0;
  for (uint64_t i = 0; i < clients_.size() && count < out.size(); ++i) {
    Client& client = clients_[i];
    if (!client.accepted && accepting_) {
      accepting_ = false;
      client.accepted = true;
      out[count++] = {Operation::accept, 0, 0, static_cast<int32_t>(i), index_none};
      continue;
    }
    if (complete_send(client, out[count])) ++count;
    if (count < out.size() && complete_receive(client, out[count])) ++count;
  }
  return count;
}

/// At most a millisecond really passes, so that an interrupted prompt notices.
void LocalIo::pass_time(uint64_t timeout_ms) {
  if (clock_ == Clock::simulated) {
    simulated_ms_ += std::min<uint64_t>(timeout_ms, 1000);
  } else if (timeout_ms > 0) {
    usleep(1000);
  }
}

uint64_t LocalIo::wait(std::span<Completion> out, uint64_t timeout_ms) {
  const uint64_t count = complete_all(out);
  if (count == 0) pass_time(timeout_ms);
  return count;
}

uint64_t LocalIo::monotonic_us() {
  return clock_ == Clock::simulated ? simulated_ms_ * 1000 : clock_us(CLOCK_MONOTONIC);
}

uint64_t LocalIo::unix_us() {
  return clock_ == Clock::simulated ? simulated_ms_ * 1000 : clock_us(CLOCK_REALTIME);
}

}  // namespace kv
