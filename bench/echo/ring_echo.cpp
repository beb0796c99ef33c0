#include <unistd.h>

#include <cerrno>
#include <vector>

#include "bench/echo/echo.hpp"
#include "bench/net/sockets.hpp"

namespace kv::bench {

namespace {

class RingEcho {
 public:
  RingEcho(int listener, const Replies& replies) : listener_(listener), replies_(replies) {}

  std::string serve(uint32_t connections, Receive receive) {
    std::string error = ring_.open(connections, receive);
    if (!error.empty()) return error;
    ring_.accept(listener_);
    for (;;) {
      ring_.enter(/*timeout_ns=*/1'000'000'000);
      ring_.drain(UINT32_MAX, [this](const Completion& completion) { handle(completion); });
    }
  }

 private:
  struct Client {
    uint64_t received = 0;  // bytes that were not answered
    std::span<const char> unsent;
    bool left = false;
  };

  void handle(const Completion& completion) {
    switch (completion.event) {
      case Event::accepted:
        accepted(completion);
        return;
      case Event::received:
        received(completion);
        return;
      case Event::sent:
        sent(completion);
        return;
    }
  }

  void accepted(const Completion& completion) {
    if (!completion.armed) ring_.accept(listener_);
    if (completion.result < 0) return;
    const auto socket = static_cast<uint32_t>(completion.result);
    if (socket >= clients_.size()) clients_.resize(socket + 1);
    clients_[socket] = {};
    send_at_once(completion.result);
    ring_.receive(completion.result, socket);
  }

  void received(const Completion& completion) {
    const uint32_t socket = completion.index;
    Client& client = clients_[socket];
    client.received += completion.bytes.size();
    if (completion.buffer != no_buffer) ring_.release(completion.buffer);
    client.left = completion.result <= 0 && completion.result != -ENOBUFS;
    if (!completion.armed && !client.left) ring_.receive(static_cast<int>(socket), socket);
    if (client.unsent.empty()) send_next(socket);
  }

  void sent(const Completion& completion) {
    Client& client = clients_[completion.index];
    if (completion.result < 0) {
      client.unsent = {};
      client.received = 0;
    } else {
      client.unsent = client.unsent.subspan(static_cast<size_t>(completion.result));
    }
    send_next(completion.index);
  }

  void send_next(uint32_t socket) {
    Client& client = clients_[socket];
    if (client.unsent.empty()) client.unsent = replies_.take(client.received);
    if (!client.unsent.empty()) {
      ring_.send(static_cast<int>(socket), socket, client.unsent);
    } else if (client.left) {
      close(static_cast<int>(socket));
    }
  }

  int listener_;
  const Replies& replies_;
  Ring ring_;
  std::vector<Client> clients_;  // by descriptor
};

}  // namespace

std::string serve_with_ring(int listener, const Replies& replies, uint32_t connections,
                            Receive receive) {
  return RingEcho(listener, replies).serve(connections, receive);
}

}  // namespace kv::bench
