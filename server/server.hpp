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
#include "server/call.hpp"
#include "server/connections.hpp"
#include "server/io.hpp"
#include "server/request.hpp"
#include "server/store.hpp"

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
  enum class Progress : uint8_t { executed, needs_input, needs_reply_room, ended };

  // The loop (server.cpp).
  void complete(const Completion& completion);
  void on_accept(int32_t result);
  void admit(int socket);
  void serve_waiting();
  void serve_waiting(Resource resource);
  void close_stalled();
  bool is_stalled(const ConnectionRecord& record);
  void begin_close(uint32_t index);
  void finish_close(uint32_t index);
  uint64_t timeout_ms() const;

  // One client (conversation.cpp).
  void on_receive(uint32_t index, int32_t result, uint32_t buffer);
  void on_send(uint32_t index, int32_t result);
  void advance(uint32_t index);
  Progress execute_one(uint32_t index);
  void answer(ConnectionRecord& record, const Parse& parse, Progress& progress);
  bool reply_room_for(uint32_t index, uint64_t bytes);
  void flush(uint32_t index);
  void release_reply(ConnectionRecord& record);
  void receive_more(uint32_t index);
  bool make_request_room(uint32_t index);
  void release_request(ConnectionRecord& record);
  bool others_first(Resource resource);
  void wait_for(Resource resource, uint32_t index);

  Target target(uint32_t index) {
    return {index, connections_[index].generation, connections_[index].socket};
  }

  const Allocation& allocation_;
  Io& io_;
  Connections& connections_;
  Scratch& scratch_;
  Store& store_;
  ServerView& view_;
  RequestParser parser_;
  std::array<Completion, 256> completions_ = {};
  uint64_t now_ms_ = 0;
  uint64_t swept_ms_ = 0;
  uint64_t stop_deadline_ms_ = 0;
  uint64_t next_client_id_ = 1;
  Resource served_ = Resource::none;  ///< what serve_waiting() resumes somebody for
  bool untidy_ = false;               ///< the store has more to free than a turn allowed
  bool accepting_ = false;
  bool stopping_ = false;
};

}  // namespace kv
