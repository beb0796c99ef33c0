#include "server/socket_io.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace kv {

namespace {

uint64_t clock_us(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

SocketName name_of(const sockaddr_storage& storage) {
  SocketName name = {};
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    name.family = SocketName::Family::v4;
    name.port = ntohs(v4.sin_port);
    name.address[10] = name.address[11] = 0xff;
    std::memcpy(name.address + 12, &v4.sin_addr, sizeof v4.sin_addr);
  } else if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    name.family = SocketName::Family::v6;
    name.port = ntohs(v6.sin6_port);
    std::memcpy(name.address, &v6.sin6_addr, sizeof v6.sin6_addr);
  } else if (storage.ss_family == AF_UNIX) {
    name.family = SocketName::Family::unix_socket;
  }
  return name;
}

}  // namespace

Failure SocketIo::listen_on(std::span<const int> sockets, const sigset_t& awaited) {
  listeners_ = sockets;
  pthread_sigmask(SIG_BLOCK, nullptr, &unblocked_);
  for (int signal = 1; signal < NSIG; ++signal) {
    if (sigismember(&awaited, signal) == 1) sigdelset(&unblocked_, signal);
  }
  return {};
}

void SocketIo::stop_accepting() {
  for (const int socket : listeners_) ::shutdown(socket, SHUT_RDWR);
}

void SocketIo::name(int socket, SocketName& peer, SocketName& local) {
  sockaddr_storage storage = {};
  socklen_t bytes = sizeof storage;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&storage), &bytes) == 0) {
    peer = name_of(storage);
  }
  bytes = sizeof storage;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &bytes) == 0) {
    local = name_of(storage);
  }
}

bool SocketIo::has_left(int socket) {
  pollfd asked = {socket, POLLRDHUP, 0};
  return ::poll(&asked, 1, /*timeout=*/0) > 0;
}

void SocketIo::shut_down(int socket) { ::shutdown(socket, SHUT_RDWR); }

uint64_t SocketIo::unsent_bytes(int socket) {
  int bytes = 0;
  if (ioctl(socket, SIOCOUTQ, &bytes) != 0 || bytes <= 0) return 0;
  // The count of a connection that was reset stays what it was; it has no peer.
  sockaddr_storage peer = {};
  socklen_t peer_bytes = sizeof peer;
  const bool connected = getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &peer_bytes) == 0;
  return connected ? static_cast<uint64_t>(bytes) : 0;
}

void SocketIo::end_sending(int socket) { ::shutdown(socket, SHUT_WR); }

/// A close that may not wait at all is a reset.
void SocketIo::drop_unsent(int socket) {
  constexpr linger at_once = {/*l_onoff=*/1, /*l_linger=*/0};
  setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void SocketIo::close(int socket) { ::close(socket); }

void SocketIo::refuse(int socket, std::string_view text) {
  // The client may be gone already; there is nobody else to tell.
  [[maybe_unused]] const ssize_t sent =
      ::send(socket, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ::close(socket);
}

uint64_t SocketIo::monotonic_us() { return clock_us(CLOCK_MONOTONIC); }

uint64_t SocketIo::unix_us() { return clock_us(CLOCK_REALTIME); }

int SocketIo::exchange_names(int directory, const char* one, const char* other) {
  return renameat2(directory, one, directory, other, RENAME_EXCHANGE) == 0 ? 0 : errno;
}

FileId SocketIo::file_id(int directory, const char* name) {
  struct statx facts = {};
  if (statx(directory, name, AT_SYMLINK_NOFOLLOW, STATX_INO, &facts) != 0) return {};
  return {uint64_t{facts.stx_dev_major} << 32 | facts.stx_dev_minor, facts.stx_ino};
}

}  // namespace kv
