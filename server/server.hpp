// The server: connections, back-pressure and the loop that drives them.
//
// Everything happens in turns: wait for completions, act on each, hand freed buffers to those
// who wait. A connection has at most one receive and one send in flight. Memory never grows:
// what is not there is waited for, in order, or refused.
//
//     receive ──► parse ──► room for the reply? ──► execute ──► send
//        ▲                        │ no: wait                      │
//        └────────────────────────┴───────────────────────────────┘
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "kvcore/memory/scratch.hpp"
#include "server/blocking.hpp"
#include "server/call.hpp"
#include "server/connections.hpp"
#include "server/io.hpp"
#include "server/lookahead.hpp"
#include "server/request.hpp"
#include "server/snapshots.hpp"
#include "server/store.hpp"
#include "server/transaction.hpp"

namespace kv {

class Server {
 public:
  /// What the server works with. All of it outlives the server.
  struct Parts {
    const Allocation& allocation;
    Io& io;
    Connections& connections;
    Scratch& scratch;
    Store& store;
    ServerView& view;
    Blocking& blocking;
    Transactions& transactions;
    uint32_t listeners = 1;          ///< how many the io accepts on
    Snapshots* snapshots = nullptr;  ///< null where nothing is saved
  };

  explicit Server(const Parts& with);

  /// Begins to accept clients.
  void start();

  /// One turn of the loop.
  void turn();

  /// Begins to stop: no more clients, no more commands; replies under way are finished.
  void stop();
  bool stopping() const { return stopping_; }
  /// Everything is sent and closed, or the time for that is over.
  bool stopped() const;

 private:
  enum class Progress : uint8_t {
    executed,
    needs_input,
    needs_reply_room,
    blocked,
    paused,
    unsaved,
    unfinished,
    ended
  };

  /// What becomes of that which a client that is closed has not taken.
  enum class Unsent : uint8_t { delivered, dropped };

  // The loop (server.cpp).
  void complete(const Completion& completion);
  void read_clocks();
  uint64_t timeout_ms() const;
  void on_accept(uint32_t listener, int32_t result);
  void admit(int socket, uint32_t listener);
  bool is_denied(const SocketName& peer) const;
  bool may_accept() const;
  void accept_on_all();
  void serve_waiting();
  void serve_waiting(Resource resource);
  void serve_saved();
  void sweep();
  bool is_stalled(const ConnectionRecord& record);
  bool is_idle(const ConnectionRecord& record) const;
  bool pauses() const { return view_.pause_until_ms > now_ms_; }

  // The end of a client (closing.cpp).
  void close_killed();
  void begin_close(uint32_t index, Unsent unsent = Unsent::delivered);
  void finish_close(uint32_t index);
  void linger(uint32_t index, uint64_t unsent_bytes);
  void look_at_lingering(uint32_t index);
  void close_socket(uint32_t index);
  void drop_all_unsent();

  // One client (conversation.cpp).
  void on_receive(uint32_t index, int32_t result, uint32_t buffer);
  void on_send(uint32_t index, int32_t result);
  void advance(uint32_t index);
  bool reply_room_for(uint32_t index, uint64_t bytes);
  void flush(uint32_t index);
  void release_reply(ConnectionRecord& record);
  void receive_more(uint32_t index);
  bool make_request_room(uint32_t index);
  void release_request(ConnectionRecord& record);
  bool others_first(Resource resource);
  void wait_for(Resource resource, uint32_t index);

  // One request (execution.cpp).
  void execute_received();
  bool has_received(uint32_t index) const;
  bool look_ahead(uint32_t index);
  Progress execute_one(uint32_t index);
  Progress parse_and_execute(uint32_t index);
  Progress after(uint32_t index, uint64_t bytes, Progress progress);
  Progress run(uint32_t index, std::span<Slice> arguments, Command command);
  void keep_reply(ConnectionRecord& record, const ReplyWriter& reply);
  template <class Write>
  void refuse(ConnectionRecord& record, Write write);
  void begin_time(Command command);
  uint64_t end_time();
  bool shares_clock(Command command) const;
  void note_slow(const Call& call, uint64_t took_us);

  // Blocking commands and transactions (blocking.cpp).
  bool block(uint32_t index, Call& call);
  void unblock(uint32_t index);
  void serve_ready();
  bool serve_blocked(uint32_t index);
  void resume_blocked();
  void end_blocking();
  void close_left();
  void leave(uint32_t index);
  void note_sessions();

  Target target(uint32_t index) {
    return {index, connections_[index].generation, connections_[index].socket};
  }

  const Allocation& allocation_;
  Io& io_;
  Connections& connections_;
  Scratch& scratch_;
  Store& store_;
  ServerView& view_;
  Blocking& blocking_;
  Transactions& transactions_;
  Snapshots* snapshots_;
  RequestParser parser_;
  Lookahead lookahead_;
  std::array<Completion, 256> completions_ = {};
  std::array<uint32_t, 256> received_ = {};  ///< who sent something in this turn
  uint64_t received_count_ = 0;
  uint64_t now_ms_ = 0;
  uint32_t ready_hash_ = 0;           ///< of the key whose waiting clients are being served
  uint64_t mark_us_ = 0;              ///< when the turn began or a command was last timed
  Command timed_ = Command::unknown;  ///< what runs since then
  uint64_t unix_offset_us_ = 0;       ///< from the monotonic clock, modulo 2^64
  uint64_t unix_read_ms_ = 0;         ///< when that was looked up, or 0
  uint64_t swept_ms_ = 0;
  uint64_t stop_deadline_ms_ = 0;
  uint64_t next_client_id_ = 1;
  Resource served_ = Resource::none;  ///< what serve_waiting() resumes somebody for
  bool untidy_ = false;               ///< the store has more to free than a turn allowed
  uint32_t listeners_ = 0;
  uint32_t accepting_ = 0;      ///< a bit for each listener with an accept in flight
  uint64_t closed_now_ = 0;     ///< sockets closed in this tick
  uint64_t closed_before_ = 0;  ///< and in the one before
  bool stopping_ = false;
};

}  // namespace kv
