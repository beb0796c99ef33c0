// An io_uring for one thread and many sockets: deferred task work, and a ring of receive buffers
// that all sockets share. It is what the load generator and the echo limit are made of, so both
// cost what the kernel costs and little else.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace kv::bench {

enum class Event : uint8_t { accepted, received, sent };

/// How a socket is received from: once for each call, or until the kernel says that it stopped.
enum class Receive : uint8_t { single, multishot };

/// Something that the kernel has finished. `result` is a byte count, a descriptor, or -errno.
struct Completion {
  Event event;
  bool armed;  // more completions of this receive or accept will follow
  uint32_t index;
  int result;
  std::span<const char> bytes;  // what was received; until release()
  uint32_t buffer;              // for release(), or `no_buffer`
};

constexpr uint32_t no_buffer = UINT32_MAX;

/// Gives back what mmap gave.
struct Unmap {
  size_t bytes = 0;
  void operator()(void* memory) const;
};

class Ring {
 public:
  Ring() = default;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring();

  /// Room for `sockets` that each send and receive at once. Returns why the kernel refuses, or
  /// "". REQUIRES: 1 to 30,000 sockets.
  std::string open(uint32_t sockets, Receive receive);

  void accept(int listener);  // multishot
  void receive(int socket, uint32_t index);
  /// `bytes` stay as they are until Event::sent; fewer of them may have been sent.
  void send(int socket, uint32_t index, std::span<const char> bytes);
  void release(uint32_t buffer);

  /// Submits. Returns when something has completed, when `timeout_ns` are over, or when a signal
  /// came; at once with a timeout of 0.
  void enter(uint64_t timeout_ns);

  /// Calls `handle` with the oldest completions, `limit` of them at most.
  template <class Handle>
  void drain(unsigned limit, Handle&& handle) {
    io_uring_cqe* entry = nullptr;
    unsigned head = 0;
    unsigned count = 0;
    io_uring_for_each_cqe(&ring_, head, entry) {
      if (count == limit) break;
      ++count;
      handle(decode(*entry));
    }
    io_uring_cq_advance(&ring_, count);
  }

 private:
  io_uring_sqe* next_entry(Event event, uint32_t index);
  [[nodiscard]] Completion decode(const io_uring_cqe& entry) const;
  std::string open_buffers(uint32_t count);

  io_uring ring_ = {};
  bool open_ = false;
  Receive receive_ = Receive::single;
  std::unique_ptr<io_uring_buf_ring, Unmap> buffer_ring_;
  std::unique_ptr<char[]> buffers_;
  uint32_t buffer_count_ = 0;
};

}  // namespace kv::bench
