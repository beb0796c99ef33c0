// What a restricted ring still does, by trying every operation, flag and registration there is.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cerrno>

#include "server/uring.hpp"

namespace kv {
namespace {

enum class Kind { free, of_sockets, of_files_too };

class Ring {
 public:
  explicit Ring(Kind kind) {
    const bool restricted = kind != Kind::free;
    io_uring_params params = {};
    params.flags = restricted ? IORING_SETUP_R_DISABLED : 0U;
    REQUIRE(io_uring_queue_init_params(/*entries=*/4, &ring_, &params) == 0);
    if (restricted) REQUIRE(restrict_ring(ring_, kind == Kind::of_files_too) == 0);
  }
  ~Ring() { io_uring_queue_exit(&ring_); }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  /// What an operation on no descriptor completes with.
  int result_of(uint8_t operation, uint8_t flags = 0) {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    io_uring_prep_rw(operation, entry, /*fd=*/-1, /*addr=*/nullptr, /*len=*/0, /*offset=*/0);
    entry->flags = flags;
    REQUIRE(io_uring_submit_and_wait(&ring_, 1) == 1);
    io_uring_cqe* completion = nullptr;
    REQUIRE(io_uring_peek_cqe(&ring_, &completion) == 0);
    const int result = completion->res;
    io_uring_cqe_seen(&ring_, completion);
    return result;
  }

  int register_result(unsigned operation) {
    return io_uring_register(static_cast<unsigned>(ring_.ring_fd), operation, nullptr, 0);
  }

 private:
  io_uring ring_ = {};
};

bool is_in_use(unsigned operation, Kind kind) {
  const bool of_sockets =
      operation == IORING_OP_ACCEPT || operation == IORING_OP_RECV || operation == IORING_OP_SEND;
  const bool of_files = operation == IORING_OP_WRITE || operation == IORING_OP_FSYNC;
  return of_sockets || (of_files && kind == Kind::of_files_too);
}

TEST_CASE("a restricted ring accepts, receives and sends, and refuses every other operation") {
  for (const Kind kind : {Kind::of_sockets, Kind::of_files_too}) {
    // Where snapshots are on, it also writes and syncs files.
    INFO("files too " << (kind == Kind::of_files_too));
    Ring ring(kind);
    for (unsigned operation = 0; operation < IORING_OP_LAST; ++operation) {
      INFO("operation " << operation);
      const int result = ring.result_of(static_cast<uint8_t>(operation));
      // -1 is no descriptor, which is found out only by an operation that is permitted.
      CHECK(result == (is_in_use(operation, kind) ? -EBADF : -EACCES));
    }
  }
  Ring free(Kind::free);
  CHECK(free.result_of(IORING_OP_NOP) == 0);
  CHECK(free.result_of(IORING_OP_OPENAT) != -EACCES);
}

TEST_CASE("a restricted ring takes no flag but that of the shared buffers") {
  for (const Kind kind : {Kind::of_sockets, Kind::of_files_too}) {
    Ring ring(kind);
    for (unsigned bit = 0; bit <= IOSQE_CQE_SKIP_SUCCESS_BIT; ++bit) {
      const auto flag = static_cast<uint8_t>(1U << bit);
      INFO("flag " << bit);
      CHECK(ring.result_of(IORING_OP_RECV, flag) ==
            (flag == IOSQE_BUFFER_SELECT ? -EBADF : -EACCES));
    }
  }
}

TEST_CASE("a restricted ring registers nothing any more") {
  for (const Kind kind : {Kind::of_sockets, Kind::of_files_too}) {
    Ring ring(kind);
    for (unsigned operation = 0; operation < IORING_REGISTER_LAST; ++operation) {
      INFO("registration " << operation);
      CHECK(ring.register_result(operation) == -EACCES);
    }
  }
}

}  // namespace
}  // namespace kv
