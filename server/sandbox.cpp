#include "server/sandbox.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "kvcore/memory/assert.hpp"

namespace kv {

namespace {

enum class Backends : uint8_t { both, io_uring, epoll };

enum class Limit : uint8_t {
  any,
  log_output,
  resident_file,
  socket_file,
  data_file,
  data_name,
  data_names,
  no_address,
  own_abort,
  asks_unsent,
  sets_linger
};

struct PermittedCall {
  const char* name;
  Backends backends;
  Limit limit;

  bool is_of(IoKind io) const {
    return backends == Backends::both ||
           (io == IoKind::io_uring) == (backends == Backends::io_uring);
  }
};

constexpr PermittedCall permitted_calls[] = {
#define KV_PERMITTED(name, backends, limit, ...) {#name, Backends::backends, Limit::limit},
#include "server/system_calls.def"
};

constexpr const char* refused_calls[] = {
#define KV_REFUSED(name, ...) #name,
#include "server/system_calls.def"
};

/// The arguments that one rule asks for; a call is permitted when one of its rules fits.
using Conditions = std::vector<scmp_arg_cmp>;

/// Descriptors and process ids are ints, of which the kernel reads the lower half only.
scmp_arg_cmp is_int(unsigned argument, int value) {
  return {argument, SCMP_CMP_EQ, static_cast<uint32_t>(value), 0};
}

scmp_arg_cmp is_pointer(unsigned argument, const void* value) {
  return {argument, SCMP_CMP_EQ, reinterpret_cast<uint64_t>(value), 0};
}

/// The rules of a call, one empty for one without limits.
std::vector<Conditions> rules_of(Limit limit, const SandboxTerms& given) {
  switch (limit) {
    case Limit::any:
      break;
    case Limit::log_output:
      return {{is_int(0, STDOUT_FILENO)}, {is_int(0, STDERR_FILENO)}};
    case Limit::resident_file:
      if (given.resident_file < 0) return {};
      return {{is_int(0, given.resident_file)}};
    case Limit::socket_file:
      if (given.socket_file == nullptr) return {};
      return {{is_pointer(1, given.socket_file), is_int(2, 0)}};
    case Limit::data_file:
      if (given.data_directory < 0) return {};
      return {{is_int(0, given.data_files[0])},
              {is_int(0, given.data_files[1])},
              {is_int(0, given.data_directory)}};
    case Limit::data_name:
      if (given.data_directory < 0) return {};
      return {{is_int(0, given.data_directory), is_pointer(1, given.data_names[0])},
              {is_int(0, given.data_directory), is_pointer(1, given.data_names[1])}};
    case Limit::data_names:
      if (given.data_directory < 0) return {};
      return {{is_int(0, given.data_directory), is_pointer(1, given.data_names[0]),
               is_int(2, given.data_directory), is_pointer(3, given.data_names[1]),
               is_int(4, RENAME_EXCHANGE)}};
    case Limit::no_address:
      return {{is_pointer(4, nullptr)}};
    case Limit::own_abort:
      return {{is_int(0, getpid()), is_int(2, SIGABRT)}};
    case Limit::asks_unsent:
      return {{is_int(1, SIOCOUTQ)}};
    case Limit::sets_linger:
      return {{is_int(1, SOL_SOCKET), is_int(2, SO_LINGER)}};
  }
  return {Conditions()};
}

/// When a call is refused that may be permitted with one argument: with any other.
Conditions refusal_of(const char* name, const SandboxTerms& given) {
  for (const PermittedCall& call : permitted_calls) {
    if (std::strcmp(call.name, name) != 0) continue;
    std::vector<Conditions> rules = rules_of(call.limit, given);
    KV_ASSERT(rules.size() == 1);
    KV_ASSERT(rules[0].size() == 1);
    rules[0][0].op = SCMP_CMP_NE;
    return rules[0];
  }
  return {};
}

/// The library's filter while it is built.
class Filter {
 public:
  explicit Filter(uint32_t otherwise) : context_(seccomp_init(otherwise)) {
    // A call of another architecture has another number for the same thing.
    error_ =
        context_ == nullptr
            ? ENOMEM
            : -seccomp_attr_set(context_, SCMP_FLTATR_ACT_BADARCH,
                                otherwise == SCMP_ACT_LOG ? SCMP_ACT_LOG : SCMP_ACT_KILL_PROCESS);
  }
  ~Filter() {
    if (context_ != nullptr) seccomp_release(context_);
  }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  void add(uint32_t action, const char* name, const Conditions& conditions) {
    const int number = seccomp_syscall_resolve_name(name);
    if (error_ != 0 || number < 0) return;  // The architecture does not have it.
    error_ = -seccomp_rule_add_exact_array(
        context_, action, number, static_cast<unsigned>(conditions.size()), conditions.data());
  }

  /// Checked soonest.
  void prefer(const char* name) {
    const int number = seccomp_syscall_resolve_name(name);
    if (error_ == 0) error_ = -seccomp_syscall_priority(context_, number, /*priority=*/255);
  }

  /// The program for the kernel, empty when there was an error.
  std::vector<sock_filter> program() {
    // It goes through a pipe, the only way out of the library; it fits there, or is refused.
    std::array<sock_filter, BPF_MAXINSNS> room;
    int ends[2];
    if (error_ == 0 && pipe2(ends, O_CLOEXEC) != 0) error_ = errno;
    if (error_ != 0) return {};
    error_ = -seccomp_export_bpf(context_, ends[1]);
    close(ends[1]);
    const ssize_t bytes = error_ == 0 ? read(ends[0], room.data(), sizeof room) : -1;
    close(ends[0]);
    if (bytes <= 0) return {};
    return {room.begin(), room.begin() + static_cast<uint64_t>(bytes) / sizeof(sock_filter)};
  }

  int error() const { return error_; }

 private:
  scmp_filter_ctx context_;
  int error_ = 0;
};

/// Names are looked up for numbers below. A call that the library does not know has only a number.
constexpr uint64_t named_calls = 512;

CallName call_names[named_calls];

void learn_call_names() {
  for (uint64_t number = 0; number < named_calls; ++number) {
    char* name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(number));
    if (name == nullptr) continue;
    std::strncpy(call_names[number], name, sizeof(CallName) - 1);
    std::free(name);
  }
  report_refused_calls(call_names);
}

Failure explain(int error) {
  return fmt::format(
      "the kernel refuses a seccomp filter ({}), and server.sandbox is strict or log; kvd needs "
      "CONFIG_SECCOMP_FILTER and Linux 4.14 for it, or server.sandbox = off, which seals nothing",
      std::strerror(error));
}

}  // namespace

uint64_t permitted_call_count(IoKind io, bool writes_files) {
  return static_cast<uint64_t>(std::count_if(
      std::begin(permitted_calls), std::end(permitted_calls), [&](const PermittedCall& call) {
        const bool of_files = call.limit == Limit::data_file || call.limit == Limit::data_name ||
                              call.limit == Limit::data_names;
        return call.is_of(io) && (writes_files || !of_files);
      }));
}

Failure enter_sandbox(const SandboxTerms& given) {
  if (given.mode == SandboxMode::off) return {};
  const bool strict = given.mode == SandboxMode::strict;
  const uint32_t otherwise = strict ? SECCOMP_RET_TRAP : SECCOMP_RET_LOG;
  if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &otherwise) != 0) return explain(errno);
  std::vector<sock_filter> program;
  int error = 0;
  {
    Filter filter(strict ? SCMP_ACT_TRAP : SCMP_ACT_LOG);
    for (const PermittedCall& call : permitted_calls) {
      if (!call.is_of(given.io)) continue;
      for (const Conditions& conditions : rules_of(call.limit, given)) {
        filter.add(SCMP_ACT_ALLOW, call.name, conditions);
      }
    }
    for (const char* name : refused_calls) {
      if (strict) filter.add(SCMP_ACT_ERRNO(EPERM), name, refusal_of(name, given));
    }
    filter.prefer(given.io == IoKind::io_uring ? "io_uring_enter" : "epoll_pwait");
    program = filter.program();
    error = filter.error();
  }
  if (program.empty()) return fmt::format("cannot build the sandbox ({})", std::strerror(error));
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return explain(errno);
  if (strict) learn_call_names();
  const sock_fprog code = {static_cast<unsigned short>(program.size()), program.data()};
  // Without this flag kernels before 5.16 also slow down speculation for a filtered process, which
  // protects one that runs code of others; kvd runs none.
  const unsigned long flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_LOG;
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &code) != 0) return explain(errno);
  // The heap may give memory back to the system when something is freed, which is over now.
  static std::vector<sock_filter> kept;
  kept = std::move(program);
  return {};
}

}  // namespace kv
