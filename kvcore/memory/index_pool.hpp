// A fixed set of indices 0 … count-1, handed out and given back: which buffers are free.
//
// Memory is 4 bytes for each index. The index given back last is handed out first, since its
// buffer is the warmest.
#pragma once

#include <cstdint>
#include <span>

#include "kvcore/memory/assert.hpp"
#include "kvcore/plan/units.hpp"

namespace kv {

class IndexPool {
 public:
  IndexPool() = default;
  explicit IndexPool(std::span<uint32_t> memory) : stack_(memory), free_count_(memory.size()) {
    for (uint64_t i = 0; i < stack_.size(); ++i) {
      stack_[i] = static_cast<uint32_t>(stack_.size() - 1 - i);
    }
  }

  uint64_t count() const { return stack_.size(); }
  uint64_t free_count() const { return free_count_; }
  uint64_t used_count() const { return count() - free_count_; }

  /// A free index, or index_none.
  uint32_t acquire() { return free_count_ == 0 ? index_none : stack_[--free_count_]; }

  /// REQUIRES: `index` was acquired and not released since.
  void release(uint32_t index) {
    KV_ASSERT(free_count_ < stack_.size());
    stack_[free_count_++] = index;
  }

 private:
  std::span<uint32_t> stack_;
  uint64_t free_count_ = 0;
};

}  // namespace kv
