#include "server/uring.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include "kvcore/memory/assert.hpp"

namespace kv {

namespace {

constexpr uint32_t generation_mask = 0xffffff;
constexpr int buffer_group = 0;

/// What the kernel takes for a signal set, which is not what the C library does.
constexpr uint32_t kernel_sigset_bytes = _NSIG / 8;

uint64_t encode(Operation operation, Target target) {
  return uint64_t{static_cast<uint8_t>(operation)} << 56 |
         uint64_t{target.generation & generation_mask} << 32 | target.connection;
}

Completion decode(const io_uring_cqe& entry) {
  const bool buffered = (entry.flags & IORING_CQE_F_BUFFER) != 0;
  return {static_cast<Operation>(entry.user_data >> 56), static_cast<uint32_t>(entry.user_data),
          static_cast<uint32_t>(entry.user_data >> 32) & generation_mask, entry.res,
          buffered ? entry.flags >> IORING_CQE_BUFFER_SHIFT : index_none};
}

}  // namespace

Uring::~Uring() {
  if (!open_) return;
  // io_uring_queue_exit() would unmap the arena's pages, where the rings are in it.
  if (rings_in_arena_) {
    ::close(ring_.ring_fd);
  } else {
    io_uring_queue_exit(&ring_);
  }
}

/// A full submission queue is no error: what is queued goes to the kernel, and there is room.
io_uring_sqe* Uring::next_submission() {
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  while (entry == nullptr) {
    enter(/*completions_wanted=*/0, /*timeout=*/nullptr);
    entry = io_uring_get_sqe(&ring_);
  }
  return entry;
}

void Uring::accept(uint32_t listener) {
  KV_ASSERT(listener < listeners_.size());
  io_uring_sqe* entry = next_submission();
  io_uring_prep_accept(entry, listeners_[listener], nullptr, nullptr, SOCK_CLOEXEC);
  entry->user_data = encode(Operation::accept, {listener, 0, listeners_[listener]});
}

void Uring::receive_any(Target target) {
  io_uring_sqe* entry = next_submission();
  io_uring_prep_recv(entry, target.socket, nullptr, buffer_bytes_, 0);
  // A client sends its next request after it has our reply: to poll first saves a receive
  // that would find nothing.
  entry->ioprio = IORING_RECVSEND_POLL_FIRST;
  entry->flags = IOSQE_BUFFER_SELECT;
  entry->buf_group = buffer_group;
  entry->user_data = encode(Operation::receive, target);
}

void Uring::receive_into(Target target, std::span<char> room) {
  KV_ASSERT(!room.empty());
  io_uring_sqe* entry = next_submission();
  io_uring_prep_recv(entry, target.socket, room.data(), room.size(), 0);
  entry->user_data = encode(Operation::receive, target);
}

void Uring::send(Target target, std::span<const char> bytes) {
  KV_ASSERT(!bytes.empty());
  io_uring_sqe* entry = next_submission();
  io_uring_prep_send(entry, target.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  entry->user_data = encode(Operation::send, target);
}

void Uring::release_buffer(uint32_t buffer) {
  KV_ASSERT(uint64_t{buffer} * buffer_bytes_ < buffers_.size());
  io_uring_buf_ring_add(buffer_ring_, buffers_.data() + buffer * buffer_bytes_,
                        static_cast<unsigned>(buffer_bytes_), static_cast<uint16_t>(buffer),
                        static_cast<int>(buffer_ring_entries_ - 1), /*buf_offset=*/0);
  io_uring_buf_ring_advance(buffer_ring_, 1);
}

void Uring::write_file(int file, uint64_t offset, std::span<const std::byte> bytes) {
  KV_ASSERT(!bytes.empty());
  io_uring_sqe* entry = next_submission();
  io_uring_prep_write(entry, file, bytes.data(), static_cast<unsigned>(bytes.size()), offset);
  entry->user_data = encode(Operation::file, {0, 0, file});
}

void Uring::sync_file(int file) {
  io_uring_sqe* entry = next_submission();
  io_uring_prep_fsync(entry, file, /*fsync_flags=*/0);
  entry->user_data = encode(Operation::file, {0, 0, file});
}

/// Publishes the queued submissions and returns how many the kernel has not taken yet.
unsigned Uring::publish_submissions() {
  io_uring_sq& sq = ring_.sq;
  sq.sqe_head = sq.sqe_tail;
  io_uring_smp_store_release(sq.ktail, sq.sqe_tail);
  return sq.sqe_tail - io_uring_smp_load_acquire(sq.khead);
}

/// One system call: submits, runs deferred work, and waits. Not the library's call, which
/// goes on waiting when a signal arrives right after a submission.
void Uring::enter(unsigned completions_wanted, const __kernel_timespec* timeout) {
  io_uring_getevents_arg argument = {};
  argument.sigmask = reinterpret_cast<uint64_t>(&unblocked_);
  argument.sigmask_sz = kernel_sigset_bytes;
  argument.ts = reinterpret_cast<uint64_t>(timeout);
  const unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG |
                         (descriptor_registered_ ? IORING_ENTER_REGISTERED_RING : 0U);
  io_uring_enter2(static_cast<unsigned>(ring_.enter_ring_fd), publish_submissions(),
                  completions_wanted, flags, reinterpret_cast<sigset_t*>(&argument),
                  sizeof argument);
}

uint64_t Uring::wait(std::span<Completion> out, uint64_t timeout_ms) {
  __kernel_timespec timeout = {};
  timeout.tv_sec = static_cast<int64_t>(timeout_ms / 1000);
  timeout.tv_nsec = static_cast<int64_t>(timeout_ms % 1000 * 1000000);
  const bool ready = io_uring_cq_ready(&ring_) > 0;
  // Errors need no handling of their own: a signal or a timeout shows as nothing completed,
  // and what the kernel did not take is submitted by the next call.
  enter(ready ? 0 : 1, timeout_ms == UINT64_MAX ? nullptr : &timeout);
  io_uring_cqe* entry = nullptr;
  unsigned head = 0;
  uint64_t count = 0;
  io_uring_for_each_cqe(&ring_, head, entry) {
    if (count == out.size()) break;
    out[count++] = decode(*entry);
  }
  io_uring_cq_advance(&ring_, static_cast<unsigned>(count));
  KV_ASSERT(*ring_.cq.koverflow == 0);
  return count;
}

}  // namespace kv
