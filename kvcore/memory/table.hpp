// The map from keys to entries: buckets of twelve, no tombstones, never rehashed.
//
// Memory is ceil(key_count × 10 / 96) buckets of 64 bytes and key_count entries of 32: 38.7
// bytes a key, at a load of at most 0.8. A key goes to the first bucket with a free slot from
// its home on; every full bucket that it passes counts it in `passed`, and a search ends at
// the first bucket that nobody passed. Erasing undoes the counts, so the table after any
// history is as good as one that was just filled. An entry keeps its index for its whole life.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kvcore/memory/arena.hpp"
#include "kvcore/memory/block_pool.hpp"
#include "kvcore/memory/siphash.hpp"
#include "kvcore/plan/records.hpp"

namespace kv {

class Table {
 public:
  /// Carves buckets and entries. REQUIRES: the config is resolved and valid.
  static Table carve(Arena& arena, const Config& config, HashKey key);

  Table() = default;
  Table(std::span<Bucket> buckets, std::span<Entry> entries, HashKey key);

  uint64_t count() const { return count_; }
  uint64_t capacity() const { return entries_.size(); }
  bool full() const { return count_ == capacity(); }

  uint64_t hash(std::string_view key) const { return siphash13(hash_key_, key); }
  void prefetch(uint64_t hash) const { __builtin_prefetch(&buckets_[home(hash)]); }

  /// The index of the entry of `key`, or index_none. Keys are compared in `blocks`.
  uint32_t find(std::string_view key, uint64_t hash, const BlockPool& blocks) const;

  /// Takes a free entry for a key of this hash and returns its index. The caller fills it.
  /// REQUIRES: !full(), and the key is not in the table.
  uint32_t insert(uint64_t hash);

  /// Frees the entry. REQUIRES: it is in the table, and `hash` is its key's.
  void erase(uint32_t index, uint64_t hash);

  Entry& entry(uint32_t index) { return entries_[index]; }
  const Entry& entry(uint32_t index) const { return entries_[index]; }

  /// Every entry ever used, free ones (Entry::Type::free) among them, in index order.
  std::span<Entry> used_entries() { return entries_.first(fresh_); }
  std::span<const Entry> used_entries() const { return entries_.first(fresh_); }

  /// Frees every entry. Costs a pass over the buckets.
  void clear();

 private:
  uint64_t home(uint64_t hash) const {
    // The upper half of the product of hash and bucket count: an even spread over any count.
    __extension__ using uint128 = unsigned __int128;
    return static_cast<uint64_t>((uint128{hash} * buckets_.size()) >> 64);
  }
  uint64_t after(uint64_t bucket) const { return bucket + 1 == buckets_.size() ? 0 : bucket + 1; }

  std::span<Bucket> buckets_;
  std::span<Entry> entries_;
  HashKey hash_key_;
  uint64_t count_ = 0;
  uint32_t free_head_ = index_none;  ///< entries that were given back
  uint32_t fresh_ = 0;               ///< entries from here on were never used
};

}  // namespace kv
