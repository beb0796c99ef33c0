// Creating the ring: in arena memory where the kernel can, with the best flags that it knows,
// and with an explanation where it refuses.

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>

#include "kvcore/memory/assert.hpp"
#include "server/uring.hpp"

namespace kv {

namespace {

// Flags that liburing 2.3's header does not know yet. Source: linux/io_uring.h.
constexpr uint32_t setup_no_mmap = 1U << 14;

constexpr uint64_t page_align = 4096;

constexpr uint32_t base_flags = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL;
constexpr uint32_t best_flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;

/// The first line of a file under /proc, or "" where there is none.
std::string read_line(const char* path) {
  std::string line;
  if (std::FILE* file = std::fopen(path, "r")) {
    char text[64] = {};
    if (std::fgets(text, sizeof text, file) != nullptr) line = text;
    std::fclose(file);
  }
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  return line;
}

/// What the kernel answers, what stands in the way, and what to change.
std::string explain(int error, uint64_t ring_bytes) {
  std::string text = std::strerror(error);
  const std::string disabled = read_line("/proc/sys/kernel/io_uring_disabled");
  rlimit locked = {};
  getrlimit(RLIMIT_MEMLOCK, &locked);
  if (error == ENOSYS) {
    text += ": it has no io_uring; kvd needs Linux 5.19 or newer";
  } else if (error == EPERM && (disabled == "1" || disabled == "2")) {
    text += fmt::format(
        ": kernel.io_uring_disabled is {}; allow it with "
        "'sysctl kernel.io_uring_disabled=0'",
        disabled);
  } else if (error == EPERM || error == EACCES) {
    text +=
        ": a seccomp profile forbids io_uring_setup; allow io_uring_setup, io_uring_enter and "
        "io_uring_register in it (Docker: --security-opt seccomp=PROFILE)";
  } else if (error == ENOMEM) {
    text += fmt::format(
        ": the rings need {} bytes of locked memory and RLIMIT_MEMLOCK is {} bytes; raise it "
        "(ulimit -l {}, LimitMEMLOCK= in systemd)",
        ring_bytes, static_cast<uint64_t>(locked.rlim_cur), ring_bytes / 1024 + 1);
  } else if (error == EINVAL) {
    text += ": it does not know the features that kvd uses; kvd needs Linux 5.19 or newer";
  }
  return text;
}

template <class T>
T* at(void* base, uint32_t offset) {
  return reinterpret_cast<T*>(static_cast<char*>(base) + offset);
}

/// Points the library's ring at memory that the kernel has filled in. Source: io_uring_setup(2),
/// struct io_uring_params.
void attach(io_uring& ring, int fd, const io_uring_params& params, void* rings,
            io_uring_sqe* submissions) {
  ring.ring_fd = ring.enter_ring_fd = fd;
  ring.flags = params.flags;
  ring.features = params.features;
  io_uring_sq& sq = ring.sq;
  sq.khead = at<unsigned>(rings, params.sq_off.head);
  sq.ktail = at<unsigned>(rings, params.sq_off.tail);
  sq.kring_mask = at<unsigned>(rings, params.sq_off.ring_mask);
  sq.kring_entries = at<unsigned>(rings, params.sq_off.ring_entries);
  sq.kflags = at<unsigned>(rings, params.sq_off.flags);
  sq.kdropped = at<unsigned>(rings, params.sq_off.dropped);
  sq.array = at<unsigned>(rings, params.sq_off.array);
  sq.sqes = submissions;
  sq.ring_mask = *sq.kring_mask;
  sq.ring_entries = *sq.kring_entries;
  for (unsigned i = 0; i < sq.ring_entries; ++i) sq.array[i] = i;
  io_uring_cq& cq = ring.cq;
  cq.khead = at<unsigned>(rings, params.cq_off.head);
  cq.ktail = at<unsigned>(rings, params.cq_off.tail);
  cq.kring_mask = at<unsigned>(rings, params.cq_off.ring_mask);
  cq.kring_entries = at<unsigned>(rings, params.cq_off.ring_entries);
  cq.kflags = at<unsigned>(rings, params.cq_off.flags);
  cq.koverflow = at<unsigned>(rings, params.cq_off.overflow);
  cq.cqes = at<io_uring_cqe>(rings, params.cq_off.cqes);
  cq.ring_mask = *cq.kring_mask;
  cq.ring_entries = *cq.kring_entries;
}

}  // namespace

Uring::Memory Uring::carve(Arena& arena, const Config& config) {
  if (static_cast<IoChoice>(config.server_io) == IoChoice::epoll) return {};
  const uint64_t submissions = std::min<uint64_t>(std::bit_ceil(2 * config.connections_max + 16),
                                                  /*more gain nothing*/ 1024);
  const uint64_t completions = std::bit_ceil(2 * config.connections_max + 64);
  const uint64_t shared_bytes =
      64 + completions * sizeof(io_uring_cqe) + submissions * sizeof(uint32_t);
  const uint64_t whole_pages = (shared_bytes + page_align - 1) / page_align * page_align;
  Memory memory;
  memory.rings = arena.take<std::byte>(Part::rings, whole_pages, page_align);
  memory.submissions = arena.take<io_uring_sqe>(Part::submissions, submissions, page_align);
  memory.buffer_ring = arena.take<io_uring_buf>(Part::buffer_ring,
                                                std::bit_ceil(config.request_buffers), page_align);
  return memory;
}

Failure Uring::start(const Memory& memory, std::span<char> buffers, uint64_t buffer_bytes,
                     const Terms& given) {
  buffers_ = buffers;
  buffer_bytes_ = buffer_bytes;
  const uint32_t more_flags = given.restricted ? IORING_SETUP_R_DISABLED : 0U;
  if (Failure failure = set_up(memory, given.completions, more_flags)) return failure;
  if (Failure failure = register_buffers(memory)) return failure;
  // One operation on a file is in flight at a time, so one thread is enough. A kernel before 5.15
  // has no such limit and makes no more of them for that.
  unsigned workers[] = {1, 1};
  if (given.writes_files) io_uring_register_iowq_max_workers(&ring_, workers);
  const int result = given.restricted ? restrict_ring(ring_, given.writes_files) : 0;
  if (result != 0) {
    return fmt::format("the kernel refuses to restrict io_uring ({})", std::strerror(-result));
  }
  for (uint64_t i = 0; i < buffers.size() / buffer_bytes; ++i) {
    release_buffer(static_cast<uint32_t>(i));
  }
  return {};
}

/// Tries, from the best: arena memory with deferred task work, the kernel's own memory with
/// it, and neither (Linux before 6.1).
Failure Uring::set_up(const Memory& memory, uint64_t completions, uint32_t more_flags) {
  const auto completion_entries = static_cast<uint32_t>(completions);
  const uint32_t common_flags = base_flags | more_flags;
  int result = set_up_in_arena(memory, common_flags | best_flags, completion_entries);
  rings_in_arena_ = result == 0;
  for (const uint32_t flags : {best_flags, uint32_t{IORING_SETUP_COOP_TASKRUN}}) {
    if (result == 0) break;
    io_uring_params params = {};
    params.flags = common_flags | flags;
    params.cq_entries = completion_entries;
    result = io_uring_queue_init_params(static_cast<unsigned>(memory.submissions.size()), &ring_,
                                        &params);
  }
  if (result != 0) {
    return explain(-result, memory.rings.size() + memory.submissions.size_bytes() +
                                memory.buffer_ring.size_bytes());
  }
  open_ = true;
  // Saves a look-up of the descriptor in every system call; without it all works the same.
  descriptor_registered_ = io_uring_register_ring_fd(&ring_) == 1;
  return {};
}

/// Returns 0 or -errno.
int Uring::set_up_in_arena(const Memory& memory, uint32_t flags, uint32_t completions) {
  io_uring_params params = {};
  params.flags = flags | setup_no_mmap;
  params.cq_entries = completions;
  // These fields are user_addr in newer headers.
  params.cq_off.resv2 = reinterpret_cast<uint64_t>(memory.rings.data());
  params.sq_off.resv2 = reinterpret_cast<uint64_t>(memory.submissions.data());
  const long fd =
      syscall(__NR_io_uring_setup, static_cast<unsigned>(memory.submissions.size()), &params);
  if (fd < 0) return -errno;
  const uint64_t end_of_completions =
      params.cq_off.cqes + uint64_t{params.cq_entries} * sizeof(io_uring_cqe);
  const uint64_t end_of_array = params.sq_off.array + uint64_t{params.sq_entries} * 4;
  if (std::max(end_of_completions, end_of_array) > memory.rings.size()) {
    ::close(static_cast<int>(fd));  // A kernel with a larger header than the plan knows.
    return -EINVAL;
  }
  attach(ring_, static_cast<int>(fd), params, memory.rings.data(), memory.submissions.data());
  return 0;
}

Failure Uring::register_buffers(const Memory& memory) {
  buffer_ring_ = reinterpret_cast<io_uring_buf_ring*>(memory.buffer_ring.data());
  buffer_ring_entries_ = memory.buffer_ring.size();
  io_uring_buf_ring_init(buffer_ring_);
  io_uring_buf_reg registration = {};
  registration.ring_addr = reinterpret_cast<uint64_t>(buffer_ring_);
  registration.ring_entries = static_cast<uint32_t>(buffer_ring_entries_);
  const int result = io_uring_register_buf_ring(&ring_, &registration, 0);
  if (result != 0) return explain(-result, memory.buffer_ring.size_bytes());
  return {};
}

int restrict_ring(io_uring& ring, bool writes_files) {
  constexpr uint8_t operations[] = {IORING_OP_ACCEPT, IORING_OP_RECV, IORING_OP_SEND,
                                    IORING_OP_WRITE, IORING_OP_FSYNC};
  constexpr uint64_t of_sockets = 3;
  io_uring_restriction rules[std::size(operations) + 1] = {};
  uint32_t count = 0;
  for (const uint8_t operation :
       std::span(operations).first(writes_files ? std::size(operations) : of_sockets)) {
    rules[count].opcode = IORING_RESTRICTION_SQE_OP;
    rules[count++].sqe_op = operation;
  }
  rules[count].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
  rules[count++].sqe_flags = IOSQE_BUFFER_SELECT;
  const int result = io_uring_register_restrictions(&ring, rules, count);
  return result != 0 ? result : io_uring_enable_rings(&ring);
}

}  // namespace kv
