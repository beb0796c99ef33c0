#include "planner/block_choice.hpp"

#include <algorithm>

#include "kvcore/memory/assert.hpp"
#include "kvcore/plan/chains.hpp"
#include "kvcore/plan/options.hpp"

namespace kv {

namespace {

constexpr const OptionInfo& block_option = option_info(Option::block_bytes);

/// What people take without asking.
constexpr std::array<uint64_t, 3> usual_block_bytes = {64, 128, 256};

/// The load with its chains as they are counted.
struct Load {
  const Config& config;
  const Workload& workload;
  std::vector<ChainKind> chains;
};

uint64_t blocks_of(const Load& load, uint64_t block_bytes) {
  uint64_t blocks = 0;
  for (const ChainKind& chain : load.chains) {
    blocks += chain.count * chain_blocks(chain.bytes, block_bytes);
  }
  return blocks;
}

/// Whether the blocks alone take more than `bytes`. Most sizes are told by a few chains.
bool takes_more(const Load& load, uint64_t block_bytes, uint64_t bytes) {
  uint64_t taken = load.workload.data_bytes();
  for (auto chain = load.chains.rbegin(); chain != load.chains.rend() && taken <= bytes; ++chain) {
    const uint64_t chain_bytes = chain_blocks(chain->bytes, block_bytes) * block_bytes;
    taken += chain->count * (chain_bytes - chain->bytes);
  }
  return taken > bytes;
}

BlockChoice choice_of(const Load& load, uint64_t block_bytes) {
  const Workload& workload = load.workload;
  BlockChoice out;
  out.block_bytes = block_bytes;
  out.block_count = blocks_of(load, block_bytes);
  out.link_bytes = (out.block_count - workload.chain_count()) * sizeof(BlockLink);
  out.rounding_bytes = out.block_count * block_bytes - workload.data_bytes() - out.link_bytes;
  out.config = load.config;
  out.config.block_bytes = block_bytes;
  out.config.store_bytes = out.block_count * block_bytes;
  for (const Violation& violation : validate(out.config)) {
    if (violation.rule == Rule::over_budget) continue;
    out.broken = violation.rule;
    return out;
  }
  const Allocation allocation = plan(out.config).allocation;
  KV_ASSERT(allocation.terms.block_count == out.block_count);
  for (uint64_t i = 0; i < store_components.size(); ++i) {
    out.component_bytes[i] = allocation[store_components[i]];
    out.total_bytes += out.component_bytes[i];
  }
  out.arena_bytes = allocation.arena_bytes;
  out.container_bytes = allocation.container_bytes;
  return out;
}

/// The sizes that are permitted, by their places.
constexpr uint64_t size_count =
    (block_option.maximum - block_option.minimum) / block_option.multiple_of + 1;
constexpr uint64_t size_at(uint64_t place) {
  return block_option.minimum + place * block_option.multiple_of;
}

/// The first place behind `place` at which the chain takes fewer blocks, or size_count.
uint64_t next_fewer(uint64_t chain_bytes, uint64_t place) {
  const uint64_t blocks = chain_blocks(chain_bytes, size_at(place));
  const auto fewer = [&](uint64_t at) {
    return at >= size_count || chain_blocks(chain_bytes, size_at(at)) < blocks;
  };
  uint64_t stride = 1;
  while (!fewer(place + stride)) stride *= 2;
  uint64_t below = place + stride / 2;  // not fewer, or `place` itself
  uint64_t above = place + stride;
  while (below + 1 < above) {
    const uint64_t middle = below + (above - below) / 2;
    (fewer(middle) ? above : below) = middle;
  }
  return std::min(above, size_count);
}

/// The sizes at which some chain takes fewer blocks than at the next smaller size, and the
/// smallest of all; ascending. The chains of a key at its limits count too: the store must hold
/// one such key.
std::vector<uint64_t> sizes_that_matter(const Load& load) {
  std::vector<ChainKind> chains = load.chains;
  const Config& config = load.config;
  chains.push_back({config.key_size_max + config.val_size_max, 0});
  chains.push_back({config.key_size_max, 0});
  chains.push_back({config.val_size_max, 0});
  std::vector<bool> matters(size_count);
  matters[0] = true;
  for (const ChainKind& chain : chains) {
    for (uint64_t at = next_fewer(chain.bytes, 0); at < size_count;
         at = next_fewer(chain.bytes, at)) {
      matters[at] = true;
    }
  }
  std::vector<uint64_t> sizes;
  for (uint64_t i = 0; i < size_count; ++i) {
    if (matters[i]) sizes.push_back(size_at(i));
  }
  return sizes;
}

/// Whether `a` is to be preferred: it breaks no rule, it takes less, or as much in fewer blocks.
bool is_better(const BlockChoice& a, const BlockChoice& b) {
  if (a.broken.has_value() != b.broken.has_value()) return !a.broken;
  const auto cost = [](const BlockChoice& choice) {
    return choice.broken ? choice.block_count * choice.block_bytes : choice.total_bytes;
  };
  return cost(a) != cost(b) ? cost(a) < cost(b) : a.block_bytes > b.block_bytes;
}

}  // namespace

uint64_t BlockChoice::bytes_of(Component component) const {
  const auto found = std::find(store_components.begin(), store_components.end(), component);
  KV_ASSERT(found != store_components.end());
  return component_bytes[static_cast<uint64_t>(found - store_components.begin())];
}

BlockChoice choice_of(const Config& config, const Workload& workload, uint64_t block_bytes) {
  return choice_of(Load{config, workload, workload.chains()}, block_bytes);
}

Advice advise_blocks(const Config& config, const Workload& workload) {
  KV_ASSERT(workload.key_count() > 0);
  const Load load{config, workload, workload.chains()};
  std::optional<BlockChoice> best;
  uint64_t bytes_max = UINT64_MAX;  // of blocks, in a choice that is better
  for (const uint64_t size : sizes_that_matter(load)) {
    if (takes_more(load, size, bytes_max)) continue;
    BlockChoice choice = choice_of(load, size);
    if (best && !is_better(choice, *best)) continue;
    best = std::move(choice);
    if (best->broken) continue;
    bytes_max = best->bytes_of(Component::blocks) + best->bytes_of(Component::list_pool);
  }
  Advice out;
  out.best = *best;
  std::vector<uint64_t> others(usual_block_bytes.begin(), usual_block_bytes.end());
  const uint64_t found = out.best.block_bytes;
  others.push_back(config.block_bytes);
  if (found > block_option.minimum) others.push_back(found - block_option.multiple_of);
  if (found < block_option.maximum) others.push_back(found + block_option.multiple_of);
  std::sort(others.begin(), others.end());
  others.erase(std::unique(others.begin(), others.end()), others.end());
  for (const uint64_t size : others) {
    if (size != found) out.others.push_back(choice_of(load, size));
  }
  return out;
}

}  // namespace kv
