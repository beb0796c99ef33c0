#include "bench/net/ring.hpp"

#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace kv::bench {

namespace {

constexpr uint32_t buffer_bytes = 16384;
constexpr int buffer_group = 0;
constexpr uint64_t nanoseconds = 1'000'000'000;

}  // namespace

void Unmap::operator()(void* memory) const { munmap(memory, bytes); }

Ring::~Ring() {
  if (open_) io_uring_queue_exit(&ring_);
}

std::string Ring::open(uint32_t sockets, Receive receive) {
  receive_ = receive;
  io_uring_params params = {};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE |
                 IORING_SETUP_SUBMIT_ALL;
  params.cq_entries = std::bit_ceil(2 * sockets + 64);
  const int result =
      io_uring_queue_init_params(std::min(std::bit_ceil(2 * sockets), 1024U), &ring_, &params);
  if (result != 0) return fmt::format("the kernel refuses io_uring: {}", std::strerror(-result));
  open_ = true;
  io_uring_register_ring_fd(&ring_);  // saves a look-up in each call; without it all works too
  return open_buffers(std::clamp(std::bit_ceil(2 * sockets), 32U, 4096U));
}

std::string Ring::open_buffers(uint32_t count) {
  const size_t ring_bytes = count * sizeof(io_uring_buf);
  void* memory = mmap(nullptr, ring_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                      /*fd=*/-1, /*offset=*/0);
  if (memory == MAP_FAILED) return "no memory for the buffer ring";
  buffer_ring_ = {static_cast<io_uring_buf_ring*>(memory), Unmap{ring_bytes}};
  buffers_ = std::make_unique_for_overwrite<char[]>(uint64_t{count} * buffer_bytes);
  buffer_count_ = count;
  io_uring_buf_ring_init(buffer_ring_.get());
  io_uring_buf_reg registration = {};
  registration.ring_addr = reinterpret_cast<uint64_t>(memory);
  registration.ring_entries = count;
  const int result = io_uring_register_buf_ring(&ring_, &registration, 0);
  if (result != 0) return fmt::format("no ring of buffers: {}", std::strerror(-result));
  for (uint32_t i = 0; i < count; ++i) release(i);
  return "";
}

io_uring_sqe* Ring::next_entry(Event event, uint32_t index) {
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  while (entry == nullptr) {
    io_uring_submit(&ring_);
    entry = io_uring_get_sqe(&ring_);
  }
  // The only field that the io_uring_prep functions leave as it is.
  entry->user_data = uint64_t{static_cast<uint8_t>(event)} << 32 | index;
  return entry;
}

void Ring::accept(int listener) {
  io_uring_prep_multishot_accept(next_entry(Event::accepted, 0), listener, nullptr, nullptr,
                                 SOCK_CLOEXEC);
}

void Ring::receive(int socket, uint32_t index) {
  io_uring_sqe* entry = next_entry(Event::received, index);
  if (receive_ == Receive::multishot) {
    io_uring_prep_recv_multishot(entry, socket, nullptr, 0, 0);
  } else {
    io_uring_prep_recv(entry, socket, nullptr, buffer_bytes, 0);
    entry->ioprio = IORING_RECVSEND_POLL_FIRST;
  }
  entry->flags = IOSQE_BUFFER_SELECT;
  entry->buf_group = buffer_group;
}

void Ring::send(int socket, uint32_t index, std::span<const char> bytes) {
  io_uring_prep_send(next_entry(Event::sent, index), socket, bytes.data(), bytes.size(),
                     MSG_NOSIGNAL);
}

void Ring::release(uint32_t buffer) {
  io_uring_buf_ring_add(buffer_ring_.get(), buffers_.get() + uint64_t{buffer} * buffer_bytes,
                        buffer_bytes, static_cast<uint16_t>(buffer),
                        static_cast<int>(buffer_count_ - 1), /*buf_offset=*/0);
  io_uring_buf_ring_advance(buffer_ring_.get(), 1);
}

void Ring::enter(uint64_t timeout_ns) {
  if (timeout_ns == 0 || io_uring_cq_ready(&ring_) > 0) {
    io_uring_submit_and_get_events(&ring_);
    return;
  }
  __kernel_timespec timeout = {};
  timeout.tv_sec = static_cast<int64_t>(timeout_ns / nanoseconds);
  timeout.tv_nsec = static_cast<int64_t>(timeout_ns % nanoseconds);
  io_uring_cqe* entry = nullptr;
  io_uring_submit_and_wait_timeout(&ring_, &entry, 1, &timeout, nullptr);
}

Completion Ring::decode(const io_uring_cqe& entry) const {
  Completion completion = {static_cast<Event>(entry.user_data >> 32),
                           (entry.flags & IORING_CQE_F_MORE) != 0,
                           static_cast<uint32_t>(entry.user_data),
                           entry.res,
                           {},
                           no_buffer};
  if ((entry.flags & IORING_CQE_F_BUFFER) != 0) {
    completion.buffer = entry.flags >> IORING_CQE_BUFFER_SHIFT;
    if (entry.res > 0) {
      completion.bytes = {buffers_.get() + uint64_t{completion.buffer} * buffer_bytes,
                          static_cast<size_t>(entry.res)};
    }
  }
  return completion;
}

}  // namespace kv::bench
