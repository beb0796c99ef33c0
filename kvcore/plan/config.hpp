// Config: what the user decides, as one plain value.
//
// One field per row of options.def. Numbers of every kind are uint64_t (a toggle is 0 or 1,
// a choice the index of its word); texts are bounded and held in place. A field that is
// `unset` is computed by plan() or means "none". Config knows no file and no flag: where a
// value came from is kept beside it by the loaders.
#pragma once

#include <cstdint>

#include "kvcore/plan/text.hpp"
#include "kvcore/plan/units.hpp"

namespace kv {

namespace field {
using count = uint64_t;
using bytes = uint64_t;
using milliseconds = uint64_t;
using toggle = uint64_t;
using choice = uint64_t;
using text = Text;
using secret = Text;
}  // namespace field

struct Config {
#define KV_OPTION(id, key, alias, kind, value, ...) field::kind id = value;
#include "kvcore/plan/options.def"

  constexpr bool operator==(const Config&) const = default;
};

/// Index of the word in the choices of memory.huge_pages.
enum class HugePages : uint64_t { off, transparent, explicit_ };

/// Index of the word in the choices of server.io.
enum class IoChoice : uint64_t { automatic, io_uring, epoll };

/// Index of the word in the choices of server.unix_socket_access.
enum class SocketAccess : uint64_t { owner, group, everyone };

/// Index of the word in the choices of server.sandbox.
enum class SandboxMode : uint64_t { strict, log, off };

}  // namespace kv
