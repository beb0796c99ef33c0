// Many connections that ask and count answers, on one thread.
//
// Closed loop: each connection sends a batch of `pipeline` requests, waits for all the replies,
// and sends the next. A reply's latency runs from the batch.
// Open loop (`rate`): request i is due at i / rate whatever the server does, on connection i mod
// `connections`; what is due while a batch is under way goes with the next. Latency runs from
// when a request was due, so a stall of the server is counted for everybody who would have asked
// meanwhile (no coordinated omission).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/histogram.hpp"
#include "bench/load/keys.hpp"
#include "bench/load/replies.hpp"
#include "bench/load/workload.hpp"
#include "bench/net/ring.hpp"
#include "bench/net/sockets.hpp"

namespace kv::bench {

struct Load {
  Address address;
  uint32_t connections = 50;  // 1 to 30,000
  uint32_t pipeline = 1;      // at least 1
  Workload workload;
  Order order = Order::uniform;
  uint64_t keys = 1000;  // 1 to KeySource::count_max
  uint64_t seed = 1;
  double rate = 0;  // requests per second of all connections; 0: closed loop
};

/// When a run is over: after so many requests, or, where that is 0, so many seconds.
struct Goal {
  uint64_t requests = 0;
  double seconds = 0;
};

struct Outcome {
  uint64_t requests = 0;
  uint64_t errors = 0;  // error replies
  uint64_t misses = 0;  // nil replies
  double seconds = 0;   // from the first request to the last reply
  Histogram latency;    // nanoseconds
};

class Client {
 public:
  explicit Client(const Load& load);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Connects. Returns why it cannot, or "".
  std::string open();

  /// Sends and waits until every request is answered. Returns what broke it off, or "". May be
  /// called again; the order of the keys goes on where it was.
  std::string run(const Goal& goal, Outcome& out);

  /// Says that nothing more will come and waits until the server has closed every connection, so
  /// that it has room for as many again. After a run that was not broken off.
  void leave();

  /// The first error reply of all runs, or "".
  [[nodiscard]] std::string first_error() const;

 private:
  struct Connection {
    int socket = -1;
    uint32_t index = 0;
    uint32_t unanswered = 0;   // requests under way
    uint64_t unsent = 0;       // bytes of the batch that are not with the kernel yet
    uint64_t batch_bytes = 0;  // that are under way
    uint64_t began_ns = 0;     // when the batch was sent
    uint64_t due = 0;          // requests that are due and not sent; open loop only
    uint64_t answered = 0;     // in this run
    char* batch = nullptr;     // room for `pipeline` requests
    ReplyCounter replies;
  };

  void begin_run(const Goal& goal);
  void turn();
  void handle(const Completion& completion);
  void handle_received(Connection& connection, const Completion& completion);
  void handle_sent(Connection& connection, int result);
  void record(Connection& connection, uint64_t replies);
  void begin_due();
  void stamp_batches();
  void begin_batch_if_idle(Connection& connection);
  uint64_t batch_size(Connection& connection);
  [[nodiscard]] uint64_t due_ns(uint64_t request) const;
  [[nodiscard]] uint64_t time_to_wait() const;
  [[nodiscard]] bool open_loop() const { return load_.rate > 0; }
  void fail(const std::string& reason);

  Load load_;
  Request request_;
  KeySource keys_;
  Ring ring_;
  std::vector<Connection> connections_;
  std::unique_ptr<char[]> batches_;
  std::vector<uint32_t> begun_;  // connections whose batch goes out with the next call

  Outcome* out_ = nullptr;
  std::string failure_;
  uint64_t now_ns_ = 0;
  uint64_t start_ns_ = 0;
  uint64_t end_ns_ = 0;  // no batch begins after it
  uint64_t last_reply_ns_ = 0;
  uint64_t activity_ns_ = 0;       // when a batch began or a reply came
  uint64_t requests_left_ = 0;     // to send; closed loop
  uint64_t requests_due_max_ = 0;  // in this run; open loop
  uint64_t requests_due_ = 0;
  uint64_t requests_begun_ = 0;
};

}  // namespace kv::bench
