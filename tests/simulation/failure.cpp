#include "failure.hpp"

#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace kv::sim {

namespace {

/// What a run leaves to the process that started it.
struct Shared {
  bool done;
  bool failed;
  uint64_t hash, turns, commands, clients;
  char message[4096];
};

Shared* shared = nullptr;

void note(std::string_view what, std::string_view detail) {
  const int width = static_cast<int>(what.size());
  const int rest = static_cast<int>(std::min<size_t>(detail.size(), 3000));
  std::snprintf(shared->message, sizeof shared->message, "%.*s%s%.*s", width, what.data(),
                detail.empty() ? "" : ": ", rest, detail.data());
  shared->failed = true;
}

std::string ending(int status) {
  if (!WIFSIGNALED(status)) return "the process ended with " + std::to_string(WEXITSTATUS(status));
  if (WTERMSIG(status) == SIGXCPU) return "the process hangs";
  return "the process was ended by signal " + std::to_string(WTERMSIG(status));
}

}  // namespace

void fail(std::string_view what, std::string_view detail) {
  note(what, detail);
  _exit(1);
}

RunResult run_apart(const std::function<void(RunResult&)>& body, unsigned seconds) {
  if (shared == nullptr) {
    void* const page = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, /*fd=*/-1, 0);
    if (page == MAP_FAILED) std::abort();
    shared = static_cast<Shared*>(page);
  }
  *shared = {};
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) std::abort();
  if (child == 0) {
    // Processor time, not time: a machine that is busy hangs nothing.
    const rlimit limit = {seconds, seconds + 1};
    setrlimit(RLIMIT_CPU, &limit);
    RunResult result;
    body(result);
    shared->hash = result.hash;
    shared->turns = result.turns;
    shared->commands = result.commands;
    shared->clients = result.clients;
    shared->done = true;
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
  RunResult out;
  // valgrind tells what it found by the exit status, whatever the run says.
  out.failed = shared->failed || !shared->done || status != 0;
  out.message = shared->failed ? shared->message : out.failed ? ending(status) : "";
  out.hash = shared->hash;
  out.turns = shared->turns;
  out.commands = shared->commands;
  out.clients = shared->clients;
  return out;
}

}  // namespace kv::sim

/// The linker puts this in the place of the server's: an assertion is a finding.
extern "C" [[noreturn]] void simulated_assert_failed(const char* expression, const char* file,
                                                     int line) noexcept
    __asm__("__wrap__ZN2kv13assert_failedEPKcS1_i");

void simulated_assert_failed(const char* expression, const char* file, int line) noexcept {
  const char* const name = std::strrchr(file, '/');
  kv::sim::fail("assertion failed", std::string(expression) + " (" +
                                        (name == nullptr ? file : name + 1) + ":" +
                                        std::to_string(line) + ")");
}

/// Likewise for the key of the hash, which is to be the same in every run.
extern "C" ssize_t simulated_getrandom(void* out, size_t bytes,
                                       unsigned flags) __asm__("__wrap_getrandom");

ssize_t simulated_getrandom(void* out, size_t bytes, unsigned) {
  std::memset(out, 0x5a, bytes);
  return static_cast<ssize_t>(bytes);
}

/// What the server says on standard error is not told: snapshots fail by the thousand.
extern "C" ssize_t simulated_write(int file, const void* data,
                                   size_t bytes) __asm__("__wrap_write");
extern "C" ssize_t real_write(int file, const void* data, size_t bytes) __asm__("__real_write");

ssize_t simulated_write(int file, const void* data, size_t bytes) {
  return file == STDERR_FILENO ? static_cast<ssize_t>(bytes) : real_write(file, data, bytes);
}
