// Opening what the epoll backend watches with, and watching what it listens on.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kvcore/memory/assert.hpp"
#include "kvcore/plan/descriptors.hpp"
#include "server/epoll.hpp"

namespace kv {

namespace {

/// How many events one call reports; more gain nothing.
constexpr uint64_t events_max = 256;

std::string refused(std::string_view call, int error) {
  return fmt::format("the kernel refuses {} ({})", call, std::strerror(error));
}

}  // namespace

Epoll::Memory Epoll::carve(Arena& arena, const Config& config) {
  if (static_cast<IoChoice>(config.server_io) == IoChoice::io_uring) return {};
  Memory memory;
  memory.sockets = arena.take<EpollSocket>(Part::epoll_sockets, descriptors_needed(config), 64);
  memory.events = arena.take<EpollEvent>(Part::epoll_events, events_max, 64);
  memory.free_buffers = arena.take<uint32_t>(Part::epoll_free_list, config.request_buffers);
  return memory;
}

Epoll::~Epoll() {
  if (epoll_ >= 0) ::close(epoll_);
  if (signals_ >= 0) ::close(signals_);
}

/// The clients' descriptors have to be among those that have a record. The kernel hands out the
/// lowest that is free, so what is open already counts, whatever it is.
Failure Epoll::check_descriptors() const {
  uint64_t open = 0;
  for (uint64_t i = 0; i < sockets_.size(); ++i) {
    if (fcntl(static_cast<int>(i), F_GETFD) >= 0) ++open;
  }
  if (open <= own_descriptors) return {};
  return fmt::format(
      "{} file descriptors are open already, and {} are planned for beside those of clients; close "
      "what kvd inherits, or choose server.io = io_uring",
      open, own_descriptors);
}

Failure Epoll::start(const Memory& memory, BufferArea buffers) {
  KV_ASSERT(memory.free_buffers.size() == buffers.count());
  static_assert(sizeof(epoll_event) <= sizeof(EpollEvent));
  sockets_ = memory.sockets;
  events_ = {reinterpret_cast<epoll_event*>(memory.events.data()), memory.events.size()};
  free_buffers_ = IndexPool(memory.free_buffers);
  buffers_ = buffers;
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return refused("epoll_create1", errno);
  return {};
}

Failure Epoll::listen_on(std::span<const int> sockets, const sigset_t& awaited) {
  if (Failure failure = SocketIo::listen_on(sockets, awaited)) return failure;
  // epoll_wait() reports events before it looks at signals, so under load a signal would never
  // come through; as an event of its own it does.
  signals_ = signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals_ < 0) return refused("signalfd", errno);
  epoll_event event = {EPOLLIN, {.u64 = signal_tag}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, signals_, &event) != 0) return refused("epoll_ctl", errno);
  for (uint64_t i = 0; i < sockets.size(); ++i) {
    int domain = 0;
    socklen_t domain_bytes = sizeof domain;
    getsockopt(sockets[i], SOL_SOCKET, SO_DOMAIN, &domain, &domain_bytes);
    if (domain == AF_UNIX) of_unix_ |= 1U << i;
    const int flags = fcntl(sockets[i], F_GETFL);
    if (fcntl(sockets[i], F_SETFL, flags | O_NONBLOCK) != 0) return refused("O_NONBLOCK", errno);
    event = {EPOLLIN | EPOLLET, {.u64 = listener_tag | i}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, sockets[i], &event) != 0) {
      return refused("epoll_ctl", errno);
    }
  }
  return check_descriptors();
}

}  // namespace kv
