// The io_uring backend.
//
// All rings live in the arena (IORING_SETUP_NO_MMAP) where the kernel allows; else the kernel
// takes its own memory for them, which the plan states below the line. One system call per
// loop turn submits everything queued and collects everything completed. The completion ring
// has room for every operation that can be in flight, so it cannot overflow.
//
//     user_data:  | operation 8 | generation 24 | connection 32 |
#pragma once

#include <liburing.h>

#include <cstdint>
#include <span>

#include "kvcore/memory/arena.hpp"
#include "server/socket_io.hpp"

namespace kv {

class Uring final : public SocketIo {
 public:
  /// The memory of the rings: shared part, submission entries, buffer ring.
  struct Memory {
    std::span<std::byte> rings;
    std::span<io_uring_sqe> submissions;
    std::span<io_uring_buf> buffer_ring;
  };

  /// Carves the rings; nothing where the config excludes io_uring. REQUIRES: a resolved config.
  static Memory carve(Arena& arena, const Config& config);

  Uring() = default;
  ~Uring() override;
  Uring(const Uring&) = delete;
  Uring& operator=(const Uring&) = delete;

  /// Creates the ring over `memory` and registers `buffers` (buffers of `buffer_bytes` each)
  /// for receive_any(). A `restricted` ring does what restrict_ring() leaves and nothing else, for
  /// ever. One that `writes_files` has few threads of the kernel for that. The failure is why the
  /// kernel refuses, and what to change.
  struct Terms {
    uint64_t completions = 0;
    bool restricted = false;
    bool writes_files = false;
  };
  [[nodiscard]] Failure start(const Memory& memory, std::span<char> buffers, uint64_t buffer_bytes,
                              const Terms& given);

  bool rings_in_arena() const { return rings_in_arena_; }

  void accept(uint32_t listener) override;
  void receive_any(Target target) override;
  void receive_into(Target target, std::span<char> room) override;
  void send(Target target, std::span<const char> bytes) override;
  void release_buffer(uint32_t buffer) override;
  void write_file(int file, uint64_t offset, std::span<const std::byte> bytes) override;
  void sync_file(int file) override;
  uint64_t wait(std::span<Completion> out, uint64_t timeout_ms) override;

 private:
  Failure set_up(const Memory& memory, uint64_t completions, uint32_t more_flags);
  int set_up_in_arena(const Memory& memory, uint32_t flags, uint32_t completions);
  Failure register_buffers(const Memory& memory);
  io_uring_sqe* next_submission();
  unsigned publish_submissions();
  void enter(unsigned completions_wanted, const __kernel_timespec* timeout);

  io_uring ring_ = {};
  bool open_ = false;
  bool rings_in_arena_ = false;
  bool descriptor_registered_ = false;
  io_uring_buf_ring* buffer_ring_ = nullptr;
  uint64_t buffer_ring_entries_ = 0;
  std::span<char> buffers_;
  uint64_t buffer_bytes_ = 0;
};

/// Limits a ring to the operations and flags that Uring uses, and to no registration, and enables
/// it. REQUIRES: the ring was created with IORING_SETUP_R_DISABLED. Returns 0 or -errno. Source:
/// io_uring_register(2), IORING_REGISTER_RESTRICTIONS.
int restrict_ring(io_uring& ring, bool writes_files);

}  // namespace kv
