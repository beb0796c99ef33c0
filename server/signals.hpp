// SIGINT and SIGTERM, delivered only while the server waits for completions, so that no other
// code is ever interrupted.
#pragma once

#include <signal.h>

namespace kv {

/// Blocks the signals that stop the server and returns them; SIGPIPE is ignored.
sigset_t block_stop_signals();

/// Whether one of them has arrived.
bool stop_requested();

}  // namespace kv
