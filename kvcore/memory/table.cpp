#include "kvcore/memory/table.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <cstring>

#include "kvcore/memory/assert.hpp"

namespace kv {

namespace {

/// One of 255 values, from bits of the hash that neither the home nor hash_high uses.
uint8_t tag_of(uint64_t hash) {
  const uint8_t low = static_cast<uint8_t>(hash);
  return low == 0 ? 1 : low;
}

uint32_t high_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

/// A bit for each slot of the bucket whose tag is `tag`.
uint32_t slots_with(const Bucket& bucket, uint8_t tag) {
#ifdef __SSE2__
  constexpr uint32_t all = (1U << Bucket::slots) - 1;
  // The load goes over the tags into `passed`, whose bits the mask drops.
  const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(&bucket));
  const __m128i same = _mm_cmpeq_epi8(tags, _mm_set1_epi8(static_cast<char>(tag)));
  return static_cast<uint32_t>(_mm_movemask_epi8(same)) & all;
#else
  uint32_t mask = 0;
  for (uint32_t slot = 0; slot < Bucket::slots; ++slot) {
    mask |= static_cast<uint32_t>(bucket.tags[slot] == tag) << slot;
  }
  return mask;
#endif
}

uint32_t first_slot(uint32_t mask) { return static_cast<uint32_t>(__builtin_ctz(mask)); }

}  // namespace

Table Table::carve(Arena& arena, const Config& config, HashKey key) {
  // At most 8 of 10 slots are used: ceil(key_count × 10 / (12 × 8)) buckets.
  const uint64_t bucket_count =
      (config.key_count * 10 + Bucket::slots * 8 - 1) / (Bucket::slots * 8);
  const std::span<Bucket> buckets =
      arena.take<Bucket>(Part::buckets, bucket_count, part_info(Part::buckets).align);
  const std::span<Entry> entries =
      arena.take<Entry>(Part::entries, config.key_count, part_info(Part::entries).align);
  return Table(buckets, entries, key);
}

Table::Table(std::span<Bucket> buckets, std::span<Entry> entries, HashKey key)
    : buckets_(buckets), entries_(entries), hash_key_(key) {
  KV_ASSERT(entries.size() <= index_max);
  // Insertion ends because there is always a free slot somewhere.
  KV_ASSERT(entries.size() < buckets.size() * Bucket::slots);
}

uint32_t Table::prefetch_entry(uint64_t hash) const {
  const Bucket& bucket = buckets_[home(hash)];
  const uint32_t mask = slots_with(bucket, tag_of(hash));
  if (mask == 0) return index_none;
  const uint32_t index = bucket.entries[first_slot(mask)];
  prefetch_line(&entries_[index]);
  return index;
}

uint32_t Table::find(std::string_view key, uint64_t hash, const BlockPool& blocks) const {
  const uint8_t tag = tag_of(hash);
  const uint32_t high = high_of(hash);
  uint64_t at = home(hash);
  for (uint64_t searched = 0; searched < buckets_.size(); ++searched) {
    const Bucket& bucket = buckets_[at];
    for (uint32_t mask = slots_with(bucket, tag); mask != 0; mask &= mask - 1) {
      const uint32_t index = bucket.entries[first_slot(mask)];
      const Entry& entry = entries_[index];
      if (entry.hash_high != high || entry.key_bytes != key.size()) continue;
      if (blocks.begins_with(entry.key_block, entry.chain_bytes(), key)) return index;
    }
    if (bucket.passed == 0) return index_none;
    at = after(at);
  }
  return index_none;
}

uint32_t Table::insert(uint64_t hash) {
  KV_ASSERT(!full());
  uint64_t at = home(hash);
  uint32_t free_slots = slots_with(buckets_[at], /*tag=*/0);
  while (free_slots == 0) {
    ++buckets_[at].passed;
    at = after(at);
    free_slots = slots_with(buckets_[at], /*tag=*/0);
  }

  uint32_t index = free_head_;
  if (index != index_none) {
    free_head_ = entries_[index].first;
  } else {
    KV_ASSERT(fresh_ < entries_.size());
    index = fresh_++;
  }
  const uint32_t slot = first_slot(free_slots);
  buckets_[at].tags[slot] = tag_of(hash);
  buckets_[at].entries[slot] = index;
  entries_[index] = {};
  entries_[index].hash_high = high_of(hash);
  ++count_;
  return index;
}

void Table::erase(uint32_t index) {
  KV_ASSERT(index < fresh_);
  KV_ASSERT(entries_[index].type != Entry::Type::free);
  uint64_t at = home(uint64_t{entries_[index].hash_high} << 32);
  for (uint64_t searched = 0; searched < buckets_.size(); ++searched) {
    Bucket& bucket = buckets_[at];
    for (uint32_t slot = 0; slot < Bucket::slots; ++slot) {
      if (bucket.entries[slot] != index || bucket.tags[slot] == 0) continue;
      bucket.tags[slot] = 0;
      entries_[index].type = Entry::Type::free;
      entries_[index].first = free_head_;
      free_head_ = index;
      --count_;
      return;
    }
    // Not here, so the key was one of those that passed.
    KV_ASSERT(bucket.passed > 0);
    --bucket.passed;
    at = after(at);
  }
  assert_failed("the entry is in the table", __FILE__, __LINE__);
}

uint32_t Table::random_entry(uint64_t random) const {
  KV_ASSERT(count_ > 0);
  constexpr uint32_t all = (1U << Bucket::slots) - 1;
  uint64_t at = home(random);
  uint32_t used = ~slots_with(buckets_[at], /*tag=*/0) & all;
  while (used == 0) {
    at = after(at);
    used = ~slots_with(buckets_[at], /*tag=*/0) & all;
  }
  const uint32_t skipped =
      static_cast<uint32_t>(random) % static_cast<uint32_t>(__builtin_popcount(used));
  for (uint32_t i = 0; i < skipped; ++i) used &= used - 1;
  return buckets_[at].entries[first_slot(used)];
}

void Table::clear() {
  if (!buckets_.empty()) std::memset(buckets_.data(), 0, buckets_.size_bytes());
  count_ = 0;
  free_head_ = index_none;
  fresh_ = 0;
}

}  // namespace kv
