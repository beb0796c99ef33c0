// The listening socket, and what the process needs from its limits to serve. Both are settled
// before the first client: what is missing is told at the start, with the number.
#pragma once

#include <cstdint>
#include <string>

#include "kvcore/memory/arena.hpp"
#include "kvcore/plan/config.hpp"

namespace kv {

class Listener {
 public:
  Listener() = default;
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Listens on server.address and server.port. Accepted sockets inherit the buffer sizes of
  /// the config, so none has to be set later. The failure says what stands in the way.
  [[nodiscard]] Failure open(const Config& config);

  int socket() const { return socket_; }
  uint16_t port() const { return port_; }
  /// "127.0.0.1:6379", "[::1]:6379"
  const std::string& address() const { return address_; }

 private:
  int socket_ = -1;
  uint16_t port_ = 0;
  std::string address_;
};

/// Raises RLIMIT_NOFILE to what the config needs: its clients, one more to refuse, and the
/// process's own. The failure names the number.
[[nodiscard]] Failure raise_file_limit(const Config& config);

}  // namespace kv
