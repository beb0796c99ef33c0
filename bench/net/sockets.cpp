#include "bench/net/sockets.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace kv::bench {

namespace {

struct Name {
  sockaddr_storage storage = {};
  socklen_t bytes = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

bool resolve(const Address& address, Name& out, std::string& error) {
  if (!address.unix_path.empty()) {
    auto& name = reinterpret_cast<sockaddr_un&>(out.storage);
    if (address.unix_path.size() >= sizeof name.sun_path) {
      error = fmt::format("the path of a Unix socket has at most {} bytes, and this has {}",
                          sizeof name.sun_path - 1, address.unix_path.size());
      return false;
    }
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, address.unix_path.data(), address.unix_path.size());
    out.bytes = sizeof name;
    return true;
  }
  auto& name = reinterpret_cast<sockaddr_in&>(out.storage);
  name.sin_family = AF_INET;
  name.sin_port = htons(address.port);
  out.bytes = sizeof name;
  if (inet_pton(AF_INET, address.host.c_str(), &name.sin_addr) == 1) return true;
  error = fmt::format("'{}' is no IPv4 address, such as 127.0.0.1", address.host);
  return false;
}

int fail(int socket, const char* what, const Address& address, std::string& error) {
  error = fmt::format("{} {}: {}", what, text_of(address), std::strerror(errno));
  if (socket >= 0) close(socket);
  return -1;
}

}  // namespace

std::string text_of(const Address& address) {
  if (!address.unix_path.empty()) return address.unix_path;
  return fmt::format("{}:{}", address.host, address.port);
}

void send_at_once(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int listen_on(Address& address, std::string& error) {
  Name name;
  if (!resolve(address, name, error)) return -1;
  const int listener = socket(name.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (listener < 0 || bind(listener, name.get(), name.bytes) != 0 ||
      listen(listener, /*backlog=*/4096) != 0) {
    return fail(listener, "cannot listen on", address, error);
  }
  if (address.unix_path.empty() && getsockname(listener, name.get(), &name.bytes) == 0) {
    address.port = ntohs(reinterpret_cast<sockaddr_in&>(name.storage).sin_port);
  }
  return listener;
}

int connect_to(const Address& address, std::string& error) {
  Name name;
  if (!resolve(address, name, error)) return -1;
  const int client = socket(name.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (client < 0 || connect(client, name.get(), name.bytes) != 0) {
    return fail(client, "cannot connect to", address, error);
  }
  send_at_once(client);
  return client;
}

std::string allow_descriptors(uint64_t count) {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= count) return "";
  if (limit.rlim_max < count) {
    return fmt::format("{} descriptors are needed and RLIMIT_NOFILE is {}; raise it (ulimit -Hn)",
                       count, uint64_t{limit.rlim_max});
  }
  limit.rlim_cur = count;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? "" : "RLIMIT_NOFILE cannot be raised";
}

}  // namespace kv::bench
