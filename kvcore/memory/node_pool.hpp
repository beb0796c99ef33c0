// The list pool: a fixed number of doubly linked list nodes, 16 bytes each.
//
// Free nodes are chained through `next`; nodes that were never used are taken from the front.
#pragma once

#include <cstdint>
#include <span>

#include "kvcore/memory/arena.hpp"
#include "kvcore/memory/prefetch.hpp"
#include "kvcore/plan/records.hpp"

namespace kv {

class NodePool {
 public:
  /// Carves min(key_count × list_length_max, blocks) nodes. REQUIRES: a resolved config.
  static NodePool carve(Arena& arena, const Config& config);

  NodePool() = default;
  explicit NodePool(std::span<ListNode> nodes) : nodes_(nodes), free_count_(nodes.size()) {}

  uint64_t count() const { return nodes_.size(); }
  uint64_t free_count() const { return free_count_; }
  uint64_t used_count() const { return count() - free_count_; }

  /// REQUIRES: free_count() > 0.
  uint32_t allocate();
  void release(uint32_t index);
  void clear();

  void prefetch(uint32_t index) const { prefetch_line(&nodes_[index]); }
  ListNode& operator[](uint32_t index) { return nodes_[index]; }
  const ListNode& operator[](uint32_t index) const { return nodes_[index]; }

 private:
  std::span<ListNode> nodes_;
  uint64_t free_count_ = 0;
  uint32_t free_head_ = index_none;
  uint32_t fresh_ = 0;
};

}  // namespace kv
