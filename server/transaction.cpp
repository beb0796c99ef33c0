#include "server/transaction.hpp"

#include <cstring>

#include "kvcore/memory/assert.hpp"
#include "server/planted.hpp"

namespace kv {

namespace {

constexpr uint64_t count_bytes = sizeof(uint32_t);

uint64_t put_count(char* out, uint64_t count) {
  const auto narrow = static_cast<uint32_t>(count);
  std::memcpy(out, &narrow, count_bytes);
  return count_bytes;
}

uint32_t get_count(const char* in) {
  uint32_t count = 0;
  std::memcpy(&count, in, count_bytes);
  return count;
}

}  // namespace

Transactions Transactions::carve(Arena& arena, const Allocation& allocation) {
  constexpr uint64_t cache_line = 64;
  const Config& config = allocation.config;
  Transactions out;
  out.slot_bytes_ = config.transaction_bytes;
  // The header of EXEC's reply is less than a command's least share.
  out.commands_max_ = allocation.terms.reply_bytes_max / exec_reply_bytes_min - 1;
  out.states_ =
      arena.take<TransactionState>(Part::transaction_states, config.connections_max, cache_line);
  out.slots_ = arena.take<char>(Part::transaction_slots,
                                config.transaction_slots * config.transaction_bytes, cache_line);
  out.free_ =
      IndexPool(arena.take<uint32_t>(Part::transaction_free_list, config.transaction_slots));
  for (TransactionState& state : out.states_) state = {index_none, 0, 0, false, false, false, {}};
  return out;
}

Transactions::Queued Transactions::queue(uint32_t client, std::span<const Slice> arguments,
                                         bool writes) {
  TransactionState& state = states_[client];
  KV_ASSERT(state.open);
  if (state.slot == index_none) state.slot = free_.acquire();
  if (state.slot == index_none) return Queued::no_slot;
  if (state.commands == commands_max_) return Queued::too_many;
  uint64_t bytes = count_bytes;
  for (const Slice& argument : arguments) bytes += count_bytes + argument.bytes;
  if (bytes > slot_bytes_ - state.bytes) return Queued::no_room;

  char* out = slot(state).data() + state.bytes;
  out += put_count(out, arguments.size());
  for (const Slice& argument : arguments) {
    out += put_count(out, argument.bytes);
    if (argument.bytes > 0) std::memcpy(out, argument.data, argument.bytes);
    out += argument.bytes;
  }
  state.bytes += static_cast<uint32_t>(bytes);
  ++state.commands;
  state.writes |= writes;
  return Queued::ok;
}

void Transactions::close(uint32_t client) {
  TransactionState& state = states_[client];
  const bool leaks = planted(Fault::leaked_slot) && state.aborted;
  if (state.slot != index_none && !leaks) free_.release(state.slot);
  state = {index_none, 0, 0, false, false, false, {}};
}

uint64_t Transactions::load(uint32_t client, uint64_t offset, Scratch& scratch) const {
  const TransactionState& state = states_[client];
  KV_ASSERT(offset < state.bytes);
  const char* const begin = slot(state).data();
  const char* in = begin + offset;
  scratch.reset();
  const uint32_t arguments = get_count(in);
  in += count_bytes;
  for (uint32_t i = 0; i < arguments; ++i) {
    const uint32_t bytes = get_count(in);
    scratch.push({in + count_bytes, bytes});
    in += count_bytes + bytes;
  }
  return static_cast<uint64_t>(in - begin);
}

}  // namespace kv
