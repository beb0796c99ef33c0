// The guarantee: what is certain to fit, as numbers and as one sentence of plain words.
//
// Derived from an Allocation alone and true for every valid config: a set of keys fits if
// and only if there are at most `keys` of them and their blocks add up to at most `blocks`.
// List nodes never run out first, because every element takes a block as well as a node.
// A string and its key take blocks as one, a list's key and each of its elements on their own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "kvcore/plan/allocation.hpp"

namespace kv {

struct Guarantee {
  uint64_t clients;          ///< connected at once
  uint64_t keys;             ///< that exist at once
  uint64_t key_bytes_max;    ///< of each key
  uint64_t value_bytes_max;  ///< of each string value and each list element
  uint64_t list_length_max;  ///< 0 where there are no lists

  uint64_t blocks;               ///< in the store
  uint64_t block_bytes;          ///< what the first block of a string or element holds at most
  uint64_t block_payload_bytes;  ///< and each one beyond, when it is started
  uint64_t full_key_blocks;      ///< of a longest key with a full list of longest elements

  /// Keys that can be at all of their limits at the same time: the longest key, with a full
  /// list of the longest elements, or the longest value where there are no lists.
  uint64_t full_keys;
  /// Keys that can have the longest name and the longest string value at the same time; at
  /// least 1.
  uint64_t full_strings;
  /// The size of value that all keys, each with the longest name, can have at the same time;
  /// 0 where there is not even a byte for each.
  uint64_t value_bytes_of_all_keys;
  /// Elements of the longest size in the only list of the store, under the longest key; 0
  /// where there are no lists.
  uint64_t elements_of_one_list;

  /// Every key can be at all of its limits, so blocks need not be counted.
  constexpr bool everything_fits() const { return full_keys == keys; }
};

/// REQUIRES: the allocation is of a config without violations.
constexpr Guarantee guarantee(const Allocation& allocation) {
  const Config& config = allocation.config;
  const Terms& t = allocation.terms;
  const uint64_t bytes_of_each =
      chain_bytes_max(t.block_count / config.key_count, config.block_bytes);
  const uint64_t value_bytes_of_each = bytes_of_each - std::min(bytes_of_each, config.key_size_max);
  return {
      .clients = config.connections_max,
      .keys = config.key_count,
      .key_bytes_max = config.key_size_max,
      .value_bytes_max = config.val_size_max,
      .list_length_max = config.list_length_max,
      .blocks = t.block_count,
      .block_bytes = config.block_bytes,
      .block_payload_bytes = t.block_payload_bytes,
      .full_key_blocks = t.full_key_blocks,
      .full_keys = std::min(config.key_count, t.block_count / t.full_key_blocks),
      .full_strings = std::min(config.key_count, t.block_count / t.string_blocks),
      .value_bytes_of_all_keys = std::min(config.val_size_max, value_bytes_of_each),
      .elements_of_one_list =
          std::min(config.list_length_max, (t.block_count - t.key_blocks) / t.element_blocks),
  };
}

/// The sentence, ending in a full stop.
std::string describe(const Guarantee& guarantee);

}  // namespace kv
