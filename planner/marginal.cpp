#include "planner/marginal.hpp"

#include "kvcore/memory/assert.hpp"
#include "kvcore/plan/options.hpp"

namespace kv {

namespace {

/// The map has 10 / 96 buckets for each key, so 48 keys are 5 buckets, whatever came before.
constexpr uint64_t keys_of_whole_buckets = 48;

/// So many bytes more in a chain are one block more.
uint64_t block_step(uint64_t bytes, uint64_t block_bytes) {
  const uint64_t payload = block_bytes - sizeof(BlockLink);
  return bytes + payload > block_bytes ? payload : block_bytes + 1 - bytes;
}

MarginalCost cost_of(MarginalCost cost, const Config& config, const Allocation& before) {
  Config changed = config;
  uint64_t& value = number(changed, cost.option);
  if (value > option_info(cost.option).maximum - cost.step) return cost;
  value += cost.step;
  const PlanResult after = plan(changed);
  if (!after.ok) return cost;

  cost.possible = true;
  for (const ComponentInfo& component : components) {
    if (component.id == Component::padding) continue;
    KV_ASSERT(after.allocation[component.id] >= before[component.id]);
    const uint64_t bytes = after.allocation[component.id] - before[component.id];
    cost.component_bytes[static_cast<uint64_t>(component.id)] = bytes;
    cost.arena_bytes += bytes;
  }
  cost.container_bytes = cost.arena_bytes;
  for (const OutsideInfo& outside : outsides) {
    const auto index = static_cast<uint64_t>(outside.id);
    // Page tables follow the arena, whose padding may shrink by more than the rest grows.
    const uint64_t bytes_before = before.outside[index].bytes;
    const uint64_t bytes_after = after.allocation.outside[index].bytes;
    if (bytes_after > bytes_before) cost.container_bytes += bytes_after - bytes_before;
  }
  return cost;
}

}  // namespace

std::vector<MarginalCost> marginal_costs(const Config& config) {
  const PlanResult planned = plan(config);
  KV_ASSERT(planned.ok);
  const Config& resolved = planned.allocation.config;
  // Without lists a key shares its chain with the value.
  const uint64_t value_bytes = resolved.val_size_max;
  const uint64_t key_bytes =
      resolved.key_size_max + (resolved.list_length_max == 0 ? value_bytes : 0);
  const uint64_t key_step = block_step(key_bytes, resolved.block_bytes);
  const uint64_t value_step =
      resolved.list_length_max == 0 ? key_step : block_step(value_bytes, resolved.block_bytes);
  const uint64_t keys = keys_of_whole_buckets;
  std::vector<MarginalCost> costs = {
      {"one more connection", Option::connections_max},
      {"one more key", Option::key_count, keys, keys},
      {"one more element in every list", Option::list_length_max},
      {"one more byte in every key", Option::key_size_max},
      {"one more block in every key", Option::key_size_max, key_step},
      {"one more byte in every value", Option::val_size_max},
      {"one more block in every value", Option::val_size_max, value_step},
  };
  for (MarginalCost& cost : costs) cost = cost_of(cost, config, planned.allocation);
  return costs;
}

}  // namespace kv
