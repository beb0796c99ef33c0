// The store: strings and lists by key, in the map, the blocks and the list nodes.
//
// Every change is checked first and then made whole or not at all, so a result other than `ok`
// leaves the store as it was. A string takes one chain of blocks with its key, the key first; a
// list a chain for its key, and a chain and a node for each element; what an overwrite gives back
// counts as free for it. A list is never empty: its key goes with its last element. Bytes: those
// of its parts, no more.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kvcore/memory/arena.hpp"
#include "kvcore/memory/timing_wheel.hpp"
#include "server/key_watches.hpp"
#include "server/saved_marks.hpp"
#include "server/store_content.hpp"
#include "server/store_result.hpp"

namespace kv {

class Store : public StoreContent {
 public:
  using Found = FoundKey;
  /// Deadlines that are none: a key that stays, and to leave a key's deadline as it is.
  static constexpr uint64_t no_deadline = UINT64_MAX;
  static constexpr uint64_t keep_deadline = UINT64_MAX - 1;

  /// Carves the map, the blocks, the list nodes and the wheel. REQUIRES: the config is resolved and
  /// valid.
  static Store carve(Arena& arena, const Config& config, HashKey hash_key);

  Store() = default;
  Store(const Table& table, const BlockPool& blocks, const NodePool& nodes,
        const TimingWheel& wheel, const KeyWatches& watches, uint64_t list_length_max);

  /// The time by which keys expire, in Unix milliseconds. It stands still while a command runs.
  void set_clock(uint64_t now_ms) {
    if (now_ms != now_ms_) move_clock(now_ms);
  }
  uint64_t now_ms() const { return now_ms_; }

  /// Frees what is dead, as far as `steps` go. Returns whether there may be more.
  bool tidy(uint64_t steps);
  /// Milliseconds until tidy() has work, at most; UINT64_MAX if no key expires.
  uint64_t idle_ms() const { return dead_ != index_none ? 0 : wheel_.idle_ms(); }

  uint64_t list_length_max() const { return list_length_max_; }
  /// Of entries, blocks, list_nodes or timers, in units of the part. REQUIRES: it is one of them.
  PoolUse use(Part part) const;
  uint64_t expired_count() const { return expired_count_; }  ///< keys that expired so far
  void forget_expired_count() { expired_count_ = 0; }
  /// How long the keys that expire still have on average, in milliseconds.
  uint64_t average_ttl_ms() const;

  /// Finds a key, which counts as a use of it; peek() does not.
  Found find(std::string_view key) { return find(key, known_hash(key)); }
  Found peek(std::string_view key) { return peek(key, known_hash(key)); }
  /// The same where the key's hash is known.
  Found find(std::string_view key, uint64_t hash);
  Found peek(std::string_view key, uint64_t hash);

  const Entry& entry(Found found) const { return entry_at(found.index); }

  /// Whether the entry of that index is used and did not expire.
  bool is_live(uint32_t index) const;
  /// A live entry, each about as likely as any other, or index_none. Deletes what it finds dead.
  uint32_t random_entry();

  /// Sets a string and its deadline. All that sets one needs a timer where the key has none.
  StoreResult set(std::string_view key, std::string_view value, uint64_t deadline_ms = no_deadline);

  /// Writes into a string at `offset`, which may lie behind its end: zeros fill the gap. The
  /// result's value is the string's new length. REQUIRES: `found` is a string or not there.
  StoreResult write(std::string_view key, Found found, uint64_t offset, std::string_view data);

  /// Sets key, value, key, value, … all or none; of a key that comes twice the last counts.
  /// The pairs may be in another order afterwards. REQUIRES: an even number of slices, of less
  /// than 4 GiB each, and less than 2^32 of them.
  StoreResult set_all(std::span<Slice> pairs);

  /// Adds the elements one after the other at an end of the list, all or none.
  StoreResult push(std::string_view key, std::span<const Slice> elements, ListEnd end);

  /// Removes `count` elements from an end of a list, and the key with the last of them.
  /// REQUIRES: `found` is a list of at least `count` elements.
  void pop(Found found, uint64_t count, ListEnd end);

  /// When the key expires, or no_deadline.
  uint64_t deadline_ms(Found found) const;
  /// REQUIRES: deadline_ms is no_deadline or at most TimingWheel::deadline_max.
  StoreResult set_deadline(Found found, uint64_t deadline_ms);

  /// Gives a key, with its value and deadline, another name. A key of that name is replaced and
  /// keeps its index, so that a scan finds it once. REQUIRES: `from` was found.
  StoreResult rename(Found from, std::string_view to);
  /// Copies value and deadline to another name; a key of that name is replaced.
  StoreResult copy(Found from, std::string_view to);
  bool equals(const ListNode& node, std::string_view element) const;
  /// Writes another element into a node, in place. REQUIRES: the node is of that list.
  StoreResult replace_element(Found found, uint32_t node, std::string_view element);

  /// Inserts an element on that side of a node. REQUIRES: the node is of that list.
  StoreResult insert_element(Found found, uint32_t neighbour, ListEnd side,
                             std::string_view element);

  /// Removes up to `count` elements that equal `element`, beginning at an end, and the key with
  /// the last of all. Returns how many. REQUIRES: `found` is a list.
  uint64_t remove_elements(Found found, std::string_view element, uint64_t count, ListEnd from);

  /// Moves an element from an end of a list to an end of the list `to`, which may be the same,
  /// or is made. Takes no blocks but those of a new key. REQUIRES: `from` is a list.
  StoreResult move_element(Found from, ListEnd from_end, std::string_view to, ListEnd to_end);

  /// Returns whether there was such a key.
  bool erase(std::string_view key);
  void erase(Found found) { remove(found.index); }
  /// Counts as a change of the key, which stays as it is.
  void touch(Found found) { note_change(found.index); }
  /// Who wants to know of changes. Every function that changes a key tells them.
  KeyWatches& watches() { return watches_; }

  /// A key that a snapshot needs is saved before anything but its expiry changes it.
  SavedMarks& marks() { return marks_; }
  uint64_t changes() const { return changes_; }  ///< of keys so far; some count twice

  /// Deletes every key, in a pass over the buckets. REQUIRES: no snapshot is being written.
  void clear();

 private:
  /// Longer lists are freed piece by piece.
  static constexpr uint64_t elements_freed_at_once = 32;

  using Need = StoreNeed;

  void move_clock(uint64_t now_ms);
  bool is_due(const Entry& entry) const {
    return entry.timer != index_none && wheel_.deadline_ms(entry.timer) <= now_ms_;
  }
  static bool sets_timer(uint64_t deadline_ms) { return deadline_ms < keep_deadline; }
  uint64_t blocks_under(const Entry& entry, uint64_t key_bytes, uint64_t enough = UINT64_MAX) const;
  uint64_t blocks_of(const Entry& entry, uint64_t enough = UINT64_MAX) const {
    return blocks_under(entry, entry.key_bytes, enough);
  }
  uint64_t string_blocks(uint64_t key_bytes, uint64_t bytes) const {
    return blocks_.blocks_for(key_bytes + bytes);
  }
  void set_found(std::string_view key, Found found, std::string_view value, uint64_t deadline_ms);
  StoreResult set_all_exactly(std::span<Slice> pairs);
  uint32_t insert(std::string_view key, uint64_t hash, Entry::Type type,
                  std::string_view value = {});
  void link(Entry& entry, uint32_t index, ListEnd end);
  void unlink(Entry& entry, uint32_t index);
  void release_elements(Entry& entry, uint64_t count, ListEnd end);
  void release_elements(Entry& entry);
  void release(Entry& entry);
  void copy_elements(const Entry& source, Entry& target);
  void change_name(Entry& entry, std::string_view name);
  void replace(Found target, Found from, std::string_view name, uint64_t blocks);
  void free_dead_element();
  void remove(uint32_t index);
  void remove_expired(uint32_t index);
  void change_deadline(uint32_t index, uint64_t deadline_ms);
  bool has_room(const Need& need) const {
    return need.entries <= table_.capacity() - table_.count() &&
           need.blocks <= blocks_.free_count() && need.nodes <= nodes_.free_count() &&
           need.timers <= wheel_.free_count();
  }
  /// Frees what is dead until so much is free. Returns whether it is.
  bool reclaim(const Need& need);
  /// The same, and says what is missing.
  StoreResult make_room(const Need& need) {
    return has_room(need) ? StoreResult() : make_more_room(need);
  }
  StoreResult make_more_room(const Need& need);
  void note_use();
  /// Tells those who watch or wait for the entry's key that it was changed, or goes away.
  void note_change(uint32_t index, bool goes = false) {
    ++changes_;
    if (!watches_.active()) return;
    watches_.changed(table_.entry(index).hash_high, goes ? index_none : index);
  }

  TimingWheel wheel_;
  KeyWatches watches_;
  SavedMarks marks_;
  uint64_t changes_ = 0;
  uint64_t list_length_max_ = 0;
  uint64_t now_ms_ = 0;
  uint32_t now_s_ = 0;
  uint32_t dead_ = index_none;  ///< the first of the elements that wait to be freed
  uint64_t expired_count_ = 0;
  uint64_t random_ = 0x9e3779b97f4a7c15;
  uint64_t entries_used_max_ = 0;
  uint64_t blocks_used_max_ = 0;
  uint64_t nodes_used_max_ = 0;
};

}  // namespace kv
