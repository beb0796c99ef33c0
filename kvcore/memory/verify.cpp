#include "kvcore/memory/verify.hpp"

#include <algorithm>

#include "kvcore/memory/assert.hpp"

namespace kv {

bool Verification::equal() const {
  return planned_bytes == carved_bytes &&
         std::all_of(components.begin(), components.end(),
                     [](const ComponentCheck& check) { return check.equal(); });
}

Verification verify(const Allocation& planned, const Ledger& carved) {
  Verification result = {};
  for (const ComponentInfo& component : components) {
    ComponentCheck& check = result.components[static_cast<uint64_t>(component.id)];
    check = {component.id, planned[component.id], 0};
  }
  for (const PartInfo& part : parts) {
    result.components[static_cast<uint64_t>(part.component)].carved_bytes +=
        carved.part_bytes[static_cast<uint64_t>(part.id)];
  }
  result.components[static_cast<uint64_t>(Component::padding)].carved_bytes += carved.padding_bytes;
  result.planned_bytes = planned.arena_bytes;
  result.carved_bytes = carved.total_bytes;
  return result;
}

}  // namespace kv
