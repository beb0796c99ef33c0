// The sandbox: a seccomp filter that leaves the system calls of system_calls.def.
//
// It is the last step before serving and cannot be taken back. In mode strict a call that is
// not permitted is not made: a line on standard error names it, and SIGSYS ends the process. In
// mode log it is made, and the kernel logs it. The filter is half a KiB; the memory that it is
// built in is given back before.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kvcore/memory/arena.hpp"
#include "kvcore/plan/config.hpp"

namespace kv {

/// What serves, and so which calls are needed: a column of system_calls.def.
enum class IoKind : uint8_t { io_uring, epoll };

/// What the calls with limited arguments may have as arguments.
struct SandboxTerms {
  SandboxMode mode = SandboxMode::strict;
  IoKind io = IoKind::io_uring;
  int resident_file = -1;             ///< may be read; -1 for none
  const char* socket_file = nullptr;  ///< may be removed, by this pointer; null for none
  int data_directory = -1;            ///< where snapshots change their names; -1 for none
  int data_files[2] = {-1, -1};       ///< may be written and synced
  /// What may be exchanged, by these pointers to constants.
  const char* data_names[2] = {nullptr, nullptr};
};

/// Installs the filter, for this thread and what it starts. Needs no privilege, and takes the
/// right to gain any (PR_SET_NO_NEW_PRIVS). Does nothing in mode off. The failure says why the
/// kernel refuses and what to change; then nothing is filtered.
[[nodiscard]] Failure enter_sandbox(const SandboxTerms& given);

/// How many calls the filter of a backend permits, those with limits among them, and those of a
/// server that `writes_files`.
uint64_t permitted_call_count(IoKind io, bool writes_files);

/// Has SIGSYS say which call was not permitted, and end the process. `names` are those of the
/// calls by their number, empty where there is none; they outlive the process's work.
using CallName = char[24];
void report_refused_calls(std::span<const CallName> names);

}  // namespace kv
