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
#include "kvcore/memory/prefetch.hpp"
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

  // To find a key takes its bucket, its entry and its blocks, one after the other. Whoever has
  // several keys to find asks for the buckets of all, then for the entries of all.
  void prefetch_bucket(uint64_t hash) const { prefetch_line(&buckets_[home(hash)]); }
  /// Returns the first entry in the home of `hash` that may be the key's, or index_none.
  uint32_t prefetch_entry(uint64_t hash) const;

  /// The index of the entry of `key`, or index_none. Keys are compared in `blocks`.
  uint32_t find(std::string_view key, uint64_t hash, const BlockPool& blocks) const;

  /// Takes a free entry for a key of this hash and returns its index. The caller fills it.
  /// REQUIRES: !full(), and the key is not in the table.
  uint32_t insert(uint64_t hash);

  /// Frees the entry, which the next insert() takes. REQUIRES: it is in the table.
  void erase(uint32_t index);

  Entry& entry(uint32_t index) { return entries_[index]; }
  const Entry& entry(uint32_t index) const { return entries_[index]; }

  /// Every entry ever used has an index below this, free ones (Entry::Type::free) among them.
  uint32_t used_end() const { return fresh_; }

  /// An entry that is in the table, chosen by `random`: of the first bucket, from a random one on,
  /// that is not empty. REQUIRES: count() > 0.
  uint32_t random_entry(uint64_t random) const;

  /// Every entry ever used, free ones among them, in index order.
  std::span<const Entry> used_entries() const { return entries_.first(fresh_); }

  /// Frees every entry. Costs a pass over the buckets.
  void clear();

 private:
  /// From the upper half of a hash, which the entry keeps: an even spread over any count.
  uint64_t home(uint64_t hash) const { return ((hash >> 32) * buckets_.size()) >> 32; }
  uint64_t after(uint64_t bucket) const { return bucket + 1 == buckets_.size() ? 0 : bucket + 1; }

  std::span<Bucket> buckets_;
  std::span<Entry> entries_;
  HashKey hash_key_;
  uint64_t count_ = 0;
  uint32_t free_head_ = index_none;  ///< entries that were given back
  uint32_t fresh_ = 0;               ///< entries from here on were never used
};

}  // namespace kv
