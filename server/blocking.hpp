// Clients in a blocking command: who they are, in which order, and until when.
//
// A blocked client keeps its request, unexecuted, in its receive buffer, and the command runs
// again when one of its keys gets elements: nothing else of it is remembered. That is why one
// receive buffer is always left to the others, and why it is not received from meanwhile.
// Bytes: 24 for each connection.
#pragma once

#include <cstdint>
#include <span>

#include "kvcore/memory/arena.hpp"
#include "kvcore/memory/assert.hpp"
#include "kvcore/plan/records.hpp"

namespace kv {

class Blocking {
 public:
  static constexpr uint64_t never = UINT64_MAX;

  static Blocking carve(Arena& arena, const Config& config) {
    Blocking out;
    out.clients_ =
        arena.take<BlockedClient>(Part::blocked_clients, config.connections_max, /*align=*/64);
    for (BlockedClient& client : out.clients_) client = {};
    return out;
  }

  uint64_t count() const { return count_; }
  bool is_blocked(uint32_t client) const { return count_ > 0 && clients_[client].state == blocked; }
  bool is_timed_out(uint32_t client) const { return clients_[client].timed_out; }

  /// REQUIRES: the client is not blocked. A deadline of `never` has no end.
  void block(uint32_t client, uint64_t deadline_ms) {
    take_out(client);
    clients_[client] = {deadline_ms, {}, blocked, false, {}};
    push_back(blocked_, client);
    ++count_;
    if (deadline_ms < next_deadline_ms_) next_deadline_ms_ = deadline_ms;
  }
  /// What the client has sent behind its blocking command is to be looked at: take_resumed().
  /// REQUIRES: the client is not blocked.
  void resume(uint32_t client) {
    KV_ASSERT(!is_blocked(client));
    take_out(client);
    clients_[client].state = resumed;
    push_back(resumed_, client);
  }
  /// Forgets the client, whatever its state.
  void forget(uint32_t client) { take_out(client); }

  /// A client that goes on, or index_none.
  uint32_t take_resumed() {
    const uint32_t client = resumed_.first;
    if (client != index_none) take_out(client);
    return client;
  }

  /// No client gives up before. May be early: then time_out() finds nobody.
  uint64_t next_deadline_ms() const { return next_deadline_ms_; }
  /// Marks a client whose time is over and returns it; index_none when there is no other. Calls
  /// until then look at each client about once.
  uint32_t time_out(uint64_t now_ms) {
    if (looked_at_ == index_none) {
      looked_at_ = blocked_.first;
      deadline_seen_ms_ = never;
    }
    while (looked_at_ != index_none) {
      const uint32_t at = looked_at_;
      BlockedClient& client = clients_[at];
      looked_at_ = client.link.next;
      if (client.timed_out) continue;
      if (client.deadline_ms <= now_ms) {
        client.timed_out = true;
        return at;
      }
      if (client.deadline_ms < deadline_seen_ms_) deadline_seen_ms_ = client.deadline_ms;
    }
    next_deadline_ms_ = deadline_seen_ms_;
    return index_none;
  }

  /// The client that was not looked at for the longest; from now on it is the last.
  uint32_t look_at_next() {
    const uint32_t client = blocked_.first;
    if (client == index_none) return client;
    unlink(blocked_, client);
    push_back(blocked_, client);
    return client;
  }

 private:
  enum State : uint8_t { none, blocked, resumed };

  struct List {
    uint32_t first = index_none;
    uint32_t last = index_none;
  };

  void push_back(List& list, uint32_t client) {
    clients_[client].link = {list.last, index_none};
    (list.last == index_none ? list.first : clients_[list.last].link.next) = client;
    list.last = client;
  }
  void unlink(List& list, uint32_t client) {
    const QueueLink link = clients_[client].link;
    (link.previous == index_none ? list.first : clients_[link.previous].link.next) = link.next;
    (link.next == index_none ? list.last : clients_[link.next].link.previous) = link.previous;
  }
  void take_out(uint32_t client) {
    const uint8_t state = clients_[client].state;
    if (state == none) return;
    if (client == looked_at_) looked_at_ = clients_[client].link.next;
    unlink(state == blocked ? blocked_ : resumed_, client);
    if (state == blocked) --count_;
    clients_[client].state = none;
  }

  std::span<BlockedClient> clients_;
  List blocked_;
  List resumed_;
  uint64_t count_ = 0;
  uint64_t next_deadline_ms_ = never;
  uint32_t looked_at_ = index_none;  ///< where time_out() goes on
  uint64_t deadline_seen_ms_ = never;
};

}  // namespace kv
