#include "kvcore/memory/block_pool.hpp"

#include <algorithm>

#include "kvcore/memory/assert.hpp"

namespace kv {

namespace {

constexpr uint64_t cache_line_bytes = 64;
/// What is longer is copied faster by the library.
constexpr uint64_t wide_copy_bytes_max = 128;

/// `data` may be empty, and then null.
void put_into(char* out, std::string_view data) {
  if (!data.empty()) std::memcpy(out, data.data(), data.size());
}

}  // namespace

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
      prefetch_bytes_(std::min(block_bytes - 1, cache_line_bytes)),
      wide_bytes_max_(std::min(block_bytes / wide_bytes * wide_bytes, wide_copy_bytes_max)),
      count_(memory.size() / block_bytes),
      free_count_(count_) {
  // The head of a free chain lies before the link.
  KV_ASSERT(block_bytes >= sizeof(FreeChain) + 2 * sizeof(BlockLink));
  KV_ASSERT(block_bytes % alignof(BlockLink) == 0);
  KV_ASSERT(reinterpret_cast<uintptr_t>(memory_) % alignof(BlockLink) == 0);
  KV_ASSERT(count_ <= index_max);
}

uint32_t BlockPool::store(std::string_view head, std::string_view tail) {
  const uint64_t bytes = head.size() + tail.size();
  if (bytes <= block_bytes_) {
    const uint32_t only = allocate();
    put_into(payload(only), head);
    put_into(payload(only) + head.size(), tail);
    return only;
  }
  const uint32_t first = allocate_chain(blocks_for(bytes));
  put(first, bytes, 0, head);
  put(first, bytes, head.size(), tail);
  return first;
}

uint32_t BlockPool::store(std::string_view head, uint32_t source, uint64_t source_bytes,
                          uint64_t offset) {
  KV_ASSERT(source < fresh_);
  KV_ASSERT(offset <= source_bytes);
  const uint64_t tail_bytes = source_bytes - offset;
  const uint64_t bytes = head.size() + tail_bytes;
  const uint32_t first = allocate_chain(blocks_for(bytes));
  put(first, bytes, 0, head);
  move(seek(source, source_bytes, offset), seek(first, bytes, head.size()), tail_bytes);
  return first;
}

void BlockPool::overwrite(uint32_t first, uint64_t bytes, uint64_t offset, std::string_view data) {
  KV_ASSERT(offset <= bytes);
  const uint64_t bytes_after = offset + data.size();
  if (std::max(bytes, bytes_after) <= block_bytes_) {
    KV_ASSERT(first < fresh_);
    return put_into(payload(first) + offset, data);
  }
  resize(first, bytes, bytes_after);
  put(first, bytes_after, offset, data);
}

void BlockPool::write(uint32_t first, uint64_t bytes, uint64_t offset, std::string_view data) {
  const uint64_t bytes_after = std::max(bytes, offset + data.size());
  resize(first, bytes, bytes_after);
  if (offset > bytes) put_zeros(first, bytes_after, bytes, offset - bytes);
  put(first, bytes_after, offset, data);
}

uint32_t BlockPool::replace_head(uint32_t first, uint64_t bytes, uint64_t head_bytes,
                                 std::string_view head) {
  KV_ASSERT(head_bytes <= bytes);
  const uint64_t bytes_after = bytes - head_bytes + head.size();
  KV_ASSERT(free_count_ + blocks_for(bytes) >= blocks_for(bytes_after));
  if (head.size() <= head_bytes) {
    move(seek(first, bytes, head_bytes), seek(first, bytes, head.size()), bytes - head_bytes);
    resize(first, bytes, bytes_after);
  } else {
    // Whole blocks go before the chain, so that the rest moves by less than a block.
    const uint64_t by = head.size() - head_bytes;
    const uint64_t before =
        std::min(by / payload_bytes_, blocks_for(bytes_after) - blocks_for(bytes));
    const uint64_t rest = by - before * payload_bytes_;
    resize(first, bytes, bytes + rest);
    if (rest > 0) shift(first, bytes, rest);
    if (before > 0) first = allocate_chain(before, first);
  }
  put(first, bytes_after, 0, head);
  return first;
}

void BlockPool::release_blocks(uint32_t first, uint64_t blocks) {
  KV_ASSERT(first < fresh_);
  KV_ASSERT(blocks <= used_count());
  free_chain(first) = {free_chains_, static_cast<uint32_t>(blocks)};
  free_chains_ = first;
  free_count_ += blocks;
}

void BlockPool::Reader::copy(char* out, uint64_t bytes) {
  KV_ASSERT(bytes <= left_);
  left_ -= bytes;
  for (;;) {
    const uint64_t here = std::min(bytes, end_ - at_.within);
    if (here > 0) std::memcpy(out, pool_->payload(at_.block) + at_.within, here);
    out += here;
    bytes -= here;
    at_.within += here;
    if (left_ + bytes == 0) return;
    if (at_.within == end_) {
      pool_->step(at_);
      end_ = pool_->room(at_);
    }
    if (bytes == 0) return;
  }
}

BlockPool::Place BlockPool::seek(uint32_t first, uint64_t chain_bytes, uint64_t offset) const {
  KV_ASSERT(first < fresh_);
  KV_ASSERT(offset <= chain_bytes);
  Place at = {first, offset, chain_bytes};
  while (at.chain_bytes > block_bytes_ && at.within >= payload_bytes_) step(at);
  return at;
}

/// Gives the chain, which holds `bytes_before`, the blocks of `bytes`. What it holds stays, as far
/// as it then has room: only the 4 bytes where a link comes or goes move.
void BlockPool::resize(uint32_t first, uint64_t bytes_before, uint64_t bytes) {
  KV_ASSERT(first < fresh_);
  if (bytes == bytes_before) return;
  const uint64_t blocks_before = blocks_for(bytes_before);
  const uint64_t blocks = blocks_for(bytes);
  if (blocks == blocks_before) return;
  uint32_t last = first;
  for (uint64_t i = 1; i < std::min(blocks, blocks_before); ++i) last = link(last);
  if (blocks > blocks_before) {
    const uint32_t next = allocate_chain(blocks - blocks_before);
    std::memcpy(payload(next), payload(last) + payload_bytes_, sizeof(BlockLink));
    link(last) = next;
  } else {
    const uint32_t next = link(last);
    std::memcpy(payload(last) + payload_bytes_, payload(next), sizeof(BlockLink));
    release_blocks(next, blocks_before - blocks);
  }
}

/// Writes into a chain that has the blocks of `chain_bytes`.
void BlockPool::put(uint32_t first, uint64_t chain_bytes, uint64_t offset, std::string_view data) {
  if (data.empty()) return;
  Place at = seek(first, chain_bytes, offset);
  while (!data.empty()) {
    const uint64_t part = std::min(data.size(), room(at) - at.within);
    char* const out = payload(at.block) + at.within;
    if (part < data.size()) {
      at.within += part;
      step(at);
      prefetch(at.block);
    }
    std::memcpy(out, data.data(), part);
    data.remove_prefix(part);
  }
}

void BlockPool::put_zeros(uint32_t first, uint64_t chain_bytes, uint64_t offset, uint64_t count) {
  Place at = seek(first, chain_bytes, offset);
  for (;;) {
    const uint64_t part = std::min(count, room(at) - at.within);
    std::memset(payload(at.block) + at.within, 0, part);
    count -= part;
    if (count == 0) return;
    at.within += part;
    step(at);
  }
}

/// Copies from one chain to another, or to before in the same one.
void BlockPool::move(Place from, Place to, uint64_t count) {
  while (count > 0) {
    if (from.within == room(from)) step(from);
    if (to.within == room(to)) step(to);
    const uint64_t part = std::min({count, room(from) - from.within, room(to) - to.within});
    std::memmove(payload(to.block) + to.within, payload(from.block) + from.within, part);
    from.within += part;
    to.within += part;
    count -= part;
  }
}

/// Moves the `bytes` of a chain, which has the blocks of `bytes + by`, towards its end. It begins
/// with the last block: the links are turned round on the way there and back again on the way
/// back. REQUIRES: by < payload_bytes_, or the chain is one block.
void BlockPool::shift(uint32_t first, uint64_t bytes, uint64_t by) {
  uint32_t before = index_none;
  uint32_t at = first;
  uint64_t begin = 0;  // Of the block, in the chain.
  for (; bytes + by - begin > block_bytes_; begin += payload_bytes_) {
    const uint32_t next = link(at);
    link(at) = before;
    before = at;
    at = next;
  }
  uint64_t room = block_bytes_;
  for (;;) {
    const uint64_t held = bytes - std::min(bytes, begin);
    std::memmove(payload(at) + by, payload(at), std::min(held, room - by));
    if (before == index_none) break;
    std::memcpy(payload(at), payload(before) + payload_bytes_ - by, by);
    const uint32_t next = at;
    at = before;
    before = link(at);
    link(at) = next;
    begin -= payload_bytes_;
    room = payload_bytes_;
  }
  KV_ASSERT(at == first);
}

void BlockPool::read_on(uint32_t first, uint64_t chain_bytes, uint64_t offset, uint64_t bytes,
                        char* out) const {
  Place at = seek(first, chain_bytes, offset);
  while (bytes > 0) {
    const uint64_t part = std::min(bytes, room(at) - at.within);
    const char* const data = payload(at.block) + at.within;
    bytes -= part;
    if (bytes > 0) {
      at.within += part;
      step(at);
      prefetch(at.block);
    }
    std::memcpy(out, data, part);
    out += part;
  }
}

bool BlockPool::begins_with_on(uint32_t first, uint64_t chain_bytes, std::string_view data) const {
  Place at = seek(first, chain_bytes, 0);
  while (!data.empty()) {
    const uint64_t part = std::min(data.size(), room(at));
    if (std::memcmp(payload(at.block), data.data(), part) != 0) return false;
    data.remove_prefix(part);
    at.within = part;
    if (!data.empty()) step(at);
  }
  return true;
}

void BlockPool::clear() {
  free_count_ = count_;
  free_head_ = index_none;
  free_blocks_ = 0;
  free_chains_ = index_none;
  fresh_ = 0;
}

uint32_t BlockPool::allocate() {
  KV_ASSERT(free_count_ > 0);
  --free_count_;
  if (free_blocks_ == 0) {
    if (free_chains_ == index_none) {
      KV_ASSERT(fresh_ < count_);
      return fresh_++;
    }
    free_head_ = free_chains_;
    const FreeChain chain = free_chain(free_head_);
    free_blocks_ = chain.blocks;
    free_chains_ = chain.next;
  }
  const uint32_t index = free_head_;
  --free_blocks_;
  if (free_blocks_ > 0) free_head_ = link(index);
  // The next call looks into the next free block: have it on its way meanwhile.
  const uint32_t next = free_blocks_ > 0 ? free_head_ : free_chains_;
  if (next != index_none) prefetch(next);
  return index;
}

/// Takes so many blocks, linked; the last one to `behind`, if that is one.
uint32_t BlockPool::allocate_chain(uint64_t blocks, uint32_t behind) {
  const uint32_t first = allocate();
  uint32_t last = first;
  for (uint64_t i = 1; i < blocks; ++i) {
    const uint32_t next = allocate();
    link(last) = next;
    last = next;
  }
  if (behind != index_none) link(last) = behind;
  return first;
}

}  // namespace kv
