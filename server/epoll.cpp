#include "server/epoll.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <climits>

#include "kvcore/memory/assert.hpp"

namespace kv {

namespace {

// EpollSocket::flags.
constexpr uint16_t receiving = 1;      ///< a receive is in flight
constexpr uint16_t sending = 2;        ///< a send is in flight
constexpr uint16_t readable = 4;       ///< there may be something to receive
constexpr uint16_t writable = 8;       ///< there may be room to send
constexpr uint16_t to_the_end = 16;    ///< readable until recv() says that nothing is left
constexpr uint16_t queued = 32;        ///< in the queue of those that can go on
constexpr uint16_t late = 64;          ///< found no free buffer the last time
constexpr uint16_t watched = 128;      ///< the kernel reports what happens to it
constexpr uint16_t watches_out = 256;  ///< that there is room to send as well
constexpr uint16_t shut = 512;         ///< both directions were ended

/// Urgent data stops recv() before what lies behind it; an end or an error is no new event once
/// the bytes before it were read. A short read does not mean then that all was read. On a Unix
/// socket it never does: recv() also stops at bytes that came with a descriptor.
constexpr uint32_t no_short_reads = EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
constexpr uint32_t reports_input = EPOLLIN | no_short_reads;
constexpr uint32_t reports_room = EPOLLOUT | EPOLLHUP | EPOLLERR;

bool has(const EpollSocket& socket, uint16_t flags) { return (socket.flags & flags) == flags; }
void set(EpollSocket& socket, uint16_t flags) {
  socket.flags = static_cast<uint16_t>(socket.flags | flags);
}
void clear(EpollSocket& socket, uint16_t flags) {
  socket.flags = static_cast<uint16_t>(socket.flags & ~flags);
}

/// Whether one of its operations may succeed now.
bool can_go_on(const EpollSocket& socket) {
  return has(socket, receiving | readable) || has(socket, sending | writable);
}

}  // namespace

/// The record of a socket that begins an operation. With the first one the kernel begins to
/// watch it; where it refuses that, the operation is tried at once and ends with the error.
EpollSocket& Epoll::begin(Target target) {
  const auto index = static_cast<uint32_t>(target.socket);
  KV_ASSERT(index < sockets_.size());
  EpollSocket& socket = sockets_[index];
  if (!has(socket, watched)) {
    socket.connection = target.connection;
    socket.generation = target.generation;
    set(socket, watched | writable);
    // Room to send is not watched for until it is missing: the kernel would report it each time
    // that a client of a Unix socket reads.
    watch(index, EPOLL_CTL_ADD, EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET);
  }
  KV_ASSERT(socket.connection == target.connection);
  KV_ASSERT(socket.generation == target.generation);
  return socket;
}

void Epoll::watch(uint32_t index, int how, uint32_t events) {
  epoll_event event = {events, {.u64 = index}};
  if (epoll_ctl(epoll_, how, static_cast<int>(index), &event) == 0) return;
  sockets_[index].error = static_cast<uint16_t>(errno);
  set(sockets_[index], readable | writable);
}

void Epoll::accept(uint32_t listener) {
  KV_ASSERT(listener < listeners_.size());
  accepting_ |= 1U << listener;
}

/// A client that a listener still has is accepted first.
void Epoll::stop_accepting() {
  SocketIo::stop_accepting();
  acceptable_ = UINT32_MAX;
  stopped_ = true;
}

void Epoll::receive_any(Target target) { receive_into(target, {}); }

void Epoll::receive_into(Target target, std::span<char> room) {
  EpollSocket& socket = begin(target);
  KV_ASSERT(!has(socket, receiving));
  socket.room = room.data();
  socket.room_bytes = static_cast<uint32_t>(room.size());
  set(socket, receiving);
  go_on(static_cast<uint32_t>(target.socket));
}

void Epoll::send(Target target, std::span<const char> bytes) {
  KV_ASSERT(!bytes.empty());
  EpollSocket& socket = begin(target);
  KV_ASSERT(!has(socket, sending));
  socket.data = bytes.data();
  socket.data_bytes = static_cast<uint32_t>(bytes.size());
  set(socket, sending);
  go_on(static_cast<uint32_t>(target.socket));
}

void Epoll::release_buffer(uint32_t buffer) {
  KV_ASSERT(buffer < buffers_.count());
  free_buffers_.release(buffer);
}

void Epoll::shut_down(int socket) {
  SocketIo::shut_down(socket);
  EpollSocket& record = sockets_[static_cast<uint32_t>(socket)];
  set(record, readable | writable | to_the_end | shut);
  go_on(static_cast<uint32_t>(socket));
}

/// The kernel forgets a descriptor that is closed, and what it had to report of it.
void Epoll::close(int socket) {
  EpollSocket& record = sockets_[static_cast<uint32_t>(socket)];
  KV_ASSERT((record.flags & (receiving | sending | queued)) == 0);
  record = {};
  SocketIo::close(socket);
}

/// Queues the socket, if it is not queued yet, when one of its operations may succeed.
void Epoll::go_on(uint32_t index) {
  EpollSocket& socket = sockets_[index];
  if (has(socket, queued) || !can_go_on(socket)) return;
  set(socket, queued);
  socket.next = index_none;
  Queue& queue = has(socket, late | receiving) ? late_ : queue_;
  (queue.empty() ? queue.head : sockets_[queue.tail].next) = index;
  queue.tail = index;
}

uint32_t Epoll::pop(Queue& queue) {
  const uint32_t index = queue.head;
  queue.head = sockets_[index].next;
  clear(sockets_[index], queued);
  return index;
}

void Epoll::try_queued(Batch& batch) {
  for (Queue* queue : {&late_, &queue_}) {
    while (!queue->empty() && batch.has_room()) {
      const uint32_t index = pop(*queue);
      if (has(sockets_[index], sending | writable)) try_send(index, batch);
      if (has(sockets_[index], receiving | readable)) try_receive(index, batch);
    }
  }
}

void Epoll::try_send(uint32_t index, Batch& batch) {
  EpollSocket& socket = sockets_[index];
  int64_t result = -int64_t{socket.error};
  if (result == 0) {
    result = ::send(static_cast<int>(index), socket.data, socket.data_bytes, MSG_NOSIGNAL);
    if (result < 0) result = -errno;
  }
  if (result == -EAGAIN && !has(socket, shut)) {
    clear(socket, writable);
    if (has(socket, watches_out)) return;
    set(socket, watches_out);
    watch(index, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET);
    if (socket.error == 0) return;
    result = -int64_t{socket.error};
  }
  clear(socket, sending);
  batch.add({Operation::send, socket.connection, socket.generation, static_cast<int32_t>(result),
             index_none});
}

void Epoll::try_receive(uint32_t index, Batch& batch) {
  EpollSocket& socket = sockets_[index];
  std::span<char> room(socket.room, socket.room_bytes);
  uint32_t buffer = index_none;
  int64_t result = -int64_t{socket.error};
  if (result == 0 && socket.room == nullptr) {
    buffer = free_buffers_.acquire();
    if (buffer == index_none) {
      result = -ENOBUFS;
      set(socket, late);
    } else {
      room = buffers_[buffer];
    }
  }
  if (result == 0) {
    result = ::recv(static_cast<int>(index), room.data(), room.size(), /*flags=*/0);
    if (result < 0) result = -errno;
    clear(socket, late);
    const bool is_short = result < static_cast<int64_t>(room.size());
    if (result == -EAGAIN || (is_short && !has(socket, to_the_end))) clear(socket, readable);
    if (buffer != index_none && result <= 0) {
      free_buffers_.release(buffer);
      buffer = index_none;
    }
    if (result == -EAGAIN && !has(socket, shut)) return;
  }
  clear(socket, receiving);
  batch.add({Operation::receive, socket.connection, socket.generation, static_cast<int32_t>(result),
             buffer});
}

void Epoll::try_accept(Batch& batch) {
  for (uint32_t left = accepting_ & acceptable_; left != 0 && batch.has_room(); left &= left - 1) {
    const auto listener = static_cast<uint32_t>(std::countr_zero(left));
    const uint32_t bit = 1U << listener;
    int result = 0;
    do {
      result = accept4(listeners_[listener], nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (result < 0 && (errno == ECONNABORTED || errno == EINTR));
    if (result < 0) result = -errno;
    if (result == -EAGAIN && !stopped_) {
      acceptable_ &= ~bit;
      continue;
    }
    // Only where the process came with more descriptors of its own than the plan counts.
    if (result >= 0 && static_cast<uint64_t>(result) >= sockets_.size()) {
      ::close(result);
      result = -EMFILE;
    }
    accepting_ &= ~bit;
    if (result >= 0) {
      sockets_[static_cast<uint32_t>(result)].flags = (of_unix_ & bit) != 0 ? to_the_end : 0;
    }
    batch.add({Operation::accept, listener, 0, result, index_none});
  }
}

void Epoll::write_file(int file, uint64_t offset, std::span<const std::byte> bytes) {
  KV_ASSERT(file_ < 0);
  KV_ASSERT(!bytes.empty());
  file_ = file;
  file_offset_ = offset;
  file_bytes_ = bytes;
}

void Epoll::sync_file(int file) {
  KV_ASSERT(file_ < 0);
  file_ = file;
  file_bytes_ = {};
}

/// The server stands still for it, so no more than a piece is written in a turn.
void Epoll::try_file(Batch& batch) {
  if (file_ < 0 || !batch.has_room()) return;
  constexpr uint64_t piece_bytes = 65536;
  int64_t result = 0;
  if (file_bytes_.empty()) {
    result = fsync(file_);
  } else {
    const uint64_t bytes = std::min<uint64_t>(file_bytes_.size(), piece_bytes);
    result = pwrite(file_, file_bytes_.data(), bytes, static_cast<off_t>(file_offset_));
  }
  if (result < 0) result = -errno;
  file_ = -1;
  batch.add({Operation::file, 0, 0, static_cast<int32_t>(result), index_none});
}

/// Asks the kernel what has changed, and queues the sockets that can go on for it.
void Epoll::look(bool at_once, uint64_t timeout_ms) {
  int timeout = timeout_ms > INT_MAX ? INT_MAX : static_cast<int>(timeout_ms);
  if (timeout_ms == UINT64_MAX) timeout = -1;
  // An error can only be an interruption, which shows as nothing completed.
  const int count =
      epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), at_once ? 0 : timeout);
  for (int i = 0; i < count; ++i) note(events_[i].data.u64, events_[i].events);
}

void Epoll::note(uint64_t tag, uint32_t events) {
  if (tag == signal_tag) {
    // The one that is pending is delivered here, and the call returns.
    constexpr timespec at_once = {};
    ppoll(nullptr, 0, &at_once, &unblocked_);
    return;
  }
  if ((tag & listener_tag) != 0) {
    acceptable_ |= 1U << static_cast<uint32_t>(tag);
    return;
  }
  EpollSocket& socket = sockets_[tag];
  if ((events & reports_input) != 0) set(socket, readable);
  if ((events & reports_room) != 0) set(socket, writable);
  if ((events & no_short_reads) != 0) set(socket, to_the_end);
  go_on(static_cast<uint32_t>(tag));
}

/// What was queued is tried first, so that replies leave and those that are late come before
/// others. With something to report the kernel is asked every other time only: half the calls,
/// and nobody starves.
uint64_t Epoll::wait(std::span<Completion> out, uint64_t timeout_ms) {
  KV_ASSERT(out.size() >= 2);
  Batch batch{out};
  try_file(batch);
  try_accept(batch);
  try_queued(batch);
  const bool done = batch.count > 0;
  looked_ = !(done && looked_);
  if (!looked_) return batch.count;
  look(/*at_once=*/done, timeout_ms);
  try_accept(batch);
  try_queued(batch);
  return batch.count;
}

}  // namespace kv
