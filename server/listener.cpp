#include "server/listener.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kvcore/plan/addresses.hpp"
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
Address make_address(std::string_view numbers, uint16_t number) {
  Address address;
  const std::string text(numbers);
  const auto port = htons(number);
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

/// REQUIRES: the path is shorter than sun_path.
Address make_address(const std::string& path) {
  Address address;
  auto* name = reinterpret_cast<sockaddr_un*>(&address.storage);
  name->sun_family = AF_UNIX;
  std::memcpy(name->sun_path, path.c_str(), path.size() + 1);
  address.bytes = sizeof(sockaddr_un);
  return address;
}

bool set_option(int socket, int level, int name, uint64_t value) {
  const int number = static_cast<int>(value);
  return setsockopt(socket, level, name, &number, sizeof number) == 0;
}

bool set_buffers(int socket, const Config& config) {
  return set_option(socket, SOL_SOCKET, SO_SNDBUF, config.server_socket_send_bytes) &&
         set_option(socket, SOL_SOCKET, SO_RCVBUF, config.server_socket_receive_bytes);
}

/// Three questions, a third of the time apart, as Redis does it.
bool set_keepalive(int socket, const Config& config) {
  const uint64_t seconds = config.server_tcp_keepalive_ms / 1000;
  if (seconds == 0) return true;
  return set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1) &&
         set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, seconds) &&
         set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, seconds / 3 > 0 ? seconds / 3 : 1) &&
         set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

uint16_t bound_port(int socket) {
  Address address;
  address.bytes = sizeof address.storage;
  getsockname(socket, address.get(), &address.bytes);
  return address.storage.ss_family == AF_INET6
             ? ntohs(reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port)
             : ntohs(reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port);
}

std::string tcp_name(std::string_view numbers, uint64_t port) {
  const bool v6 = numbers.find(':') != std::string_view::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", numbers, v6 ? "]" : "", port);
}

/// Removes a socket file that nobody listens on any more. Whatever else is there stays, and
/// bind() will complain.
void remove_stale(const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  Address address = make_address(path);
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool refused = connect(probe, address.get(), address.bytes) != 0 && errno == ECONNREFUSED;
  ::close(probe);
  if (refused) unlink(path.c_str());
}

/// In a page that stays mapped as long as the process lives; null where there is no memory.
/// REQUIRES: the text is shorter than a page.
const char* read_only_copy(const std::string& text) {
  constexpr uint64_t page_bytes = 4096;
  void* page = mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                    /*fd=*/-1, /*offset=*/0);
  if (page == MAP_FAILED) return nullptr;
  std::memcpy(page, text.c_str(), text.size() + 1);
  return mprotect(page, page_bytes, PROT_READ) == 0 ? static_cast<const char*>(page) : nullptr;
}

}  // namespace

void Listeners::close() {
  for (int& socket : sockets_) {
    if (socket >= 0) ::close(socket);
    socket = -1;
  }
  if (unix_path_ != nullptr) unlinkat(AT_FDCWD, unix_path_, 0);
  unix_path_ = nullptr;
}

Failure Listeners::open(const Config& config) {
  port_ = static_cast<uint16_t>(config.server_port);
  for (const std::string_view address : AddressList(config.server_address.view())) {
    if (Failure failure = open_tcp(config, address)) return failure;
  }
  return config.server_unix_socket.bytes > 0 ? open_unix(config) : Failure();
}

Failure Listeners::open_tcp(const Config& config, std::string_view numbers) {
  // Where the system chooses the port, the further addresses get the one of the first.
  Address address = make_address(numbers, port_);
  const auto failed = [&](std::string_view step) -> Failure {
    return fmt::format("cannot {} {}: {}", step, tcp_name(numbers, port_), std::strerror(errno));
  };
  const int socket = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return failed("open a socket for");
  sockets_.push_back(socket);
  bool ready = set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1) &&
               set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1) &&
               set_option(socket, IPPROTO_TCP, TCP_MAXSEG, segment_bytes_max) &&
               set_buffers(socket, config) && set_keepalive(socket, config);
  // So that :: and 0.0.0.0 can both be listened on.
  if (address.storage.ss_family == AF_INET6) {
    ready = ready && set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  }
  if (!ready) return failed("set the socket options of");
  if (bind(socket, address.get(), address.bytes) != 0) return failed("bind to");
  if (listen(socket, static_cast<int>(config.server_backlog)) != 0) return failed("listen on");
  port_ = bound_port(socket);
  address_ += (address_.empty() ? "" : " and ") + tcp_name(numbers, port_);
  return {};
}

Failure Listeners::open_unix(const Config& config) {
  const std::string path(config.server_unix_socket.view());
  const auto failed = [&](std::string_view step) -> Failure {
    return fmt::format("cannot {} {}: {}", step, path, std::strerror(errno));
  };
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return failed("open a socket for");
  sockets_.push_back(socket);
  if (!set_buffers(socket, config)) return failed("set the socket options of");
  remove_stale(path);
  const char* kept_path = read_only_copy(path);
  if (kept_path == nullptr) return failed("remember the path of");
  Address address = make_address(path);
  if (bind(socket, address.get(), address.bytes) != 0) return failed("bind to");
  unix_path_ = kept_path;
  constexpr mode_t modes[] = {0700, 0770, 0777};
  if (chmod(path.c_str(), modes[config.server_unix_socket_access]) != 0) {
    return failed("set the permissions of");
  }
  if (listen(socket, static_cast<int>(config.server_backlog)) != 0) return failed("listen on");
  address_ += " and " + path;
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
