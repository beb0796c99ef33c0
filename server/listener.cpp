#include "server/listener.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kvcore/plan/descriptors.hpp"

namespace kv {

namespace {

/// The loopback's segments are as large as a socket buffer of the plan's size; a large frame
/// then waits for delayed acknowledgements, 40 ms each. Other networks have smaller ones.
constexpr uint64_t segment_bytes_max = 8192;

struct Address {
  sockaddr_storage storage = {};
  socklen_t bytes = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

/// REQUIRES: the address was validated.
Address make_address(const Config& config) {
  Address address;
  const std::string text(config.server_address.view());
  const auto port = htons(static_cast<uint16_t>(config.server_port));
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = port;
    address.bytes = sizeof(sockaddr_in);
    return address;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = port;
  address.bytes = sizeof(sockaddr_in6);
  return address;
}

bool set_option(int socket, int level, int name, uint64_t value) {
  const int number = static_cast<int>(value);
  return setsockopt(socket, level, name, &number, sizeof number) == 0;
}

uint16_t bound_port(int socket) {
  Address address;
  address.bytes = sizeof address.storage;
  getsockname(socket, address.get(), &address.bytes);
  return address.storage.ss_family == AF_INET6
             ? ntohs(reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port)
             : ntohs(reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port);
}

}  // namespace

Listener::~Listener() {
  if (socket_ >= 0) ::close(socket_);
}

Failure Listener::open(const Config& config) {
  Address address = make_address(config);
  const bool v6 = address.storage.ss_family == AF_INET6;
  address_ = fmt::format("{}{}{}:{}", v6 ? "[" : "", config.server_address.view(), v6 ? "]" : "",
                         config.server_port);
  const auto failed = [&](std::string_view step) -> Failure {
    return fmt::format("cannot {} {}: {}", step, address_, std::strerror(errno));
  };
  socket_ = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return failed("open a socket for");
  const bool ready = set_option(socket_, SOL_SOCKET, SO_REUSEADDR, 1) &&
                     set_option(socket_, IPPROTO_TCP, TCP_NODELAY, 1) &&
                     set_option(socket_, IPPROTO_TCP, TCP_MAXSEG, segment_bytes_max) &&
                     set_option(socket_, SOL_SOCKET, SO_SNDBUF, config.server_socket_send_bytes) &&
                     set_option(socket_, SOL_SOCKET, SO_RCVBUF, config.server_socket_receive_bytes);
  if (!ready) return failed("set the socket options of");
  if (bind(socket_, address.get(), address.bytes) != 0) return failed("bind to");
  if (listen(socket_, static_cast<int>(config.server_backlog)) != 0) return failed("listen on");
  port_ = bound_port(socket_);
  address_ =
      fmt::format("{}{}{}:{}", v6 ? "[" : "", config.server_address.view(), v6 ? "]" : "", port_);
  return {};
}

Failure raise_file_limit(const Config& config) {
  const uint64_t needed = descriptors_needed(config);
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return {};
  const uint64_t hard_limit = limit.rlim_max;
  limit.rlim_cur = needed;
  if (limit.rlim_max < needed) limit.rlim_max = needed;  // Needs CAP_SYS_RESOURCE.
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return {};
  return fmt::format(
      "connections_max = {} needs {} file descriptors, and the hard limit of RLIMIT_NOFILE is {}; "
      "raise it (ulimit -Hn {}, LimitNOFILE= in systemd) or set connections_max to {}",
      config.connections_max, needed, hard_limit, needed,
      hard_limit > own_descriptors + 1 ? hard_limit - own_descriptors - 1 : 0);
}

}  // namespace kv
