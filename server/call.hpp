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
#include "server/blocking.hpp"
#include "server/reply.hpp"
#include "server/statistics.hpp"
#include "server/store.hpp"
#include "server/transaction.hpp"

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

class Snapshots;

/// What the handlers of the server group may know of the server. The server owns it and
/// keeps it up to date; everything in it outlives the handlers.
struct ServerView {
  const Allocation* allocation = nullptr;
  const Verification* verification = nullptr;
  const Ledger* ledger = nullptr;  ///< what was carved, part by part
  Config live;  ///< the config with what CONFIG SET has changed; nothing of it is memory
  Statistics statistics;
  CommandCounters counters;
  const Blocking* blocking = nullptr;
  const Transactions* transactions = nullptr;
  Rate commands_rate, received_rate, sent_rate;
  /// By part, in the part's own units. The store knows its own: see Store::use().
  std::array<PoolUse, part_count> use = {};
  uint64_t clients = 0;
  uint64_t clients_waiting = 0;
  uint64_t clients_blocked = 0;  ///< in a blocking command
  uint64_t started_ms = 0;       ///< Unix time
  uint64_t now_ms = 0;           ///< Unix time, refreshed once per loop turn
  uint64_t unix_us = 0;          ///< the same in microseconds
  uint64_t clock_ms = 0;         ///< the clock of the records' times, refreshed likewise
  uint16_t port = 0;
  std::string_view io;               ///< "io_uring" or "epoll"
  std::string_view ring_memory;      ///< "arena" or "kernel"; "none" without a ring
  std::string_view sandbox = "off";  ///< the word of server.sandbox that is in force
  int resident_file = -1;            ///< /proc/self/statm; -1 where it is not there

  /// Every record that was ever used; those with a socket are clients.
  std::span<ConnectionRecord> records;
  uint64_t pause_until_ms = 0;  ///< on clock_ms; commands wait until then
  bool pauses_all = false;      ///< not only those that write
  bool kills = false;           ///< a record has client_trait::killed
  bool stop_requested = false;  ///< SHUTDOWN
  enum class StopSave : uint8_t { by_config, yes, no } stop_save = StopSave::by_config;
  Snapshots* snapshots = nullptr;  ///< null where nothing is saved
};

enum class Outcome : uint8_t {
  done,
  needs_room,  ///< nothing was changed or written; Call::room_bytes says how much
  blocks,      ///< nothing was changed or written; runs again when a key of Call::block has
               ///< elements, or the time is over
  close,       ///< done, and the connection ends once the reply is sent
  paused,      ///< not executed: CLIENT PAUSE holds it
  unsaved,     ///< not executed: the snapshot needs room for a key as it is
  unfinished,  ///< not executed: the snapshot has to end before
};

/// What a command that would block waits for.
struct Block {
  uint64_t first_key = 0;  ///< its argument
  uint64_t keys = 0;
  uint64_t timeout_ms = 0;  ///< 0 for no end
};

/// Why a blocked command runs again.
struct Wake {
  bool resumed = false;  ///< it does run again
  bool timed_out = false;
  uint32_t hash_high = 0;  ///< of the key that was changed; 0 when it may be any
};

/// The client as the parts know it that keep its state.
struct Caller {
  uint32_t index = 0;
  Transactions* transactions = nullptr;
  Scratch* scratch = nullptr;
  bool executing = false;  ///< EXEC is running the client's commands
  bool queuing = false;    ///< the command is only looked at, to be queued: see run_subcommand()
};

struct Call {
  Arguments args;
  ReplyWriter& reply;
  Store& store;
  ConnectionRecord& client;
  ServerView& server;
  Command command;  ///< the one that args[0] names; `unknown` again where it is not run
  uint64_t room_bytes = 0;
  Caller caller = {};
  Wake wake = {};
  Block block = {};

  /// For a handler's early return: `if (!call.reply.fits(n)) return call.needs(n);`
  Outcome needs(uint64_t bytes) {
    room_bytes = bytes;
    return Outcome::needs_room;
  }
};

using Handler = Outcome (*)(Call&);

/// Checks arity, key and value limits, and runs its handler. A reply of at
/// most small_reply_bytes_max must fit before this is called. Errors that Redis knows have
/// Redis's text.
Outcome execute(Call& call);

}  // namespace kv
