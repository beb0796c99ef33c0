#include "kvcore/memory/node_pool.hpp"

#include <algorithm>

#include "kvcore/memory/assert.hpp"

namespace kv {

NodePool NodePool::carve(Arena& arena, const Config& config) {
  const uint64_t blocks = config.store_bytes / config.block_bytes;
  const uint64_t count = std::min(config.key_count * config.list_length_max, blocks);
  return NodePool(arena.take<ListNode>(Part::list_nodes, count, part_info(Part::list_nodes).align));
}

uint32_t NodePool::allocate() {
  KV_ASSERT(free_count_ > 0);
  --free_count_;
  if (free_head_ == index_none) {
    KV_ASSERT(fresh_ < nodes_.size());
    return fresh_++;
  }
  const uint32_t index = free_head_;
  free_head_ = nodes_[index].next;
  return index;
}

void NodePool::release(uint32_t index) {
  KV_ASSERT(index < fresh_);
  KV_ASSERT(free_count_ < nodes_.size());
  nodes_[index].next = free_head_;
  free_head_ = index;
  ++free_count_;
}

void NodePool::clear() {
  free_count_ = nodes_.size();
  free_head_ = index_none;
  fresh_ = 0;
}

}  // namespace kv
