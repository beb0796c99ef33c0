// What the store holds, to be read: the map, the blocks and the list nodes.
//
// Nothing here changes anything, and nothing knows of deadlines: what expired is there until the
// store frees it. Values are copied straight from the blocks to where a reply is written.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kvcore/memory/assert.hpp"
#include "kvcore/memory/block_pool.hpp"
#include "kvcore/memory/node_pool.hpp"
#include "kvcore/memory/table.hpp"
#include "server/store_result.hpp"

namespace kv {

class StoreContent {
 public:
  uint64_t key_count() const { return table_.count(); }
  uint64_t key_count_max() const { return table_.capacity(); }
  /// Bytes of all keys and values together. Costs a pass over the entries and list elements.
  uint64_t data_bytes() const;

  // What a key's command will touch, in the order in which each leads to the next: the bucket, the
  // entry, then the key and what lies behind it.
  uint64_t hash(std::string_view key) const { return table_.hash(key); }
  void prefetch_bucket(uint64_t hash) const { table_.prefetch_bucket(hash); }
  /// Returns the entry that is likely the key's, or index_none.
  uint32_t prefetch_entry(uint64_t hash) const { return table_.prefetch_entry(hash); }
  void prefetch_value(uint32_t entry) const {
    if (entry == index_none) return;
    const Entry& expected = table_.entry(entry);
    blocks_.prefetch(expected.key_block);
    if (expected.type == Entry::Type::list) nodes_.prefetch(expected.first);
  }

  /// Finding these keys takes the hashes that are known, until others are expected.
  void expect(std::span<const KnownKey> keys) {
    expected_ = keys;
    expected_at_ = 0;
  }

  /// Entries by index, from 0 to below entry_end(): an entry keeps its index for its whole life.
  /// Some are free.
  uint32_t entry_end() const { return table_.used_end(); }
  const Entry& entry_at(uint32_t index) const { return table_.entry(index); }

  void read_key(const Entry& entry, char* out) const {
    blocks_.read(entry.key_block, entry.chain_bytes(), 0, entry.key_bytes, out);
  }
  BlockPool::Reader key_reader(const Entry& entry) const {
    return {blocks_, entry.key_block, entry.chain_bytes(), entry.key_bytes};
  }

  /// Of a key and, behind it, a string's value.
  BlockPool::Reader chain(const Entry& entry) const {
    return {blocks_, entry.key_block, entry.chain_bytes(), entry.chain_bytes()};
  }
  /// Of an element.
  BlockPool::Reader chain(const ListNode& node) const {
    return {blocks_, node.block, node.bytes, node.bytes};
  }

  /// Copies a string's entry.length bytes to `out`. REQUIRES: the entry is a string.
  void read(const Entry& entry, char* out) const { read(entry, 0, entry.length, out); }
  /// Copies `bytes` of a string from `offset` on. REQUIRES: the entry is a string and holds them.
  void read(const Entry& entry, uint64_t offset, uint64_t bytes, char* out) const {
    KV_ASSERT(entry.type == Entry::Type::string);
    blocks_.read(entry.key_block, entry.chain_bytes(), entry.key_bytes + offset, bytes, out);
  }

  /// The node of an element, found from the nearer end. REQUIRES: index < entry.length.
  uint32_t node_at(const Entry& entry, uint64_t index) const;
  const ListNode& node(uint32_t index) const { return nodes_[index]; }
  /// REQUIRES: the entry is a list.
  uint32_t end_node(const Entry& entry, ListEnd end) const {
    KV_ASSERT(entry.type == Entry::Type::list);
    return end == ListEnd::head ? entry.first : nodes_[entry.first].previous;
  }
  /// Copies an element's node.bytes bytes to `out`.
  void read(const ListNode& node, char* out) const {
    blocks_.read(node.block, node.bytes, 0, node.bytes, out);
  }
  /// The same, but may write up to BlockPool::wide_bytes more, which is faster.
  void read_wide(const ListNode& node, char* out) const {
    blocks_.read_wide(node.block, node.bytes, out);
  }
  /// Asks for the bytes of an element.
  void prefetch(const ListNode& node) const { blocks_.prefetch(node.block); }

 protected:
  StoreContent() = default;
  StoreContent(const Table& table, const BlockPool& blocks, const NodePool& nodes)
      : table_(table), blocks_(blocks), nodes_(nodes) {}

  uint64_t known_hash(std::string_view key);

  Table table_;
  BlockPool blocks_;
  NodePool nodes_;

 private:
  std::span<const KnownKey> expected_;
  uint64_t expected_at_ = 0;  ///< the one that was found last
};

}  // namespace kv
