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

void BlockPool::release_blocks(uint32_t first, uint64_t blocks) {
  KV_ASSERT(first < fresh_);
  KV_ASSERT(blocks <= used_count());
  next_chain(first) = free_chains_;
  free_chains_ = first;
  free_count_ += blocks;
}

void BlockPool::write(uint32_t first, uint64_t bytes, uint64_t offset, std::string_view data) {
  if (offset > bytes) {
    put(first, bytes, bytes, nullptr, offset - bytes);
    bytes = offset;
  }
  put(first, bytes, offset, data.data(), data.size());
}

/// Writes `count` bytes, zeros where `data` is null, at `offset` of a chain that holds `bytes`.
void BlockPool::put(uint32_t first, uint64_t bytes, uint64_t offset, const char* data,
                    uint64_t count) {
  KV_ASSERT(first < fresh_);
  KV_ASSERT(offset <= bytes);
  if (count == 0) return;
  const uint64_t blocks = blocks_for(bytes);
  uint32_t at = first;
  for (uint64_t i = 0; i < std::min(offset / payload_bytes_, blocks - 1); ++i) at = link(at);
  uint64_t within = offset % payload_bytes_;
  bool filled = offset / payload_bytes_ == blocks;  // The place is behind the last block.
  while (count > 0) {
    if (filled) {
      uint32_t next = link(at);
      if (next == index_none) {
        next = allocate();
        link(at) = next;
        link(next) = index_none;
      }
      at = next;
    }
    const uint64_t part = std::min(count, payload_bytes_ - within);
    if (data == nullptr) {
      std::memset(payload(at) + within, 0, part);
    } else {
      std::memcpy(payload(at) + within, data, part);
      data += part;
    }
    count -= part;
    within = 0;
    filled = true;
  }
}

uint32_t BlockPool::copy(uint32_t first, uint64_t bytes) {
  KV_ASSERT(first < fresh_);
  KV_ASSERT(free_count_ >= blocks_for(bytes));
  const uint32_t begin = allocate();
  uint32_t from = first;
  uint32_t to = begin;
  for (; bytes > payload_bytes_; bytes -= payload_bytes_) {
    const uint32_t next = allocate();
    std::memcpy(payload(to), payload(from), payload_bytes_);
    link(to) = next;
    to = next;
    from = link(from);
  }
  std::memcpy(payload(to), payload(from), bytes);
  link(to) = index_none;
  return begin;
}

void BlockPool::read(uint32_t first, uint64_t offset, uint64_t bytes, char* out) const {
  KV_ASSERT(first < fresh_);
  uint32_t at = first;
  for (; offset >= payload_bytes_ && bytes > 0; offset -= payload_bytes_) at = link(at);
  while (bytes > payload_bytes_ - offset) {
    const uint64_t part = payload_bytes_ - offset;
    const uint32_t next = link(at);
    prefetch(next);
    std::memcpy(out, payload(at) + offset, part);
    out += part;
    bytes -= part;
    offset = 0;
    at = next;
  }
  if (bytes > 0) std::memcpy(out, payload(at) + offset, bytes);
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
  free_chains_ = index_none;
  fresh_ = 0;
}

uint32_t BlockPool::allocate() {
  KV_ASSERT(free_count_ > 0);
  --free_count_;
  if (free_head_ == index_none) {
    if (free_chains_ == index_none) {
      KV_ASSERT(fresh_ < count_);
      return fresh_++;
    }
    free_head_ = free_chains_;
    free_chains_ = next_chain(free_head_);
  }
  const uint32_t index = free_head_;
  free_head_ = link(index);
  // The next call reads the link of the next free block: have it on its way meanwhile.
  const uint32_t next = free_head_ != index_none ? free_head_ : free_chains_;
  if (next != index_none) prefetch(next);
  return index;
}

}  // namespace kv
