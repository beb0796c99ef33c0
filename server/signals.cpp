#include "server/signals.hpp"

#include <initializer_list>

namespace kv {

namespace {

volatile sig_atomic_t requested = 0;

void request_stop(int /*signal*/) { requested = 1; }

}  // namespace

sigset_t block_stop_signals() {
  struct sigaction action = {};
  action.sa_handler = request_stop;
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM}) {
    sigaddset(&set, signal);
    sigaction(signal, &action, nullptr);
  }
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

bool stop_requested() { return requested != 0; }

}  // namespace kv
