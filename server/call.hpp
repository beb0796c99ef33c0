// One execution of a command: what a handler sees and what it answers.
//
// A handler reads its arguments, makes sure that its reply fits, then changes the store and
// writes the reply. When the reply does not fit it says how many bytes it wants and changes
// nothing: the connection gets that room and the handler runs again from the start.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "kvcore/memory/verify.hpp"
#include "kvcore/plan/allocation.hpp"
#include "kvcore/plan/records.hpp"
#include "server/reply.hpp"
#include "server/store.hpp"

namespace kv {

/// The arguments of a command; [0] is its name.
class Arguments {
 public:
  explicit Arguments(std::span<Slice> slices) : slices_(slices) {}
  uint64_t size() const { return slices_.size(); }
  std::string_view operator[](uint64_t index) const {
    return {slices_[index].data, slices_[index].bytes};
  }
  /// The arguments from `index` on, as they lie in the scratch area.
  std::span<Slice> from(uint64_t index) const { return slices_.subspan(index); }

 private:
  std::span<Slice> slices_;
};

/// Counters that INFO shows. execute() keeps commands_processed, error_replies of commands,
/// the keyspace counters and refused_for_memory; the rest is the server's.
struct Statistics {
  uint64_t connections_received = 0;
  uint64_t connections_rejected = 0;
  uint64_t commands_processed = 0;
  uint64_t error_replies = 0;
  uint64_t protocol_errors = 0;
  uint64_t stalled_closed = 0;
  uint64_t bytes_received = 0;
  uint64_t bytes_sent = 0;
  uint64_t keyspace_hits = 0;
  uint64_t keyspace_misses = 0;
  uint64_t refused_for_memory = 0;  ///< -OOM replies
  uint64_t waits_request_buffer = 0;
  uint64_t waits_large_request = 0;
  uint64_t waits_reply_buffer = 0;
  uint64_t waits_large_reply = 0;
};

/// What the handlers of the server group may know of the server. The server owns it and
/// keeps it up to date; everything in it outlives the handlers.
struct ServerView {
  const Allocation* allocation = nullptr;
  const Verification* verification = nullptr;
  const Ledger* ledger = nullptr;  ///< what was carved, part by part
  Statistics statistics;
  /// By part, in the part's own units. The store knows its own: see Store::use().
  std::array<PoolUse, part_count> use = {};
  uint64_t clients = 0;
  uint64_t clients_waiting = 0;
  uint64_t started_ms = 0;  ///< Unix time
  uint64_t now_ms = 0;      ///< Unix time, refreshed once per loop turn
  uint16_t port = 0;
  std::string_view io;           ///< "io_uring"
  std::string_view ring_memory;  ///< "arena" or "kernel"
};

enum class Outcome : uint8_t {
  done,
  needs_room,  ///< nothing was changed or written; Call::room_bytes says how much
  close,       ///< done, and the connection ends once the reply is sent
};

struct Call {
  Arguments args;
  ReplyWriter& reply;
  Store& store;
  ConnectionRecord& client;
  ServerView& server;
  uint64_t room_bytes = 0;

  /// For a handler's early return: `if (!call.reply.fits(n)) return call.needs(n);`
  Outcome needs(uint64_t bytes) {
    room_bytes = bytes;
    return Outcome::needs_room;
  }
};

using Handler = Outcome (*)(Call&);

/// Finds the command, checks arity, key and value limits, and runs its handler. A reply of at
/// most small_reply_bytes_max must fit before this is called. Errors that Redis knows have
/// Redis's text.
Outcome execute(Call& call);

}  // namespace kv
