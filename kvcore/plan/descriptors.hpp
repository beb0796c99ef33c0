// File descriptors that kvd needs, for the server, which raises its limit to them, and for
// whoever writes or checks that limit beforehand.
#pragma once

#include <cstdint>

#include "kvcore/plan/config.hpp"

namespace kv {

/// Standard streams, listener, ring, the files of snapshots and their directory, and a margin for
/// what libraries keep open.
constexpr uint64_t own_descriptors = 32;

/// One for each client, and one for the client that is told that there is no room.
constexpr uint64_t descriptors_needed(const Config& config) {
  return config.connections_max + 1 + own_descriptors;
}

}  // namespace kv
