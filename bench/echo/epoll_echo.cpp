#include <fcntl.h>
#include <fmt/core.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "bench/echo/echo.hpp"
#include "bench/net/sockets.hpp"

namespace kv::bench {

namespace {

class EpollEcho {
 public:
  EpollEcho(int listener, const Replies& replies) : listener_(listener), replies_(replies) {}
  EpollEcho(const EpollEcho&) = delete;
  EpollEcho& operator=(const EpollEcho&) = delete;
  ~EpollEcho() {
    if (epoll_ >= 0) close(epoll_);
  }

  std::string serve() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) return fmt::format("no epoll: {}", std::strerror(errno));
    fcntl(listener_, F_SETFL, O_NONBLOCK);
    watch(EPOLL_CTL_ADD, listener_, EPOLLIN);
    std::array<epoll_event, 256> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), events.size(), /*timeout=*/-1);
      for (int i = 0; i < count; ++i) {
        const int socket = events[static_cast<size_t>(i)].data.fd;
        if (socket == listener_) {
          accept_all();
        } else {
          handle(socket, events[static_cast<size_t>(i)].events);
        }
      }
    }
  }

 private:
  struct Client {
    uint64_t received = 0;  // bytes that were not answered
    std::span<const char> unsent;
  };

  void watch(int operation, int socket, uint32_t events) const {
    epoll_event event = {};
    event.events = events;
    event.data.fd = socket;
    epoll_ctl(epoll_, operation, socket, &event);
  }

  void accept_all() {
    for (;;) {
      const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0) return;
      if (static_cast<size_t>(socket) >= clients_.size()) {
        clients_.resize(static_cast<size_t>(socket) + 1);
      }
      clients_[static_cast<size_t>(socket)] = {};
      send_at_once(socket);
      watch(EPOLL_CTL_ADD, socket, EPOLLIN);
    }
  }

  void handle(int socket, uint32_t events) {
    Client& client = clients_[static_cast<size_t>(socket)];
    if ((events & EPOLLIN) != 0) {
      const ssize_t bytes = recv(socket, buffer_.data(), buffer_.size(), 0);
      if (bytes == 0 || (bytes < 0 && errno != EAGAIN)) {
        close(socket);
        return;
      }
      if (bytes > 0) client.received += static_cast<uint64_t>(bytes);
    }
    send_all(socket, client, (events & EPOLLOUT) != 0);
  }

  /// Sends what is owed until the socket takes no more; then it is asked for again.
  void send_all(int socket, Client& client, bool watched_for_room) {
    for (;;) {
      if (client.unsent.empty()) client.unsent = replies_.take(client.received);
      if (client.unsent.empty()) break;
      const ssize_t sent = send(socket, client.unsent.data(), client.unsent.size(), MSG_NOSIGNAL);
      if (sent < 0) {
        watch(EPOLL_CTL_MOD, socket, EPOLLIN | EPOLLOUT);
        return;
      }
      client.unsent = client.unsent.subspan(static_cast<size_t>(sent));
    }
    if (watched_for_room) watch(EPOLL_CTL_MOD, socket, EPOLLIN);
  }

  int listener_;
  int epoll_ = -1;
  const Replies& replies_;
  std::vector<Client> clients_;  // by descriptor
  std::array<char, 65536> buffer_;
};

}  // namespace

std::string serve_with_epoll(int listener, const Replies& replies) {
  return EpollEcho(listener, replies).serve();
}

}  // namespace kv::bench
