// The store: strings and lists by key, in the map, the blocks and the list nodes.
//
// Every change is checked first and then made whole or not at all, so a result other than `ok`
// leaves the store as it was. A string of n bytes takes max(1, ceil(n / payload)) blocks, a
// list element a node as well; what an overwrite gives back counts as free for it. A list is
// never empty: its key goes with its last element. Bytes: those of its three parts, no more.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kvcore/memory/arena.hpp"
#include "kvcore/memory/block_pool.hpp"
#include "kvcore/memory/node_pool.hpp"
#include "kvcore/memory/table.hpp"

namespace kv {

/// How much of a fixed pool is in use.
struct PoolUse {
  uint64_t used = 0;
  uint64_t used_max = 0;  ///< the most that was ever used
};

enum class ListEnd : uint8_t { head, tail };

struct StoreResult {
  enum class Code : uint8_t { ok, wrong_type, too_long, no_entry, no_block, no_node };

  Code code = Code::ok;
  uint64_t value = 0;      ///< push: the list's length, also when it would be too long;
                           ///< no_entry, no_block, no_node: how many are needed
  uint64_t available = 0;  ///< how many of them are free

  bool ok() const { return code == Code::ok; }
};

class Store {
 public:
  /// A key that was looked up. Good until the next change of the store.
  struct Found {
    uint32_t index;  ///< of the entry, or index_none
    uint64_t hash;
    explicit operator bool() const { return index != index_none; }
  };

  /// Carves the map, the blocks and the list nodes. REQUIRES: the config is resolved and valid.
  static Store carve(Arena& arena, const Config& config, HashKey hash_key);

  Store() = default;
  Store(const Table& table, const BlockPool& blocks, const NodePool& nodes,
        uint64_t list_length_max);

  uint64_t key_count() const { return table_.count(); }
  uint64_t key_count_max() const { return table_.capacity(); }
  uint64_t list_length_max() const { return list_length_max_; }
  /// Of entries, blocks or list_nodes, in units of the part. REQUIRES: `part` is one of them.
  PoolUse use(Part part) const;
  /// Bytes of all keys and values together. Costs a pass over the entries and list elements.
  uint64_t data_bytes() const;

  Found find(std::string_view key) const;
  const Entry& entry(Found found) const { return table_.entry(found.index); }

  /// Copies a string's entry.length bytes to `out`. REQUIRES: the entry is a string.
  void read(const Entry& entry, char* out) const;

  /// The node of an element, found from the nearer end. REQUIRES: index < entry.length.
  uint32_t node_at(const Entry& entry, uint64_t index) const;
  const ListNode& node(uint32_t index) const { return nodes_[index]; }
  /// Copies an element's node.bytes bytes to `out`.
  void read(const ListNode& node, char* out) const;

  StoreResult set(std::string_view key, std::string_view value);

  /// Sets key, value, key, value, … all or none; of a key that comes twice the last counts.
  /// The pairs may be in another order afterwards. REQUIRES: an even number of slices, of less
  /// than 4 GiB each, and less than 2^32 of them.
  StoreResult set_all(std::span<Slice> pairs);

  /// Adds the elements one after the other at an end of the list, all or none.
  StoreResult push(std::string_view key, std::span<const Slice> elements, ListEnd end);

  /// Removes `count` elements from an end of a list, and the key with the last of them.
  /// REQUIRES: `found` is a list of at least `count` elements.
  void pop(Found found, uint64_t count, ListEnd end);

  /// Deletes a key. Returns whether there was one.
  bool erase(std::string_view key);

  /// Deletes every key. Costs a pass over the buckets, nothing per key.
  void clear();

 private:
  uint64_t blocks_of(const Entry& entry) const;
  uint64_t list_blocks(const Entry& entry) const;
  void set_found(std::string_view key, Found found, std::string_view value);
  StoreResult set_all_exactly(std::span<Slice> pairs);
  uint32_t insert(std::string_view key, uint64_t hash, Entry::Type type);
  void link(Entry& entry, uint32_t index, ListEnd end);
  void release_elements(Entry& entry, uint64_t count, ListEnd end);
  void note_use();

  Table table_;
  BlockPool blocks_;
  NodePool nodes_;
  uint64_t list_length_max_ = 0;
  uint64_t entries_used_max_ = 0;
  uint64_t blocks_used_max_ = 0;
  uint64_t nodes_used_max_ = 0;
};

}  // namespace kv
