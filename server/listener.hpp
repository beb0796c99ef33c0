// The listening sockets, and what the process needs from its limits to serve.
//
// One TCP socket for each of server.address, then the Unix socket. Accepted sockets inherit
// the buffer sizes and the keepalive of the config, so none has to be set later.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kvcore/memory/arena.hpp"
#include "kvcore/plan/config.hpp"

namespace kv {

class Listeners {
 public:
  Listeners() = default;
  /// Closes the sockets and removes the file of the Unix socket.
  ~Listeners() { close(); }
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  /// Listens on every address of the config. The failure says what stands in the way.
  [[nodiscard]] Failure open(const Config& config);

  std::span<const int> sockets() const { return sockets_; }
  /// The port of all TCP sockets.
  uint16_t port() const { return port_; }
  /// "127.0.0.1:6379", "[::1]:6379 and /run/kvd.sock"
  const std::string& address() const { return address_; }
  /// The path of the Unix socket, null for none. It lies in a page of its own that nothing can
  /// write to, so that a filter of system calls can know it by its address.
  const char* unix_path() const { return unix_path_; }

  /// What the destructor does, for a process that ends without it.
  void close();

 private:
  Failure open_tcp(const Config& config, std::string_view address);
  Failure open_unix(const Config& config);

  std::vector<int> sockets_;
  uint16_t port_ = 0;
  std::string address_;
  const char* unix_path_ = nullptr;
};

/// Raises RLIMIT_NOFILE to what the config needs: its clients, one more to refuse, and the
/// process's own. The failure names the number.
[[nodiscard]] Failure raise_file_limit(const Config& config);

}  // namespace kv
