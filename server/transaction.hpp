// Transactions: the commands between MULTI and EXEC, in planned memory.
//
// A client takes a slot with the first command that it queues. The arguments are copied, so the
// request buffers go on as ever. What does not fit is refused and aborts the transaction.
// Bytes: a slot of transaction_bytes for each of transaction_slots, 16 for each connection.
//
//     slot  | arguments | bytes | … | bytes | … | arguments | bytes | …        each count 4 bytes
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kvcore/memory/arena.hpp"
#include "kvcore/memory/index_pool.hpp"
#include "kvcore/memory/scratch.hpp"
#include "kvcore/plan/allocation.hpp"
#include "kvcore/plan/records.hpp"

namespace kv {

/// The least that EXEC keeps for the reply of each command: an error that says that there is no
/// room for it.
constexpr uint64_t exec_reply_bytes_min = 64;

class Transactions {
 public:
  enum class Queued : uint8_t { ok, no_slot, no_room, too_many };

  /// Carves its parts.
  static Transactions carve(Arena& arena, const Allocation& allocation);

  bool is_aborted(uint32_t client) const { return states_[client].aborted; }
  bool writes(uint32_t client) const { return states_[client].writes; }
  uint64_t command_count(uint32_t client) const { return states_[client].commands; }
  uint64_t slots_used() const { return free_.used_count(); }
  bool all_used() const { return free_.free_count() == 0; }
  bool holds_slot(uint32_t client) const { return states_[client].slot != index_none; }

  void open(uint32_t client) { states_[client].open = true; }
  /// EXEC will refuse. REQUIRES: the transaction is open.
  void abort(uint32_t client) { states_[client].aborted = true; }
  /// Copies a command, which may change keys or not. REQUIRES: the transaction is open.
  Queued queue(uint32_t client, std::span<const Slice> arguments, bool writes);
  /// Forgets the transaction, if there is one, and gives its slot back.
  void close(uint32_t client);

  /// Loads the command at `offset` of the queue, where the first is at 0, into the scratch.
  /// Returns the offset of the next.
  uint64_t load(uint32_t client, uint64_t offset, Scratch& scratch) const;

 private:
  std::span<char> slot(const TransactionState& state) const {
    return slots_.subspan(state.slot * slot_bytes_, slot_bytes_);
  }

  std::span<TransactionState> states_;
  std::span<char> slots_;
  uint64_t slot_bytes_ = 0;
  uint64_t commands_max_ = 0;
  IndexPool free_;
};

}  // namespace kv
