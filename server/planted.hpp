// Planted faults: bugs that the simulator must find, to prove that it finds bugs.
//
// Only a build with KV_PLANTED, which the tests make for themselves, has any of them, one at a
// time and none at first. Everywhere else planted() is false where it is compiled, and nothing of
// it is left in the program.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace kv {

// KV_FAULT(id, what goes wrong)
#define KV_FAULTS(KV_FAULT)                                                                 \
  KV_FAULT(leaked_buffer, "a client that is lost takes its receive buffer with it")         \
  KV_FAULT(leaked_slot, "a transaction that was aborted keeps its slot")                    \
  KV_FAULT(leaked_node, "LREM forgets the node of the element")                             \
  KV_FAULT(leaked_blocks, "COPY forgets the blocks of what it replaces")                    \
  KV_FAULT(kept_generation, "a record is used again under its old generation")              \
  KV_FAULT(lost_wake_up, "RENAME wakes nobody who waits for the new name")                  \
  KV_FAULT(forgotten_client, "a client that found no receive buffer does not wait for one") \
  KV_FAULT(reply_sent_twice, "after a short write all is sent again")                       \
  KV_FAULT(dropped_reply, "a client that closes its side loses what is being sent to it")   \
  KV_FAULT(expired_key, "a key that has expired is found until it is freed")                \
  KV_FAULT(missed_change, "WATCH does not notice APPEND and SETRANGE")                      \
  KV_FAULT(out_of_order, "who waits for a list last is served first")                       \
  KV_FAULT(stale_lookahead, "what was parsed ahead is kept while its client waits")         \
  KV_FAULT(early_timeout, "a blocked client gives up 50 ms too early")                      \
  KV_FAULT(unsynced_snapshot, "a snapshot takes the name of the last before it is synced")  \
  KV_FAULT(unsynced_names, "the directory is not synced after that")                        \
  KV_FAULT(forgotten_names, "a sync of the directory that failed is not asked for again")   \
  KV_FAULT(repeated_sync, "a sync of a snapshot that failed is asked for again")            \
  KV_FAULT(unsaved_change, "a key is changed before the snapshot has it")                   \
  KV_FAULT(unmarked_key, "a key that is made while a snapshot is written is written, too")

enum class Fault : uint8_t {
  none,
#define KV_FAULT(id, text) id,
  KV_FAULTS(KV_FAULT)
#undef KV_FAULT
};

#ifdef KV_PLANTED

struct FaultInfo {
  Fault id;
  std::string_view name;
  std::string_view text;
};
inline constexpr auto faults = std::to_array<FaultInfo>({
#define KV_FAULT(id, text) {Fault::id, #id, text},
    KV_FAULTS(KV_FAULT)
#undef KV_FAULT
});

/// The one that the server has.
inline Fault planted_fault = Fault::none;
inline bool planted(Fault fault) { return planted_fault == fault; }

#else

constexpr bool planted(Fault) { return false; }

#endif

}  // namespace kv
