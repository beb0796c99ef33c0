// A running kvd: what it says of its memory over INFO, and what the kernel says of its arena.
//
// Everything is compared with the plan of a config file, so a server that was started from
// another config is found out.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "kvcore/plan/allocation.hpp"

namespace kv {

struct ComponentUse {
  uint64_t planned_bytes = 0;
  uint64_t carved_bytes = 0;
  uint64_t used_bytes_max = 0;  ///< the high-water mark
};

/// What the section "memory" of INFO holds.
struct ServerReport {
  std::array<ComponentUse, component_count> components;
  std::array<uint64_t, part_count> used_max = {};  ///< high-water marks in units of each part
};

/// Resident bytes of each component of the arena.
using Residence = std::array<uint64_t, component_count>;

/// A value, or why there is none.
template <typename Value>
using OrError = std::variant<Value, std::string>;

/// Reads the text of INFO memory. A component or part that is missing is an error: the server
/// is no kvd, or another version.
OrError<ServerReport> parse_info(std::string_view text);

/// Asks "127.0.0.1:6379" or "[::1]:6379" for INFO memory; waits five seconds at most. Where
/// `password` is not empty, it is sent first.
OrError<std::string> ask_for_info(const std::string& address, const std::string& password);

/// The resident pages of the arena of process `pid`, by component. Needs the permission to
/// read /proc/PID/pagemap, which root has, and where server.core_dumps is on the same user.
/// Source: proc(5).
OrError<Residence> read_residence(uint64_t pid, const Allocation& allocation);

/// Where each component begins and ends in the arena, by the layout of allocation.hpp:
/// `resident(from, to)` gives the resident bytes of a range. Separate for tests.
template <typename Resident>
Residence residence_of(const Allocation& allocation, Resident resident) {
  Residence out = {};
  uint64_t at = 0;
  for (const PartInfo& part : parts) {
    const uint64_t begin = (at + part.align - 1) / part.align * part.align;
    const uint64_t end = begin + allocation[part.id].bytes;
    if (end == begin) continue;
    out[static_cast<uint64_t>(Component::padding)] += resident(at, begin);
    out[static_cast<uint64_t>(part.component)] += resident(begin, end);
    at = end;
  }
  out[static_cast<uint64_t>(Component::padding)] += resident(at, allocation.arena_bytes);
  return out;
}

}  // namespace kv
