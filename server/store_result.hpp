// What the store answers: whether a change was made, or what stands in its way.
//
// Values only; nothing is kept.
#pragma once

#include <cstdint>

#include "kvcore/plan/records.hpp"

namespace kv {

/// How much of a fixed pool is in use.
struct PoolUse {
  uint64_t used = 0;
  uint64_t used_max = 0;  ///< the most that was ever used
};

/// What a change takes of each pool.
struct StoreNeed {
  uint64_t entries = 0;
  uint64_t blocks = 0;
  uint64_t nodes = 0;
  uint64_t timers = 0;
};

/// A key that was looked up. Good until the next change of the store.
struct FoundKey {
  uint32_t index;  ///< of the entry, or index_none
  uint64_t hash;
  /// What tells the key from others where it is watched or waited for.
  uint32_t hash_high() const { return static_cast<uint32_t>(hash >> 32); }
  explicit operator bool() const { return index != index_none; }
};

enum class ListEnd : uint8_t { head, tail };

/// A key whose hash was computed ahead.
struct KnownKey {
  const char* data;  ///< where it lies: another key lies elsewhere
  uint64_t hash;
  uint32_t entry;
};

struct StoreResult {
  enum class Code : uint8_t { ok, wrong_type, too_long, no_entry, no_block, no_node, no_timer };

  Code code = Code::ok;
  uint64_t value = 0;      ///< push: the list's length, also when it would be too long;
                           ///< no_entry, no_block, no_node, no_timer: how many are needed
  uint64_t available = 0;  ///< how many of them are free

  bool ok() const { return code == Code::ok; }
};

}  // namespace kv
