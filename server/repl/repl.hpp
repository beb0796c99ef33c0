// kvd repl: a prompt over a store of the given config, with no network.
//
// It carves, verifies and backs the same arena as serving does, and talks to the same server
// through LocalIo, so a command does here what it does for a client. It never seals: editing a
// line needs the heap.
#pragma once

#include <string>

#include "server/instance.hpp"

namespace kv {

/// Reads commands from standard input until its end, `quit` or `exit`; replies go to standard
/// output. What is typed is kept in `history_file`, where that is not empty.
/// REQUIRES: the instance is carved, verified and backed.
void run_repl(Instance& instance, const std::string& history_file);

}  // namespace kv
