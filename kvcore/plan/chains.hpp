// How many blocks so many bytes take: the one place that says so, for the plan and the server.
//
// The last block of a chain is all payload; each of the others ends in the index of the next, a
// link of 4 bytes. So a string that fits in a block takes one, of all of its bytes:
//
//     | payload ……… |                                           up to block_bytes
//     | payload … | link | payload … | link | payload ……… |     block_bytes - 4 for each more
//
// A string lies in one chain with its key, the key first. A list's key has a chain, and so has
// each of its elements.
#pragma once

#include <cstdint>

#include "kvcore/plan/amount.hpp"
#include "kvcore/plan/records.hpp"

namespace kv {

/// Blocks of a chain that holds `bytes`; at least 1.
template <bool tracks>
constexpr BasicAmount<tracks> chain_blocks(BasicAmount<tracks> bytes,
                                           BasicAmount<tracks> block_bytes) {
  return 1 + ceil_div(max(bytes, block_bytes) - block_bytes, block_bytes - sizeof(BlockLink));
}

/// REQUIRES: block_bytes > sizeof(BlockLink).
constexpr uint64_t chain_blocks(uint64_t bytes, uint64_t block_bytes) {
  if (bytes <= block_bytes) return 1;
  return chain_blocks(QuickAmount(bytes), QuickAmount(block_bytes)).value();
}

/// The most that a chain of so many blocks holds; 0 for none.
constexpr uint64_t chain_bytes_max(uint64_t blocks, uint64_t block_bytes) {
  return blocks == 0 ? 0 : blocks * (block_bytes - sizeof(BlockLink)) + sizeof(BlockLink);
}

}  // namespace kv
