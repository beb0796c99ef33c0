// A fixed pool of blocks, chained into keys, strings and list elements.
//
// Memory is block_count × block_bytes, nothing else. A block that is the last of its chain is all
// payload; each of the others ends in a 32-bit link, so where a chain's links are follows from its
// length, which the caller keeps. A chain that is given back is kept whole, as one of a stack of
// free chains, so that costs the same at any length; blocks that were never used are taken from
// the front of the memory, so a start touches none of them.
//
//     | payload …… | next | payload …… | next | payload …………… |
//     | next free chain | blocks | … | next | …… | next | …………… |        given back
//
// A chain of n bytes takes chain_blocks(n, block_bytes) blocks, so a set of chains fits if and
// only if the sum of their blocks is at most count().
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "kvcore/memory/arena.hpp"
#include "kvcore/memory/prefetch.hpp"
#include "kvcore/plan/chains.hpp"
#include "kvcore/plan/records.hpp"

namespace kv {

class BlockPool {
 public:
  /// Reads the first `bytes` of a chain that holds `chain_bytes`, from where it stopped before, as
  /// long as the chain is not changed.
  class Reader {
   public:
    Reader() = default;
    Reader(const BlockPool& pool, uint32_t first, uint64_t chain_bytes, uint64_t bytes)
        : pool_(&pool), at_{first, 0, chain_bytes}, end_(pool.room(at_)), left_(bytes) {}
    bool empty() const { return left_ == 0; }
    char front() const { return pool_->payload(at_.block)[at_.within]; }
    void pop() {
      --left_;
      if (++at_.within < end_ || left_ == 0) return;
      pool_->step(at_);
      end_ = pool_->room(at_);
    }
    /// Copies the next `bytes` to `out`. REQUIRES: they are left.
    void copy(char* out, uint64_t bytes);

   private:
    friend class BlockPool;
    /// A place in a chain: a block, the byte of its payload, and what the chain holds from the
    /// block's begin on, which says whether it is the last one.
    struct Place {
      uint32_t block = index_none;
      uint64_t within = 0;
      uint64_t chain_bytes = 0;
    };

    const BlockPool* pool_ = nullptr;
    Place at_;
    uint64_t end_ = 0;
    uint64_t left_ = 0;
  };

  static constexpr uint64_t wide_bytes = 32;  ///< what read_wide() copies at once

  /// Carves store_bytes / block_bytes blocks. REQUIRES: the config is resolved and valid.
  static BlockPool carve(Arena& arena, const Config& config);

  BlockPool() = default;
  /// REQUIRES: block_bytes >= 16, a multiple of 4; memory is aligned to 4.
  BlockPool(std::span<std::byte> memory, uint64_t block_bytes);

  uint64_t count() const { return count_; }
  uint64_t free_count() const { return free_count_; }
  uint64_t used_count() const { return count_ - free_count_; }
  uint64_t blocks_for(uint64_t bytes) const { return chain_blocks(bytes, block_bytes_); }

  /// Stores `head` and `tail`, one behind the other, in a new chain and returns its first block.
  /// REQUIRES: free_count() >= blocks_for(head.size() + tail.size()).
  uint32_t store(std::string_view head, std::string_view tail = {});

  /// The same with a tail that another chain, of `source_bytes`, holds from `offset` on.
  uint32_t store(std::string_view head, uint32_t source, uint64_t source_bytes, uint64_t offset);

  /// Replaces what the chain `first`, which holds `bytes`, has from `offset` on: blocks are added
  /// or given back at its end, the first block stays. REQUIRES: offset <= bytes;
  /// free_count() + blocks_for(bytes) >= blocks_for(offset + data.size()).
  void overwrite(uint32_t first, uint64_t bytes, uint64_t offset, std::string_view data);

  /// Writes `data` at `offset` of the chain `first`, which holds `bytes`, and zeros between its
  /// end and `offset`; the chain then holds max(bytes, offset + data.size()).
  /// REQUIRES: free_count() + blocks_for(bytes) >= blocks_for(offset + data.size()).
  void write(uint32_t first, uint64_t bytes, uint64_t offset, std::string_view data);

  /// Replaces the first `head_bytes` of the chain `first`, which holds `bytes`, by `head`; what
  /// is behind them moves. Returns the chain's first block, which may be another one. REQUIRES:
  /// head_bytes <= bytes; free_count() + blocks_for(bytes) >= the blocks that are needed then.
  uint32_t replace_head(uint32_t first, uint64_t bytes, uint64_t head_bytes, std::string_view head);

  /// Gives a chain that holds `bytes` back.
  void release(uint32_t first, uint64_t bytes) { release_blocks(first, blocks_for(bytes)); }

  /// Copies `bytes` from `offset` on of a chain that holds `chain_bytes` to `out`.
  /// REQUIRES: the chain holds them.
  void read(uint32_t first, uint64_t chain_bytes, uint64_t offset, uint64_t bytes,
            char* out) const {
    if (chain_bytes > block_bytes_) return read_on(first, chain_bytes, offset, bytes, out);
    if (bytes > 0) std::memcpy(out, payload(first) + offset, bytes);
  }

  /// Copies the `bytes` that a chain holds to `out`, and perhaps up to wide_bytes more behind them.
  void read_wide(uint32_t first, uint64_t bytes, char* out) const {
    if (bytes > wide_bytes_max_) return read(first, bytes, 0, bytes, out);
    const char* const data = payload(first);
    for (uint64_t i = 0; i < bytes; i += wide_bytes) std::memcpy(out + i, data + i, wide_bytes);
  }

  /// Whether the chain, which holds `chain_bytes`, begins with `data`.
  /// REQUIRES: chain_bytes >= data.size().
  bool begins_with(uint32_t first, uint64_t chain_bytes, std::string_view data) const {
    const bool in_one_block = data.size() <= payload_bytes_ || chain_bytes <= block_bytes_;
    if (!in_one_block) return begins_with_on(first, chain_bytes, data);
    return data.empty() || std::memcmp(payload(first), data.data(), data.size()) == 0;
  }

  /// Gives every block back at once. Costs nothing per block.
  void clear();

  /// Asks for the head of a chain: the first 128 bytes of its first block, or all of it.
  void prefetch(uint32_t first) const {
    const std::byte* const begin = block(first);
    prefetch_line(begin);
    prefetch_line(begin + prefetch_bytes_);
  }

 private:
  using Place = Reader::Place;
  /// At the begin of a free chain's first block.
  struct FreeChain {
    uint32_t next;    ///< the free chain after it
    uint32_t blocks;  ///< how long it is
  };
  static_assert(sizeof(FreeChain) == 8 && alignof(FreeChain) == 4);

  std::byte* block(uint32_t index) const { return memory_ + uint64_t{index} * block_bytes_; }
  char* payload(uint32_t index) const { return reinterpret_cast<char*>(block(index)); }
  BlockLink& link(uint32_t index) const {
    return *reinterpret_cast<BlockLink*>(block(index) + payload_bytes_);
  }
  FreeChain& free_chain(uint32_t first) const {
    return *reinterpret_cast<FreeChain*>(block(first));
  }

  /// Bytes that the block of a place holds: all of the last one, else without the link.
  uint64_t room(const Place& at) const {
    return at.chain_bytes > block_bytes_ ? payload_bytes_ : block_bytes_;
  }
  /// From a block that is not the last to the next, as far from its begin as `within` was from
  /// the end of the payload before.
  void step(Place& at) const {
    at = {link(at.block), at.within - payload_bytes_, at.chain_bytes - payload_bytes_};
  }
  Place seek(uint32_t first, uint64_t chain_bytes, uint64_t offset) const;

  uint32_t allocate();
  uint32_t allocate_chain(uint64_t blocks, uint32_t behind = index_none);
  void resize(uint32_t first, uint64_t bytes_before, uint64_t bytes);
  void put(uint32_t first, uint64_t chain_bytes, uint64_t offset, std::string_view data);
  void put_zeros(uint32_t first, uint64_t chain_bytes, uint64_t offset, uint64_t count);
  void move(Place from, Place to, uint64_t count);
  void shift(uint32_t first, uint64_t bytes, uint64_t by);
  void release_blocks(uint32_t first, uint64_t blocks);
  void read_on(uint32_t first, uint64_t chain_bytes, uint64_t offset, uint64_t bytes,
               char* out) const;
  bool begins_with_on(uint32_t first, uint64_t chain_bytes, std::string_view data) const;

  std::byte* memory_ = nullptr;
  uint64_t block_bytes_ = 0;
  uint64_t payload_bytes_ = 0;   ///< of a block with a link
  uint64_t prefetch_bytes_ = 0;  ///< from a block's begin to what else is asked for
  uint64_t wide_bytes_max_ = 0;  ///< what lies in whole pieces of wide_bytes in a block
  uint64_t count_ = 0;
  uint64_t free_count_ = 0;
  uint32_t free_head_ = index_none;    ///< what is left of the chain that is being reused
  uint32_t free_blocks_ = 0;           ///< and how long that is
  uint32_t free_chains_ = index_none;  ///< the other chains that were given back
  uint32_t fresh_ = 0;                 ///< blocks from here on were never used
};

}  // namespace kv
