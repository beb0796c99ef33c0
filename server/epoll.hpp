// The epoll backend, for kernels and containers that refuse io_uring.
//
// Sockets are watched edge-triggered from their first operation until they are closed, so the
// kernel is asked what changed and never told what to look for again. An operation is tried when
// its socket is said to be ready, and kept in the socket's record until it succeeds: the arena
// has a record for each file descriptor, and nothing else grows with clients.
//
//     verb ──► queue of sockets that can go on ──► recv, send, accept4 ──► Completion
//                        ▲                                │ EAGAIN
//                        └──────── epoll_wait ◄───────────┘
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>

#include "kvcore/memory/arena.hpp"
#include "kvcore/memory/index_pool.hpp"
#include "kvcore/plan/config.hpp"
#include "kvcore/plan/records.hpp"
#include "server/connections.hpp"
#include "server/socket_io.hpp"

namespace kv {

class Epoll final : public SocketIo {
 public:
  /// A record for each descriptor, room for events, and which shared buffers are free.
  struct Memory {
    std::span<EpollSocket> sockets;
    std::span<EpollEvent> events;
    std::span<uint32_t> free_buffers;
  };

  /// Carves them; nothing where the config excludes epoll. REQUIRES: a
  /// resolved config.
  static Memory carve(Arena& arena, const Config& config);

  Epoll() = default;
  ~Epoll() override;
  Epoll(const Epoll&) = delete;
  Epoll& operator=(const Epoll&) = delete;

  /// Opens the descriptor of epoll; `buffers` are those of receive_any(). The failure says what
  /// the kernel refuses.
  [[nodiscard]] Failure start(const Memory& memory, BufferArea buffers);

  [[nodiscard]] Failure listen_on(std::span<const int> sockets, const sigset_t& awaited) override;

  void accept(uint32_t listener) override;
  void stop_accepting() override;
  void receive_any(Target target) override;
  void receive_into(Target target, std::span<char> room) override;
  void send(Target target, std::span<const char> bytes) override;
  void release_buffer(uint32_t buffer) override;
  void write_file(int file, uint64_t offset, std::span<const std::byte> bytes) override;
  void sync_file(int file) override;
  void shut_down(int socket) override;
  void close(int socket) override;
  uint64_t wait(std::span<Completion> out, uint64_t timeout_ms) override;

 private:
  // What an event is of: a socket, by its descriptor, a listener by its index, or a signal.
  static constexpr uint64_t listener_tag = uint64_t{1} << 32;
  static constexpr uint64_t signal_tag = uint64_t{1} << 33;

  /// Sockets with something to try, in the order in which they came; links are in the records.
  struct Queue {
    uint32_t head = index_none;
    uint32_t tail = index_none;
    bool empty() const { return head == index_none; }
  };

  /// The completions of one wait().
  struct Batch {
    std::span<Completion> out;
    uint64_t count = 0;
    /// A socket completes at most a receive and a send.
    bool has_room() const { return out.size() - count >= 2; }
    void add(const Completion& completion) { out[count++] = completion; }
  };

  Failure check_descriptors() const;
  EpollSocket& begin(Target target);
  void watch(uint32_t index, int how, uint32_t events);
  uint32_t pop(Queue& queue);
  void go_on(uint32_t index);
  void try_queued(Batch& batch);
  void try_accept(Batch& batch);
  void try_file(Batch& batch);
  void try_send(uint32_t index, Batch& batch);
  void try_receive(uint32_t index, Batch& batch);
  void look(bool at_once, uint64_t timeout_ms);
  void note(uint64_t tag, uint32_t events);

  std::span<EpollSocket> sockets_;
  std::span<epoll_event> events_;
  IndexPool free_buffers_;
  BufferArea buffers_;
  Queue queue_;
  Queue late_;  ///< found no free buffer the last time: they go before the others
  int epoll_ = -1;
  int signals_ = -1;
  uint32_t accepting_ = 0;   ///< a bit for each listener with an accept in flight
  uint32_t acceptable_ = 0;  ///< a bit for each listener that may have a client
  uint32_t of_unix_ = 0;     ///< a bit for each listener that is a Unix socket
  bool stopped_ = false;     ///< no listener accepts any more
  bool looked_ = false;      ///< the last wait() has asked the kernel
  int file_ = -1;            ///< that is written or synced; -1 for none
  uint64_t file_offset_ = 0;
  std::span<const std::byte> file_bytes_;  ///< empty to sync
};

}  // namespace kv
