#include "kvcore/memory/block_pool.hpp"

#include <algorithm>
#include <cstring>

#include "kvcore/memory/assert.hpp"

namespace kv {

BlockPool BlockPool::carve(Arena& arena, const Config& config) {
  const uint64_t count = config.store_bytes / config.block_bytes;
  const std::span<std::byte> memory = arena.take<std::byte>(
      Part::blocks, count * config.block_bytes, part_info(Part::blocks).align);
  return BlockPool(memory, config.block_bytes);
}

BlockPool::BlockPool(std::span<std::byte> memory, uint64_t block_bytes)
    : memory_(memory.data()),
      block_bytes_(block_bytes),
      payload_bytes_(block_bytes - sizeof(BlockLink)),
      count_(memory.size() / block_bytes),
      free_count_(count_) {
  KV_ASSERT(block_bytes > sizeof(BlockLink));
  KV_ASSERT(block_bytes % 8 == 0);
  KV_ASSERT(reinterpret_cast<uintptr_t>(memory_) % 8 == 0);
  KV_ASSERT(count_ <= index_max);
}

uint32_t BlockPool::store(std::string_view data) {
  KV_ASSERT(free_count_ >= blocks_for(data.size()));
  const uint32_t first = allocate();
  append(first, data);
  return first;
}

void BlockPool::append(uint32_t last, std::string_view data) {
  while (data.size() > payload_bytes_) {
    const uint32_t next = allocate();
    std::memcpy(payload(last), data.data(), payload_bytes_);
    link(last) = next;
    last = next;
    data.remove_prefix(payload_bytes_);
  }
  if (!data.empty()) std::memcpy(payload(last), data.data(), data.size());
  link(last) = index_none;
}

void BlockPool::overwrite(uint32_t first, uint64_t old_bytes, std::string_view data) {
  const uint64_t old_blocks = blocks_for(old_bytes);
  const uint64_t new_blocks = blocks_for(data.size());
  KV_ASSERT(first < fresh_);
  KV_ASSERT(free_count_ + old_blocks >= new_blocks);

  uint32_t last = first;
  for (uint64_t kept = 1; kept < std::min(old_blocks, new_blocks); ++kept) {
    const uint32_t next = link(last);
    prefetch(next);
    std::memcpy(payload(last), data.data(), payload_bytes_);
    data.remove_prefix(payload_bytes_);
    last = next;
  }
  if (old_blocks > new_blocks) release_blocks(link(last), old_blocks - new_blocks);
  append(last, data);
}

void BlockPool::release(uint32_t first, uint64_t bytes) {
  release_blocks(first, blocks_for(bytes));
}

void BlockPool::release_blocks(uint32_t first, uint64_t blocks) {
  KV_ASSERT(first < fresh_);
  KV_ASSERT(blocks <= used_count());
  uint32_t last = first;
  for (uint64_t i = 1; i < blocks; ++i) last = link(last);
  link(last) = free_head_;
  free_head_ = first;
  free_count_ += blocks;
}

void BlockPool::read(uint32_t first, uint64_t bytes, char* out) const {
  KV_ASSERT(first < fresh_);
  uint32_t at = first;
  while (bytes > payload_bytes_) {
    const uint32_t next = link(at);
    prefetch(next);
    std::memcpy(out, payload(at), payload_bytes_);
    out += payload_bytes_;
    bytes -= payload_bytes_;
    at = next;
  }
  if (bytes > 0) std::memcpy(out, payload(at), bytes);
}

bool BlockPool::equals(uint32_t first, uint64_t bytes, std::string_view data) const {
  KV_ASSERT(first < fresh_);
  if (bytes != data.size()) return false;
  uint32_t at = first;
  while (data.size() > payload_bytes_) {
    const uint32_t next = link(at);
    prefetch(next);
    if (std::memcmp(payload(at), data.data(), payload_bytes_) != 0) return false;
    data.remove_prefix(payload_bytes_);
    at = next;
  }
  return data.empty() || std::memcmp(payload(at), data.data(), data.size()) == 0;
}

void BlockPool::clear() {
  free_count_ = count_;
  free_head_ = index_none;
  fresh_ = 0;
}

uint32_t BlockPool::allocate() {
  KV_ASSERT(free_count_ > 0);
  --free_count_;
  if (free_head_ == index_none) {
    KV_ASSERT(fresh_ < count_);
    return fresh_++;
  }
  const uint32_t index = free_head_;
  free_head_ = link(index);
  // The next call reads the link of the next free block: have it on its way meanwhile.
  if (free_head_ != index_none) prefetch(free_head_);
  return index;
}

}  // namespace kv
