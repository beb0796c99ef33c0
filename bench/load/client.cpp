#include "bench/load/client.hpp"

#include <fmt/core.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>

namespace kv::bench {

namespace {

constexpr double nanoseconds = 1e9;

/// A server that answers nothing for so long will not answer at all.
constexpr uint64_t patience_ns = 20'000'000'000;

/// How many completions are looked at before what they led to is sent: few enough that the clock
/// which is read once for all of them is right for each to some microseconds.
constexpr unsigned completions_per_turn = 16;

/// Sleeping is exact to about this much; what is due sooner is waited for awake.
constexpr uint64_t sleep_ns_min = 100'000;

uint64_t clock_ns() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

}  // namespace

Client::Client(const Load& load)
    : load_(load),
      request_(encode(load.workload)),
      keys_(load.order, load.keys, load.seed),
      connections_(load.connections) {}

Client::~Client() {
  for (const Connection& connection : connections_) {
    if (connection.socket >= 0) close(connection.socket);
  }
}

std::string Client::open() {
  std::string error = allow_descriptors(load_.connections + 64);
  if (error.empty()) error = ring_.open(load_.connections, Receive::multishot);
  if (!error.empty()) return error;
  const uint64_t batch_bytes = request_.bytes.size() * load_.pipeline;
  batches_ = std::make_unique_for_overwrite<char[]>(batch_bytes * load_.connections);
  for (uint32_t i = 0; i < load_.connections; ++i) {
    Connection& connection = connections_[i];
    connection.index = i;
    connection.batch = batches_.get() + i * batch_bytes;
    for (uint32_t r = 0; r < load_.pipeline; ++r) {
      std::memcpy(connection.batch + r * request_.bytes.size(), request_.bytes.data(),
                  request_.bytes.size());
    }
    connection.socket = connect_to(load_.address, error);
    if (connection.socket < 0) return error;
    ring_.receive(connection.socket, i);
  }
  return "";
}

std::string Client::run(const Goal& goal, Outcome& out) {
  out_ = &out;
  begin_run(goal);
  while (failure_.empty() && out.requests < requests_begun_) {
    ring_.enter(time_to_wait());
    turn();
  }
  out.seconds = static_cast<double>(last_reply_ns_ - start_ns_) / nanoseconds;
  for (const Connection& connection : connections_) {
    out.errors += connection.replies.errors();
    out.misses += connection.replies.misses();
  }
  return failure_;
}

void Client::begin_run(const Goal& goal) {
  for (const Connection& connection : connections_) {
    out_->errors -= connection.replies.errors();
    out_->misses -= connection.replies.misses();
  }
  now_ns_ = start_ns_ = last_reply_ns_ = activity_ns_ = clock_ns();
  requests_begun_ = requests_due_ = 0;
  requests_left_ = goal.requests > 0 ? goal.requests : UINT64_MAX;
  end_ns_ = goal.requests > 0 ? UINT64_MAX
                              : start_ns_ + static_cast<uint64_t>(goal.seconds * nanoseconds);
  requests_due_max_ = goal.requests > 0
                          ? goal.requests
                          : static_cast<uint64_t>(std::ceil(goal.seconds * load_.rate));
  for (Connection& connection : connections_) connection.answered = 0;
  if (open_loop()) {
    requests_begun_ = requests_due_max_;  // they are begun by the clock, and all are waited for
    begin_due();
  } else {
    for (Connection& connection : connections_) begin_batch_if_idle(connection);
  }
  stamp_batches();
}

void Client::turn() {
  now_ns_ = clock_ns();
  ring_.drain(completions_per_turn, [this](const Completion& completion) { handle(completion); });
  if (open_loop()) begin_due();
  stamp_batches();
  const uint64_t begun = open_loop() ? requests_due_ : requests_begun_;
  if (begun > out_->requests && now_ns_ > activity_ns_ + patience_ns) {
    fail(fmt::format("no reply for {} seconds", patience_ns / 1'000'000'000));
  }
}

/// What was begun goes out with the next call, so now is when it is sent.
void Client::stamp_batches() {
  if (begun_.empty()) return;
  const uint64_t sent_ns = clock_ns();
  for (const uint32_t index : begun_) connections_[index].began_ns = sent_ns;
  begun_.clear();
}

uint64_t Client::time_to_wait() const {
  if (!open_loop() || requests_due_ == requests_due_max_) return patience_ns;
  const uint64_t now = clock_ns();
  const uint64_t due = due_ns(requests_due_);
  return due > now + sleep_ns_min ? due - now - sleep_ns_min : 0;
}

void Client::handle(const Completion& completion) {
  Connection& connection = connections_[completion.index];
  if (completion.event == Event::sent) {
    handle_sent(connection, completion.result);
  } else {
    handle_received(connection, completion);
  }
}

void Client::handle_sent(Connection& connection, int result) {
  if (result <= 0) {
    fail(fmt::format("a request cannot be sent: {}", std::strerror(-result)));
    return;
  }
  connection.unsent -= static_cast<uint64_t>(result);
  if (connection.unsent > 0) {
    ring_.send(connection.socket, connection.index,
               {connection.batch + connection.batch_bytes - connection.unsent, connection.unsent});
  } else {
    begin_batch_if_idle(connection);
  }
}

void Client::handle_received(Connection& connection, const Completion& completion) {
  if (completion.result > 0) {
    record(connection, connection.replies.feed(completion.bytes));
  } else if (completion.result != -ENOBUFS) {
    fail(completion.result == 0
             ? "the server closed a connection"
             : fmt::format("a reply cannot be received: {}", std::strerror(-completion.result)));
  }
  if (completion.buffer != no_buffer) ring_.release(completion.buffer);
  if (!completion.armed) ring_.receive(connection.socket, connection.index);
  begin_batch_if_idle(connection);
}

void Client::record(Connection& connection, uint64_t replies) {
  if (connection.replies.malformed() || replies > connection.unanswered) {
    fail(connection.replies.malformed() ? "what came is no reply" : "a reply too many");
    return;
  }
  connection.unanswered -= static_cast<uint32_t>(replies);
  out_->requests += replies;
  last_reply_ns_ = activity_ns_ = now_ns_;
  if (!open_loop()) {
    const uint64_t began = connection.began_ns;
    out_->latency.record(now_ns_ > began ? now_ns_ - began : 0, replies);
    return;
  }
  for (; replies > 0; --replies) {
    const uint64_t due = due_ns(connection.answered++ * connections_.size() + connection.index);
    out_->latency.record(now_ns_ > due ? now_ns_ - due : 0);
  }
}

uint64_t Client::due_ns(uint64_t request) const {
  return start_ns_ + static_cast<uint64_t>(static_cast<double>(request) * nanoseconds / load_.rate);
}

void Client::begin_due() {
  while (requests_due_ < requests_due_max_ && due_ns(requests_due_) <= now_ns_) {
    Connection& connection = connections_[requests_due_++ % connections_.size()];
    ++connection.due;
    begin_batch_if_idle(connection);
  }
}

/// How many requests the next batch of the connection has; they are taken off what is left.
uint64_t Client::batch_size(Connection& connection) {
  if (open_loop()) {
    const uint64_t size = std::min<uint64_t>(load_.pipeline, connection.due);
    connection.due -= size;
    return size;
  }
  if (now_ns_ >= end_ns_) return 0;
  const uint64_t size = std::min<uint64_t>(load_.pipeline, requests_left_);
  requests_left_ -= size;
  requests_begun_ += size;
  return size;
}

void Client::begin_batch_if_idle(Connection& connection) {
  if (connection.unanswered > 0 || connection.unsent > 0 || !failure_.empty()) return;
  const uint64_t size = batch_size(connection);
  if (size == 0) return;
  char* request = connection.batch;
  for (uint64_t i = 0; i < size; ++i) {
    for (const uint32_t place : request_.key_places) write_key(request + place, keys_.next());
    request += request_.bytes.size();
  }
  activity_ns_ = now_ns_;
  connection.unanswered = static_cast<uint32_t>(size);
  connection.unsent = connection.batch_bytes = size * request_.bytes.size();
  ring_.send(connection.socket, connection.index, {connection.batch, connection.unsent});
  begun_.push_back(connection.index);
}

void Client::fail(const std::string& reason) {
  if (!failure_.empty()) return;
  failure_ = reason;
  const std::string error = first_error();
  if (!error.empty()) failure_ += fmt::format("; the first error: {}", error);
}

void Client::leave() {
  for (const Connection& connection : connections_) shutdown(connection.socket, SHUT_WR);
  size_t left = 0;
  const uint64_t until = clock_ns() + patience_ns;
  while (left < connections_.size() && clock_ns() < until) {
    ring_.enter(patience_ns);
    ring_.drain(UINT32_MAX, [&](const Completion& completion) {
      if (completion.buffer != no_buffer) ring_.release(completion.buffer);
      if (completion.event == Event::received && completion.result <= 0) ++left;
    });
  }
}

std::string Client::first_error() const {
  for (const Connection& connection : connections_) {
    if (!connection.replies.first_error().empty()) return connection.replies.first_error();
  }
  return "";
}

}  // namespace kv::bench
