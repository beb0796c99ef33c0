// Who wants to know of changes: the keys that clients watch (WATCH) or wait for (BLPOP).
//
// The store reports every change of a key by the upper half of its hash, which the entry keeps; as
// long as nobody is interested that costs one comparison. Two keys that share it (a chance of
// 2^-32) share their changes: a transaction may be given up for nothing, never wrongly executed.
// Clients that wait for a key stand in the order of their arrival. Bytes: 52 for each watch, 4
// to 8 for its chain, 12 for each connection.
#pragma once

#include <cstdint>
#include <span>

#include "kvcore/memory/arena.hpp"
#include "kvcore/plan/records.hpp"

namespace kv {

class KeyWatches {
 public:
  enum class Kind : uint8_t { wait, watch };

  /// Carves its parts. REQUIRES: the config is resolved and valid.
  static KeyWatches carve(Arena& arena, const Config& config);

  /// Whether any client watches or waits for a key.
  bool active() const { return used_ > 0; }
  uint64_t used() const { return used_; }
  uint64_t keys_used() const { return keys_used_; }
  uint64_t free_count() const { return watches_.size() - used_; }

  /// The client watches or waits for a key, which is in the map at `entry` or not at all. A key
  /// that it has already is not added again. REQUIRES: free_count() > 0.
  void add(Kind kind, uint32_t client, uint32_t hash_high, uint32_t entry);
  /// The client does not watch, or wait for, anything any more.
  void remove_all(Kind kind, uint32_t client);

  /// A key was changed; it is in the map at `entry` now, or not at all.
  void changed(uint32_t hash_high, uint32_t entry);
  /// Every key that there was is gone.
  void cleared();

  /// Whether a key that the client watches was changed since it was added.
  bool is_changed(uint32_t client) const { return clients_[client].changed; }
  /// Calls `is_live` with the entry of each key that the client watches and that was there;
  /// returns whether it says yes for all.
  template <class IsLive>
  bool all_live(uint32_t client, IsLive is_live) const {
    for (uint32_t at = clients_[client].watches; at != index_none;
         at = watches_[at].next_of_client) {
      const uint32_t entry = keys_[watches_[at].key].entry;
      if (entry != index_none && !is_live(entry)) return false;
    }
    return true;
  }

  /// Whether a key that clients wait for was changed.
  bool has_ready() const { return first_ready_ != index_none; }
  /// Takes the first such key out of the queue. The key stays until done() is called.
  uint32_t take_ready();
  void done(uint32_t key);
  uint32_t hash_high(uint32_t key) const { return keys_[key].hash_high; }
  /// The clients that wait for the key, in their order.
  uint32_t first_wait(uint32_t key) const { return keys_[key].first_wait; }
  uint32_t next_wait(uint32_t watch) const { return watches_[watch].next; }
  uint32_t client(uint32_t watch) const { return watches_[watch].client; }

 private:
  uint32_t find(uint32_t hash_high) const;
  uint32_t find_or_insert(uint32_t hash_high, uint32_t entry);
  void release_if_unused(uint32_t key);
  void unlink(Kind kind, uint32_t watch);
  void mark_watchers(const WatchedKey& key);

  std::span<WatchedKey> keys_;
  std::span<KeyWatch> watches_;
  std::span<uint32_t> heads_;
  std::span<ClientWatches> clients_;
  uint64_t used_ = 0;
  uint64_t keys_used_ = 0;
  uint32_t free_key_ = index_none;
  uint32_t free_watch_ = index_none;
  uint32_t fresh_key_ = 0;    ///< keys from here on were never used
  uint32_t fresh_watch_ = 0;  ///< likewise
  uint32_t first_ready_ = index_none;
  uint32_t last_ready_ = index_none;
  uint32_t taken_ = index_none;  ///< the ready key that is being served
};

}  // namespace kv
