// What the store answers: whether a change was made, or what stands in its way.
//
// Values only; nothing is kept.
#pragma once

#include <cstdint>

namespace kv {

/// How much of a fixed pool is in use.
struct PoolUse {
  uint64_t used = 0;
  uint64_t used_max = 0;  ///< the most that was ever used
};

enum class ListEnd : uint8_t { head, tail };

struct StoreResult {
  enum class Code : uint8_t { ok, wrong_type, too_long, no_entry, no_block, no_node };

  Code code = Code::ok;
  uint64_t value = 0;      ///< push: the list's length, also when it would be too long;
                           ///< no_entry, no_block, no_node: how many are needed
  uint64_t available = 0;  ///< how many of them are free

  bool ok() const { return code == Code::ok; }
};

}  // namespace kv
