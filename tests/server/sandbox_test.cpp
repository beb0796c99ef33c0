// The sandbox by trying: each call in a child process of its own, under each mode.
#include "server/sandbox.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace kv {
namespace {

/// How a child ended: its status as waitpid(2) has it, and what it wrote to standard error.
struct Ending {
  int status = 0;
  std::string said;

  bool exited_with(int code) const { return WIFEXITED(status) && WEXITSTATUS(status) == code; }
  bool killed_by(int signal) const { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }
};

constexpr int no_sandbox = 200;  ///< exit code of a child that could not be sealed; no errno

/// Runs `what` in a child whose standard error is read.
Ending run_child(const std::function<void()>& what) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    signal(SIGABRT, SIG_DFL);  // doctest catches it, and prints.
    what();
    _exit(no_sandbox);
  }
  close(ends[1]);
  Ending ending;
  char chunk[256];
  for (ssize_t bytes; (bytes = read(ends[0], chunk, sizeof chunk)) > 0;) {
    ending.said.append(chunk, static_cast<uint64_t>(bytes));
  }
  close(ends[0]);
  REQUIRE(waitpid(child, &ending.status, 0) == child);
  return ending;
}

/// Makes a call in a sealed child, which exits with its errno, or with 0.
Ending try_call(const SandboxTerms& given, const std::function<long()>& call) {
  return run_child([&] {
    if (enter_sandbox(given)) _exit(no_sandbox);
    errno = 0;
    const long result = call();
    _exit(result < 0 ? errno : 0);
  });
}

SandboxTerms terms_of(SandboxMode mode, IoKind io = IoKind::io_uring) {
  SandboxTerms given;
  given.mode = mode;
  given.io = io;
  return given;
}

std::string refusal(long number, const std::string& name) {
  return "kvd: sandbox: system call " + std::to_string(number) + " (" + name +
         ") is not permitted after ready\n";
}

struct Trial {
  const char* name;
  long number;
  std::vector<long> args;

  long make() const {
    std::vector<long> all = args;
    all.resize(6);
    return syscall(number, all[0], all[1], all[2], all[3], all[4], all[5]);
  }
};

/// What an intruder, or a bug, would want. Where a call could do harm without a sandbox, its
/// arguments are such that the kernel refuses them.
const std::vector<Trial>& harmful_calls() {
  static const char missing[] = "/nonexistent/kvd";
  static const auto path = reinterpret_cast<long>(missing);
  static const std::vector<Trial> trials = {
      {"mmap", SYS_mmap, {0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
      {"brk", SYS_brk, {0}},
      {"mremap", SYS_mremap, {4096, 0, 4096, 0}},
      {"munmap", SYS_munmap, {4096, 4096}},
      {"mprotect", SYS_mprotect, {4096, 4096, PROT_EXEC}},
      {"madvise", SYS_madvise, {4096, 4096, MADV_NORMAL}},
      {"memfd_create", SYS_memfd_create, {0, 0}},
      {"execve", SYS_execve, {path, 0, 0}},
      {"execveat", SYS_execveat, {-1, path, 0, 0, 0}},
      {"openat", SYS_openat, {AT_FDCWD, path, O_RDONLY}},
      {"openat2", SYS_openat2, {AT_FDCWD, path, 0, 0}},
      {"socket", SYS_socket, {AF_INET, SOCK_STREAM, 0}},
      {"bind", SYS_bind, {-1, 0, 0}},
      {"listen", SYS_listen, {-1, 1}},
      {"connect", SYS_connect, {-1, 0, 0}},
      {"setsockopt", SYS_setsockopt, {-1, 0, 0, 0, 0}},
      {"sendmsg", SYS_sendmsg, {-1, 0, 0}},
      {"recvmsg", SYS_recvmsg, {-1, 0, 0}},
      {"read", SYS_read, {-1, 0, 0}},
      {"writev", SYS_writev, {-1, 0, 0}},
      {"dup", SYS_dup, {-1}},
      {"fcntl", SYS_fcntl, {-1, F_GETFD}},
      {"ptrace", SYS_ptrace, {PTRACE_ATTACH, 0, 0, 0}},
      {"process_vm_readv", SYS_process_vm_readv, {-1, 0, 0, 0, 0, 0}},
      {"clone", SYS_clone, {CLONE_THREAD}},
      {"clone3", SYS_clone3, {0, 0}},
      {"kill", SYS_kill, {getpid(), 0}},
      {"tkill", SYS_tkill, {-1, 0}},
      {"setuid", SYS_setuid, {0}},
      {"capset", SYS_capset, {0, 0}},
      {"prctl", SYS_prctl, {PR_GET_DUMPABLE}},
      {"pwrite64", SYS_pwrite64, {-1, 0, 0, 0}},
      {"fsync", SYS_fsync, {-1}},
      {"fdatasync", SYS_fdatasync, {-1}},
      {"ftruncate", SYS_ftruncate, {-1, 0}},
      {"fallocate", SYS_fallocate, {-1, 0, 0, 1}},
      {"renameat2", SYS_renameat2, {-1, path, -1, path, 0}},
      {"seccomp", SYS_seccomp, {-1, 0, 0}},
      {"setrlimit", SYS_setrlimit, {-1, 0}},
      {"rt_sigaction", SYS_rt_sigaction, {-1, 0, 0, 8}},
      {"mount", SYS_mount, {0, path, 0, 0, 0}},
      {"chroot", SYS_chroot, {path}},
      {"bpf", SYS_bpf, {-1, 0, 0}},
      {"init_module", SYS_init_module, {0, 0, 0}},
      {"io_uring_setup", SYS_io_uring_setup, {0, 0}},
      {"io_uring_register", SYS_io_uring_register, {-1, 0, 0, 0}},
#ifdef SYS_open
      {"open", SYS_open, {path, O_RDONLY}},
      {"unlink", SYS_unlink, {path}},
      {"rename", SYS_rename, {path, path}},
#endif
  };
  return trials;
}

TEST_CASE("strict ends the process at a call that is not permitted, and the last line names it") {
  for (const Trial& trial : harmful_calls()) {
    INFO(trial.name);
    const Ending ending = try_call(terms_of(SandboxMode::strict), [&] { return trial.make(); });
    CHECK(ending.killed_by(SIGSYS));
    CHECK(ending.said == refusal(trial.number, trial.name));
  }
}

TEST_CASE("log lets every call happen as it would without a sandbox") {
  for (const Trial& trial : harmful_calls()) {
    INFO(trial.name);
    const Ending off = try_call(terms_of(SandboxMode::off), [&] { return trial.make(); });
    const Ending log = try_call(terms_of(SandboxMode::log), [&] { return trial.make(); });
    REQUIRE(WIFEXITED(off.status));
    CHECK(WEXITSTATUS(off.status) != no_sandbox);
    CHECK(log.exited_with(WEXITSTATUS(off.status)));
    CHECK(log.said.empty());
  }
}

TEST_CASE("a harmless question of the C library fails with EPERM, and the process goes on") {
  constexpr std::pair<const char*, long> questions[] = {
      {"fstat", SYS_fstat},
      {"newfstatat", SYS_newfstatat},
      {"ioctl", SYS_ioctl},
      {"getrandom", SYS_getrandom},
      {"getcpu", SYS_getcpu},
      {"sched_getaffinity", SYS_sched_getaffinity},
      {"sched_yield", SYS_sched_yield},
      {"sysinfo", SYS_sysinfo},
      {"prlimit64", SYS_prlimit64}};
  for (const auto& question : questions) {
    INFO(question.first);
    const long call = question.second;
    const Ending ending = try_call(terms_of(SandboxMode::strict),
                                   [call] { return syscall(call, 0L, 0L, 0L, 0L, 0L, 0L); });
    CHECK(ending.exited_with(EPERM));
    CHECK(ending.said.empty());
  }
}

struct BackendCalls {
  std::vector<Trial> io_uring, epoll, both;
};

/// The rows without limits; arguments of -1 are refused by whatever comes behind the filter.
BackendCalls permitted_calls() {
  BackendCalls calls;
#define KV_PERMITTED(name, backends, limit, ...)                             \
  if (SYS_##name != SYS_exit_group && SYS_##name != SYS_rt_sigreturn &&      \
      std::strcmp(#limit, "any") == 0) {                                     \
    calls.backends.push_back({#name, SYS_##name, {-1, -1, -1, -1, -1, -1}}); \
  }
#include "server/system_calls.def"
  return calls;
}

TEST_CASE("each backend may make its own calls and not those of the other") {
  const BackendCalls calls = permitted_calls();
  REQUIRE(!calls.both.empty());
  const auto check = [](const std::vector<Trial>& trials, IoKind io, bool permitted) {
    REQUIRE(!trials.empty());
    for (const Trial& trial : trials) {
      INFO(trial.name);
      const Ending ending =
          try_call(terms_of(SandboxMode::strict, io), [&] { return trial.make(); });
      CHECK(ending.killed_by(SIGSYS) == !permitted);
      CHECK(WIFEXITED(ending.status) == permitted);
      CHECK(ending.said == (permitted ? "" : refusal(trial.number, trial.name)));
    }
  };
  check(calls.both, IoKind::io_uring, /*permitted=*/true);
  check(calls.both, IoKind::epoll, /*permitted=*/true);
  check(calls.io_uring, IoKind::io_uring, /*permitted=*/true);
  check(calls.io_uring, IoKind::epoll, /*permitted=*/false);
  check(calls.epoll, IoKind::epoll, /*permitted=*/true);
  check(calls.epoll, IoKind::io_uring, /*permitted=*/false);
}

TEST_CASE("a call with a limit is permitted with these arguments only") {
  const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  REQUIRE(file >= 0);
  static const char path[] = "/nonexistent/kvd.sock";
  static const char other_path[] = "/nonexistent/kvd.sock";
  SandboxTerms given = terms_of(SandboxMode::strict);
  given.resident_file = file;
  given.socket_file = path;
  char room[64];
  const auto ending = [&](const std::function<long()>& call) { return try_call(given, call); };

  CHECK(ending([] { return write(STDERR_FILENO, "seen", 4); }).said == "seen");
  CHECK(ending([&] { return write(file, "x", 1); }).said == refusal(SYS_write, "write"));
  CHECK(ending([&] { return pread(file, room, sizeof room, 0); }).exited_with(0));
  CHECK(ending([&] { return pread(0, room, 1, 0); }).said == refusal(SYS_pread64, "pread64"));
  CHECK(ending([] { return send(-1, "x", 1, 0); }).exited_with(EBADF));
  CHECK(ending([&] { return sendto(-1, "x", 1, 0, reinterpret_cast<sockaddr*>(room), 16); }).said ==
        refusal(SYS_sendto, "sendto"));
  CHECK(ending([] { return unlinkat(AT_FDCWD, path, 0); }).exited_with(ENOENT));
  CHECK(ending([] { return unlinkat(AT_FDCWD, other_path, 0); }).said ==
        refusal(SYS_unlinkat, "unlinkat"));
  CHECK(ending([] { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }).said ==
        refusal(SYS_unlinkat, "unlinkat"));
  CHECK(ending([] { return syscall(SYS_tgkill, getpid(), gettid(), SIGKILL); }).said ==
        refusal(SYS_tgkill, "tgkill"));
  constexpr linger at_once = {1, 0};
  const auto set_option = [&](int level, int name) {
    return ending([&] { return setsockopt(-1, level, name, &at_once, sizeof at_once); });
  };
  CHECK(set_option(SOL_SOCKET, SO_LINGER).exited_with(EBADF));
  CHECK(set_option(SOL_SOCKET, SO_RCVBUF).said == refusal(SYS_setsockopt, "setsockopt"));
  CHECK(set_option(IPPROTO_TCP, SO_LINGER).said == refusal(SYS_setsockopt, "setsockopt"));
  CHECK(ending([] { return ioctl(-1, SIOCOUTQ, 0); }).exited_with(EBADF));
  CHECK(ending([] { return ioctl(-1, TIOCSTI, 0); }).exited_with(EPERM));
  CHECK(
      ending([] { return syscall(SYS_tgkill, getppid(), getppid(), SIGABRT); }).killed_by(SIGSYS));
  close(file);
}

constexpr char current_name[] = "snapshot.kv";
constexpr char next_name[] = "snapshot.kv.next";

/// A directory with the two files of snapshots, and one that is none of the server's business.
struct DataDirectory {
  DataDirectory() {
    REQUIRE(mkdtemp(name) != nullptr);
    directory = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    current = open_file(current_name);
    next = open_file(next_name);
    other = open_file("other");
  }
  ~DataDirectory() {
    for (const int file : {directory, current, next, other}) close(file);
    std::filesystem::remove_all(name);
  }
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  int open_file(const char* file_name) const {
    const int file = openat(directory, file_name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(file >= 0);
    return file;
  }
  SandboxTerms terms(IoKind io) const {
    SandboxTerms given = terms_of(SandboxMode::strict, io);
    given.data_directory = directory;
    given.data_files[0] = current;
    given.data_files[1] = next;
    given.data_names[0] = next_name;
    given.data_names[1] = current_name;
    return given;
  }

  char name[32] = "sandbox_test_XXXXXX";
  int directory = -1;
  int current = -1;
  int next = -1;
  int other = -1;
};

TEST_CASE("with epoll a server that saves writes and syncs its own files, and no others") {
  const DataDirectory data;
  const auto ending = [&](const std::function<long()>& call) {
    return try_call(data.terms(IoKind::epoll), call);
  };
  for (const int file : {data.current, data.next}) {
    CHECK(ending([&] { return pwrite(file, "x", 1, 0); }).exited_with(0));
    CHECK(ending([&] { return fsync(file); }).exited_with(0));
    CHECK(ending([&] { return fdatasync(file); }).said == refusal(SYS_fdatasync, "fdatasync"));
    CHECK(ending([&] { return ftruncate(file, 0); }).said == refusal(SYS_ftruncate, "ftruncate"));
    CHECK(ending([&] { return write(file, "x", 1); }).said == refusal(SYS_write, "write"));
  }
  CHECK(ending([&] { return fsync(data.directory); }).exited_with(0));
  for (const int file : {data.other, STDERR_FILENO}) {
    CHECK(ending([&] { return pwrite(file, "x", 1, 0); }).said ==
          refusal(SYS_pwrite64, "pwrite64"));
    CHECK(ending([&] { return fsync(file); }).said == refusal(SYS_fsync, "fsync"));
  }
}

TEST_CASE("with io_uring a server that saves makes no call to write: the ring does") {
  const DataDirectory data;
  const SandboxTerms given = data.terms(IoKind::io_uring);
  CHECK(try_call(given, [&] { return pwrite(data.next, "x", 1, 0); }).said ==
        refusal(SYS_pwrite64, "pwrite64"));
  CHECK(try_call(given, [&] { return fsync(data.next); }).said == refusal(SYS_fsync, "fsync"));
}

TEST_CASE("a server that saves exchanges the two names of its files, and changes no other") {
  // The same text at another address is another name: what is there could be changed.
  static const char same_text[] = "snapshot.kv.next";
  for (const IoKind io : {IoKind::io_uring, IoKind::epoll}) {
    const DataDirectory data;
    const DataDirectory elsewhere;
    const SandboxTerms given = data.terms(io);
    const auto exchange = [&](int from, const char* from_name, int to, const char* to_name,
                              unsigned flags = RENAME_EXCHANGE) {
      return try_call(given, [&] { return renameat2(from, from_name, to, to_name, flags); });
    };
    const int in = data.directory;
    const std::string refused = refusal(SYS_renameat2, "renameat2");
    const auto look_at = [&](int where, const char* name) {
      return try_call(given, [&] {
        struct statx facts = {};
        return statx(where, name, AT_SYMLINK_NOFOLLOW, STATX_INO, &facts);
      });
    };
    const std::string not_looked_at = refusal(SYS_statx, "statx");
    CHECK(look_at(in, next_name).exited_with(0));
    CHECK(look_at(in, current_name).exited_with(0));
    CHECK(look_at(in, same_text).said == not_looked_at);
    CHECK(look_at(elsewhere.directory, current_name).said == not_looked_at);
    CHECK(exchange(in, next_name, in, current_name).exited_with(0));
    // Without a flag the library makes the older call.
    CHECK(exchange(in, next_name, in, current_name, 0).said == refusal(SYS_renameat, "renameat"));
    CHECK(exchange(in, next_name, in, current_name, RENAME_NOREPLACE).said == refused);
    CHECK(exchange(in, current_name, in, next_name).said == refused);
    CHECK(exchange(in, same_text, in, current_name).said == refused);
    CHECK(exchange(in, next_name, in, "other").said == refused);
    CHECK(exchange(elsewhere.directory, next_name, in, current_name).said == refused);
    CHECK(exchange(in, next_name, elsewhere.directory, current_name).said == refused);
    CHECK(exchange(AT_FDCWD, next_name, AT_FDCWD, current_name).said == refused);
  }
}

TEST_CASE("the calls that only a server that saves may make are not counted for others") {
  // statx and renameat2; with epoll also pwrite64 and fsync.
  CHECK(permitted_call_count(IoKind::io_uring, /*writes_files=*/true) ==
        permitted_call_count(IoKind::io_uring, /*writes_files=*/false) + 2);
  CHECK(permitted_call_count(IoKind::epoll, /*writes_files=*/true) ==
        permitted_call_count(IoKind::epoll, /*writes_files=*/false) + 4);
}

TEST_CASE("without a file or a socket of its own the process may read and remove none") {
  const SandboxTerms given = terms_of(SandboxMode::strict);
  char room[8];
  CHECK(try_call(given, [&] { return pread(-1, room, 1, 0); }).killed_by(SIGSYS));
  CHECK(try_call(given, [] { return syscall(SYS_unlinkat, AT_FDCWD, 0L, 0L); }).killed_by(SIGSYS));
}

TEST_CASE("a sealed process can still abort, and a failed handler does not make it go on") {
  CHECK(try_call(terms_of(SandboxMode::strict), []() -> long { abort(); }).killed_by(SIGABRT));
  // SIGSYS blocked, and standard error closed: nothing is said, and the end is the same.
  const Ending silent = try_call(terms_of(SandboxMode::strict), [] {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, nullptr);
    close(STDERR_FILENO);
    return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
  });
  CHECK(silent.killed_by(SIGSYS));
}

#ifdef __x86_64__
TEST_CASE("the numbers of another architecture lead to no call") {
  constexpr long x32_bit = 0x40000000;
  const Ending ending =
      try_call(terms_of(SandboxMode::strict), [] { return syscall(x32_bit | SYS_getpid); });
  CHECK(ending.killed_by(SIGSYS));
}
#endif

/// From here on seccomp(2) fails in this process, as in a kernel without it.
void take_seccomp_away(uint32_t error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog code = {std::size(program), program};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &code);
}

TEST_CASE("a kernel without seccomp is an error that names the choice, and off needs none") {
  for (const SandboxMode mode : {SandboxMode::strict, SandboxMode::log}) {
    const Ending ending = run_child([&] {
      take_seccomp_away(ENOSYS);
      const Failure failure = enter_sandbox(terms_of(mode));
      if (!failure) _exit(0);
      if (write(STDERR_FILENO, failure->data(), failure->size()) < 0) _exit(1);
      _exit(71);
    });
    CHECK(ending.exited_with(71));
    CHECK(ending.said ==
          "the kernel refuses a seccomp filter (Function not implemented), and server.sandbox is "
          "strict or log; kvd needs CONFIG_SECCOMP_FILTER and Linux 4.14 for it, or "
          "server.sandbox = off, which seals nothing");
  }
  const Ending off = run_child([] {
    take_seccomp_away(ENOSYS);
    _exit(enter_sandbox(terms_of(SandboxMode::off)) ? 71 : 0);
  });
  CHECK(off.exited_with(0));
}

}  // namespace
}  // namespace kv
