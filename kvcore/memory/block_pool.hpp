// A fixed pool of blocks, chained into keys and values.
//
// Memory is block_count × block_bytes, nothing else. A block is a 32-bit link and its payload.
// A chain that is given back is kept whole, as one of a stack of free chains, so that costs the
// same at any length; blocks that were never used are taken from the front of the memory, so a
// start touches none of them.
//
//     | next | payload …… |  | next | payload …… |  | none | payload …… |
//     | next | next free chain … |  | none | …… |                              given back
//
// A string of n bytes takes max(1, ceil(n / payload_bytes())) blocks, so a set of strings fits
// if and only if the sum of their blocks is at most count().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kvcore/memory/arena.hpp"
#include "kvcore/plan/records.hpp"

namespace kv {

class BlockPool {
 public:
  /// Reads a chain byte by byte.
  class Reader {
   public:
    Reader(const BlockPool& pool, uint32_t first, uint64_t bytes)
        : pool_(&pool), block_(first), left_(bytes) {}
    bool empty() const { return left_ == 0; }
    char front() const { return pool_->payload(block_)[at_]; }
    void pop() {
      --left_;
      if (++at_ < pool_->payload_bytes_) return;
      at_ = 0;
      block_ = pool_->link(block_);
    }

   private:
    const BlockPool* pool_;
    uint32_t block_;
    uint32_t at_ = 0;
    uint64_t left_;
  };

  /// Carves store_bytes / block_bytes blocks. REQUIRES: the config is resolved and valid.
  static BlockPool carve(Arena& arena, const Config& config);

  BlockPool() = default;
  /// REQUIRES: block_bytes > sizeof(BlockLink), a multiple of 8; memory is aligned to 8.
  BlockPool(std::span<std::byte> memory, uint64_t block_bytes);

  uint64_t count() const { return count_; }
  uint64_t free_count() const { return free_count_; }
  uint64_t used_count() const { return count_ - free_count_; }
  uint64_t payload_bytes() const { return payload_bytes_; }
  uint64_t blocks_for(uint64_t bytes) const {
    return bytes <= payload_bytes_ ? 1 : (bytes + payload_bytes_ - 1) / payload_bytes_;
  }

  /// Stores `data` in a new chain and returns its first block.
  /// REQUIRES: free_count() >= blocks_for(data.size()).
  uint32_t store(std::string_view data);

  /// Replaces the content of the chain `first`, which holds `old_bytes`, in place: blocks are
  /// added or given back at its end, the first block stays.
  /// REQUIRES: free_count() + blocks_for(old_bytes) >= blocks_for(data.size()).
  void overwrite(uint32_t first, uint64_t old_bytes, std::string_view data);

  /// Writes `data` at `offset` of the chain `first`, which holds `bytes`, and zeros between its
  /// end and `offset`; the chain then holds max(bytes, offset + data.size()).
  /// REQUIRES: free_count() + blocks_for(bytes) >= blocks_for(offset + data.size()).
  void write(uint32_t first, uint64_t bytes, uint64_t offset, std::string_view data);

  /// Stores what the chain `first` holds, `bytes`, in a new chain and returns its first block.
  /// REQUIRES: free_count() >= blocks_for(bytes).
  uint32_t copy(uint32_t first, uint64_t bytes);

  /// Gives a chain that holds `bytes` back.
  void release(uint32_t first, uint64_t bytes) { release_blocks(first, blocks_for(bytes)); }

  /// Copies the `bytes` that the chain holds to `out`.
  void read(uint32_t first, uint64_t bytes, char* out) const { read(first, 0, bytes, out); }

  /// Copies `bytes` from `offset` on. REQUIRES: the chain holds them.
  void read(uint32_t first, uint64_t offset, uint64_t bytes, char* out) const;

  /// Whether the chain, which holds `bytes`, equals `data`.
  bool equals(uint32_t first, uint64_t bytes, std::string_view data) const;

  /// Gives every block back at once. Costs nothing per block.
  void clear();

  /// Asks for the cache lines of the head of a chain.
  void prefetch(uint32_t first) const { __builtin_prefetch(block(first)); }

 private:
  std::byte* block(uint32_t index) const { return memory_ + uint64_t{index} * block_bytes_; }
  BlockLink& link(uint32_t index) const { return *reinterpret_cast<BlockLink*>(block(index)); }
  char* payload(uint32_t index) const {
    return reinterpret_cast<char*>(block(index) + sizeof(BlockLink));
  }
  /// In a free chain's first block: the free chain after it.
  uint32_t& next_chain(uint32_t first) const {
    return *reinterpret_cast<uint32_t*>(payload(first));
  }
  uint32_t allocate();
  void put(uint32_t first, uint64_t bytes, uint64_t offset, const char* data, uint64_t count);
  /// Fills the block `last` and, as far as `data` goes, new blocks behind it.
  void append(uint32_t last, std::string_view data);
  void release_blocks(uint32_t first, uint64_t blocks);

  std::byte* memory_ = nullptr;
  uint64_t block_bytes_ = 0;
  uint64_t payload_bytes_ = 0;
  uint64_t count_ = 0;
  uint64_t free_count_ = 0;
  uint32_t free_head_ = index_none;    ///< what is left of the chain that is being reused
  uint32_t free_chains_ = index_none;  ///< the other chains that were given back
  uint32_t fresh_ = 0;                 ///< blocks from here on were never used
};

}  // namespace kv
