// What the process may do and others may see of it, apart from its system calls: capabilities,
// core dumps, and the memory that held a password.
//
// None of it takes memory, and nothing of it can be undone.
#pragma once

#include <string_view>

#include "kvcore/memory/arena.hpp"
#include "kvcore/plan/config.hpp"

namespace kv {

/// Drops all capabilities: effective, permitted, inheritable, ambient and, where the process may
/// do that, those of the bounding set. Programs could give none of them back: the right to gain
/// privileges goes first. REQUIRES: nothing needs them any more; sockets are open.
[[nodiscard]] Failure drop_privileges();

/// No core dump, and no look at the memory by another process of the same user, unless
/// server.core_dumps is on. Source: prctl(2), PR_SET_DUMPABLE.
[[nodiscard]] Failure forbid_dumps(const Config& config);

/// Overwrites with zeros what options of the kind `secret` were given on the command line, which
/// is where ps and /proc/PID/cmdline read it.
void wipe_secrets(int argc, char** argv);

/// Overwrites options of the kind `secret` in a config that nobody asks for them any more.
void wipe_secrets(Config& config);

/// Overwrites what functions that have returned left behind on the stack.
void wipe_stack();

}  // namespace kv
