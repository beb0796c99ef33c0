// The last line of a process that makes a system call it may not make. Runs in a signal handler,
// under the filter: nothing but write(2).

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "server/sandbox.hpp"

namespace kv {

namespace {

std::span<const CallName> call_names;

/// Appends to a line that is long enough for all that is said.
struct Line {
  char text[128];
  uint64_t bytes = 0;

  void add(const char* more) {
    while (*more != '\0' && bytes < sizeof text) text[bytes++] = *more++;
  }

  void add(uint64_t number) {
    char digits[21];
    char* first = digits + sizeof digits - 1;
    *first = '\0';
    do {
      *--first = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number > 0);
    add(first);
  }
};

void on_refused_call(int /*signal*/, siginfo_t* info, void* /*context*/) {
  const auto number = static_cast<uint64_t>(static_cast<unsigned>(info->si_syscall));
  Line line;
  line.add("kvd: sandbox: system call ");
  line.add(number);
  if (number < call_names.size() && call_names[number][0] != '\0') {
    line.add(" (");
    line.add(call_names[number]);
    line.add(")");
  }
  line.add(" is not permitted after ready\n");
  // Nobody else could be told that there is nobody to tell.
  if (write(STDERR_FILENO, line.text, line.bytes) < 0) line.bytes = 0;
  // No process may trace itself here either. The handler was for one call only, so this one ends
  // the process by SIGSYS, which whoever started it can see.
  for (;;) syscall(SYS_ptrace, 0L, 0L, 0L, 0L);
}

}  // namespace

void report_refused_calls(std::span<const CallName> names) {
  call_names = names;
  struct sigaction action = {};
  action.sa_sigaction = on_refused_call;
  action.sa_flags = SA_SIGINFO | static_cast<int>(SA_RESETHAND);
  sigaction(SIGSYS, &action, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGSYS);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace kv
