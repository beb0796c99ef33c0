#include "server/key_watches.hpp"

#include <algorithm>
#include <bit>

#include "kvcore/memory/assert.hpp"
#include "server/planted.hpp"

namespace kv {

KeyWatches KeyWatches::carve(Arena& arena, const Config& config) {
  constexpr uint64_t cache_line = 64;
  const uint64_t count = config.key_watches_max;
  KeyWatches out;
  out.keys_ = arena.take<WatchedKey>(Part::watched_keys, count, cache_line);
  out.watches_ = arena.take<KeyWatch>(Part::key_watches, count, cache_line);
  out.heads_ = arena.take<uint32_t>(Part::watch_heads, std::bit_ceil(count), cache_line);
  out.clients_ =
      arena.take<ClientWatches>(Part::client_watches, config.connections_max, cache_line);
  std::fill(out.heads_.begin(), out.heads_.end(), index_none);
  for (ClientWatches& client : out.clients_) client = {index_none, index_none, false, {}};
  return out;
}

void KeyWatches::add(Kind kind, uint32_t client, uint32_t hash_high, uint32_t entry) {
  const uint32_t key_index = find_or_insert(hash_high, entry);
  WatchedKey& key = keys_[key_index];
  uint32_t& list = kind == Kind::wait ? clients_[client].waits : clients_[client].watches;
  for (uint32_t at = list; at != index_none; at = watches_[at].next_of_client) {
    if (watches_[at].key == key_index) return;
  }
  uint32_t index = free_watch_;
  if (index != index_none) {
    free_watch_ = watches_[index].next;
  } else {
    index = fresh_watch_++;
  }
  KV_ASSERT(index < watches_.size());
  KeyWatch& watch = watches_[index];
  watch = {key_index, client, index_none, index_none, list};
  list = index;
  if (kind == Kind::wait && !planted(Fault::out_of_order)) {
    watch.previous = key.last_wait;
    (key.last_wait == index_none ? key.first_wait : watches_[key.last_wait].next) = index;
    key.last_wait = index;
  } else {
    uint32_t& first = kind == Kind::wait ? key.first_wait : key.first_watch;
    watch.next = first;
    if (first != index_none) watches_[first].previous = index;
    first = index;
  }
  ++used_;
}

void KeyWatches::remove_all(Kind kind, uint32_t client) {
  uint32_t& list = kind == Kind::wait ? clients_[client].waits : clients_[client].watches;
  while (list != index_none) {
    const uint32_t index = list;
    const uint32_t key = watches_[index].key;
    list = watches_[index].next_of_client;
    unlink(kind, index);
    watches_[index].next = free_watch_;
    free_watch_ = index;
    --used_;
    release_if_unused(key);
  }
  if (kind == Kind::watch) clients_[client].changed = false;
}

void KeyWatches::unlink(Kind kind, uint32_t index) {
  const KeyWatch& watch = watches_[index];
  WatchedKey& key = keys_[watch.key];
  uint32_t& first = kind == Kind::wait ? key.first_wait : key.first_watch;
  (watch.previous == index_none ? first : watches_[watch.previous].next) = watch.next;
  if (watch.next != index_none) {
    watches_[watch.next].previous = watch.previous;
  } else if (kind == Kind::wait) {
    key.last_wait = watch.previous;
  }
}

void KeyWatches::changed(uint32_t hash_high, uint32_t entry) {
  const uint32_t index = find(hash_high);
  if (index == index_none) return;
  WatchedKey& key = keys_[index];
  key.entry = entry;
  mark_watchers(key);
  if (entry == index_none || key.first_wait == index_none || key.ready) return;
  key.ready = true;
  key.next_ready = index_none;
  (last_ready_ == index_none ? first_ready_ : keys_[last_ready_].next_ready) = index;
  last_ready_ = index;
}

/// Keys that were not there have not changed.
void KeyWatches::cleared() {
  for (uint32_t index : heads_) {
    for (; index != index_none; index = keys_[index].next) {
      if (keys_[index].entry == index_none) continue;
      keys_[index].entry = index_none;
      mark_watchers(keys_[index]);
    }
  }
}

void KeyWatches::mark_watchers(const WatchedKey& key) {
  for (uint32_t at = key.first_watch; at != index_none; at = watches_[at].next) {
    clients_[watches_[at].client].changed = true;
  }
}

uint32_t KeyWatches::take_ready() {
  const uint32_t index = first_ready_;
  KV_ASSERT(index != index_none);
  first_ready_ = keys_[index].next_ready;
  if (first_ready_ == index_none) last_ready_ = index_none;
  keys_[index].ready = false;
  taken_ = index;
  return index;
}

void KeyWatches::done(uint32_t key) {
  KV_ASSERT(key == taken_);
  taken_ = index_none;
  release_if_unused(key);
}

uint32_t KeyWatches::find(uint32_t hash_high) const {
  uint32_t at = heads_[hash_high & (heads_.size() - 1)];
  while (at != index_none && keys_[at].hash_high != hash_high) at = keys_[at].next;
  return at;
}

uint32_t KeyWatches::find_or_insert(uint32_t hash_high, uint32_t entry) {
  const uint32_t found = find(hash_high);
  if (found != index_none) return found;
  uint32_t index = free_key_;
  if (index != index_none) {
    free_key_ = keys_[index].next;
  } else {
    index = fresh_key_++;
  }
  KV_ASSERT(index < keys_.size());
  uint32_t& head = heads_[hash_high & (heads_.size() - 1)];
  keys_[index] = {hash_high,  entry,      head,  index_none, index_none,
                  index_none, index_none, false, {}};
  head = index;
  ++keys_used_;
  return index;
}

/// A key in the queue of ready ones stays, and so does the one that is being served.
void KeyWatches::release_if_unused(uint32_t index) {
  WatchedKey& key = keys_[index];
  if (key.first_wait != index_none || key.first_watch != index_none) return;
  if (key.ready || index == taken_) return;
  uint32_t* link = &heads_[key.hash_high & (heads_.size() - 1)];
  while (*link != index) link = &keys_[*link].next;
  *link = key.next;
  key.next = free_key_;
  free_key_ = index;
  --keys_used_;
}

}  // namespace kv
