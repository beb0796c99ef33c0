#include "server/store_content.hpp"

namespace kv {

/// Keys are found in the order of the arguments, some of them twice.
uint64_t StoreContent::known_hash(std::string_view key) {
  for (uint64_t tries = 0; tries < 2 && expected_at_ < expected_.size(); ++tries) {
    if (expected_[expected_at_].data == key.data()) return expected_[expected_at_].hash;
    if (++expected_at_ == expected_.size()) expected_at_ = 0;
  }
  return hash(key);
}

uint64_t StoreContent::data_bytes() const {
  uint64_t bytes = 0;
  for (const Entry& entry : table_.used_entries()) {
    if (entry.type == Entry::Type::free) continue;
    bytes += entry.chain_bytes();
    if (entry.type == Entry::Type::string) continue;
    for (uint32_t node = entry.first; node != index_none; node = nodes_[node].next) {
      bytes += nodes_[node].bytes;
    }
  }
  return bytes;
}

uint32_t StoreContent::node_at(const Entry& entry, uint64_t index) const {
  KV_ASSERT(entry.type == Entry::Type::list);
  KV_ASSERT(index < entry.length);
  if (index < entry.length / 2) {
    uint32_t at = entry.first;
    for (uint64_t i = 0; i < index; ++i) at = nodes_[at].next;
    return at;
  }
  uint32_t at = end_node(entry, ListEnd::tail);
  for (uint64_t i = entry.length - 1; i > index; --i) at = nodes_[at].previous;
  return at;
}

}  // namespace kv
