// verify(): where the plan and the arena meet.
//
// The plan was computed from the config alone, the ledger was written by the components as
// they carved; every component must agree to the byte before the server may serve.
#pragma once

#include <array>
#include <cstdint>

#include "kvcore/memory/arena.hpp"
#include "kvcore/plan/allocation.hpp"

namespace kv {

struct ComponentCheck {
  Component component;
  uint64_t planned_bytes;
  uint64_t carved_bytes;
  constexpr bool equal() const { return planned_bytes == carved_bytes; }
};

struct Verification {
  std::array<ComponentCheck, component_count> components;
  uint64_t planned_bytes;  ///< of the arena
  uint64_t carved_bytes;

  /// Every component, and the total, is equal.
  bool equal() const;
};

Verification verify(const Allocation& planned, const Ledger& carved);

}  // namespace kv
