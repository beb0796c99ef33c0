// Which size of a storage block takes the least memory for a load, to the byte.
//
// With as many blocks in every chain, smaller blocks take less. So only those sizes matter at
// which some chain of the load gets along with a block fewer than at the next smaller size: a
// few hundred plans for a load of a few sizes, and the result is the least of all sizes that
// are permitted.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "kvcore/plan/validate.hpp"
#include "planner/workload.hpp"

namespace kv {

/// The components that hold keys; the others do not depend on how many there are.
inline constexpr std::array store_components = {Component::blocks, Component::map,
                                                Component::list_pool, Component::expiry};

/// What a load takes with one size of a block.
struct BlockChoice {
  uint64_t block_bytes = 0;
  uint64_t block_count = 0;  ///< blocks that the load uses, all that there are
  uint64_t link_bytes = 0;
  uint64_t rounding_bytes = 0;  ///< unused ends of chains

  /// The first rule that it breaks, its budgets apart; what follows is meant where there is none.
  std::optional<Rule> broken;
  Config config;  ///< with this block_bytes and the store_bytes that the load takes
  std::array<uint64_t, store_components.size()> component_bytes = {};
  uint64_t total_bytes = 0;  ///< of store_components
  uint64_t arena_bytes = 0;
  uint64_t container_bytes = 0;

  /// REQUIRES: it is one of store_components.
  uint64_t bytes_of(Component component) const;
};

struct Advice {
  BlockChoice best;  ///< broken where every size is
  /// Others, ascending: the config's, the best one's neighbours, and powers of two.
  std::vector<BlockChoice> others;
};

/// REQUIRES: block_bytes is permitted; the load is not empty.
BlockChoice choice_of(const Config& config, const Workload& workload, uint64_t block_bytes);

/// The block_bytes of `config` is one of the others; its store_bytes are not looked at.
/// REQUIRES: every option is within its bounds; the load is not empty and within the limits.
Advice advise_blocks(const Config& config, const Workload& workload);

}  // namespace kv
