// The backend of io that serves: what server.io asks for, or what the kernel allows.
//
// The memory of each backend that can serve is in the plan, and carved, whichever serves.
#pragma once

#include <string>
#include <string_view>

#include "server/epoll.hpp"
#include "server/instance.hpp"
#include "server/uring.hpp"

namespace kv {

class Backend {
 public:
  /// Opens io_uring, or epoll where the config says so or where io_uring is refused and the
  /// config leaves the choice. The failure says what the kernel refuses and what to change.
  [[nodiscard]] Failure start(const Instance& instance);

  /// REQUIRES: started.
  SocketIo& io();
  bool serves_epoll() const { return serves_epoll_; }
  /// "io_uring" or "epoll"
  std::string_view name() const { return serves_epoll_ ? "epoll" : "io_uring"; }
  /// Where the rings are: "arena" or "kernel", or "none" without rings.
  std::string_view ring_memory() const;
  /// "io_uring, rings in arena memory" or "epoll"
  std::string description() const;
  /// Why io_uring does not serve although it may; empty where it does or may not.
  const std::string& refusal() const { return refusal_; }

 private:
  Uring uring_;
  Epoll epoll_;
  bool serves_epoll_ = false;
  std::string refusal_;
};

}  // namespace kv
