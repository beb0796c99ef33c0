// A state of the store in the containers of the standard library, and whether it fits: every
// limit counted without the store's help.
#pragma once

#include <algorithm>
#include <deque>
#include <string>
#include <unordered_map>
#include <variant>

#include "fixture.hpp"

namespace kv::test {

using List = std::deque<std::string>;
using Value = std::variant<std::string, List>;

/// A value and when it expires.
struct Item {
  Value value;
  uint64_t deadline_ms = Store::no_deadline;
};

using Model = std::unordered_map<std::string, Item>;

/// What a run is held to.
struct Limits {
  static constexpr uint64_t key_count = 40;
  static constexpr uint64_t block_count = 200;
  static constexpr uint64_t list_length_max = 50;  // More than are freed at once.

  uint64_t block_bytes = 32;
  uint64_t expiring_keys_max = key_count;

  /// Blocks that are filled one after the other, all but the last with four bytes for the link.
  uint64_t blocks_for(uint64_t bytes) const {
    uint64_t blocks = 1;
    for (; bytes > block_bytes; bytes -= block_bytes - 4) ++blocks;
    return blocks;
  }
  uint64_t blocks_for(const std::string& text) const { return blocks_for(text.size()); }

  /// A string lies in one chain with its key, a list's key and its elements in chains of their own.
  uint64_t blocks_of(const std::string& key, const Value& value) const {
    if (const auto* text = std::get_if<std::string>(&value)) {
      return blocks_for(key.size() + text->size());
    }
    uint64_t sum = blocks_for(key);
    for (const std::string& element : std::get<List>(value)) sum += blocks_for(element);
    return sum;
  }

  /// Blocks of a whole state: it fits if and only if this is at most block_count.
  uint64_t blocks_of(const Model& model) const {
    uint64_t sum = 0;
    for (const auto& [key, item] : model) sum += blocks_of(key, item.value);
    return sum;
  }

  static uint64_t expiring_keys(const Model& model) {
    return static_cast<uint64_t>(std::count_if(model.begin(), model.end(), [](const auto& entry) {
      return entry.second.deadline_ms != Store::no_deadline;
    }));
  }

  bool fits(const Model& model) const {
    return model.size() <= key_count && blocks_of(model) <= block_count &&
           expiring_keys(model) <= expiring_keys_max;
  }

  Config config() const {
    Config config = small_config();
    config.key_count = key_count;
    config.key_size_max = 60;
    config.val_size_max = 150;
    config.list_length_max = list_length_max;
    config.expiring_keys_max = expiring_keys_max;
    config.block_bytes = block_bytes;
    config.store_bytes = block_count * block_bytes;
    return config;
  }
};

}  // namespace kv::test
