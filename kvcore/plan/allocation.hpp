// plan(): from a Config to the exact bytes of every component.
//
// Pure and constexpr: integers in, integers out. The terms, parts and bounds are the rows of
// allocation.def; this header gives them types. The arena's layout is the parts in table
// order, each at its alignment, the end rounded up to a page:
//
//     | connections … | fba | map … | blocks ……………… | list pool … | ring … | padding |
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "kvcore/plan/amount.hpp"
#include "kvcore/plan/chains.hpp"
#include "kvcore/plan/commands.hpp"
#include "kvcore/plan/config.hpp"
#include "kvcore/plan/records.hpp"

namespace kv {

enum class Component : uint8_t {
#define KV_COMPONENT(id, ...) id,
#include "kvcore/plan/components.def"
};

struct ComponentInfo {
  Component id;
  std::string_view id_text;  ///< in JSON and INFO
  std::string_view name;     ///< in tables
  std::string_view meaning;
};

inline constexpr auto components = std::to_array<ComponentInfo>({
#define KV_COMPONENT(id, name, meaning) {Component::id, #id, name, meaning},
#include "kvcore/plan/components.def"
});

constexpr uint64_t component_count = components.size();

/// The parts of all components, in the order in which they are carved.
enum class Part : uint8_t {
#define KV_PART(component, id, ...) id,
#include "kvcore/plan/allocation.def"
};

struct PartInfo {
  Part id;
  Component component;
  std::string_view id_text;
  std::string_view name;
  uint64_t align;  ///< of the part's first byte
  std::string_view count_formula;
  std::string_view unit_formula;
};

inline constexpr auto parts = std::to_array<PartInfo>({
#define KV_PART(component, id, name, count, unit, align) \
  {Part::id, Component::component, #id, name, align, #count, #unit},
#include "kvcore/plan/allocation.def"
});

constexpr uint64_t part_count = parts.size();

constexpr const PartInfo& part_info(Part id) { return parts[static_cast<uint64_t>(id)]; }
constexpr const ComponentInfo& component_info(Component id) {
  return components[static_cast<uint64_t>(id)];
}

/// Every constant and derived term by its name.
struct Terms {
#define KV_CONSTANT(id, ...) uint64_t id = 0;
#define KV_DERIVED(id, ...) uint64_t id = 0;
#include "kvcore/plan/allocation.def"
};

struct TermInfo {
  std::string_view name;
  std::string_view formula;
  std::string_view meaning;
  bool constant;
  uint64_t Terms::*value;
};

inline constexpr auto terms = std::to_array<TermInfo>({
#define KV_CONSTANT(id, formula, meaning) {#id, #formula, meaning, true, &Terms::id},
#define KV_DERIVED(id, formula, meaning) {#id, #formula, meaning, false, &Terms::id},
#include "kvcore/plan/allocation.def"
});

/// How an option that was left out gets its value.
struct ComputedInfo {
  Option option;
  std::string_view formula;
};

inline constexpr auto computed_options = std::to_array<ComputedInfo>({
#define KV_COMPUTED(id, formula) {Option::id, #formula},
#include "kvcore/plan/allocation.def"
});

enum class Outside : uint8_t {
#define KV_OUTSIDE(id, ...) id,
#include "kvcore/plan/allocation.def"
};

struct OutsideInfo {
  Outside id;
  std::string_view id_text;
  std::string_view name;
  std::string_view count_formula;
  std::string_view unit_formula;
  std::string_view meaning;
};

inline constexpr auto outsides = std::to_array<OutsideInfo>({
#define KV_OUTSIDE(id, name, count, unit, meaning) {Outside::id, #id, name, #count, #unit, meaning},
#include "kvcore/plan/allocation.def"
});

/// Files of the plan; their rows are like those outside of the arena.
enum class Disk : uint8_t {
#define KV_DISK(id, ...) id,
#include "kvcore/plan/allocation.def"
};

struct DiskInfo {
  Disk id;
  std::string_view id_text;
  std::string_view name;
  std::string_view count_formula;
  std::string_view unit_formula;
  std::string_view meaning;
};

inline constexpr auto disks = std::to_array<DiskInfo>({
#define KV_DISK(id, name, count, unit, meaning) {Disk::id, #id, name, #count, #unit, meaning},
#include "kvcore/plan/allocation.def"
});

/// bytes == count × unit_bytes.
struct Product {
  uint64_t count = 0;
  uint64_t unit_bytes = 0;
  uint64_t bytes = 0;

  constexpr bool operator==(const Product&) const = default;
};

struct Allocation {
  Config config;  ///< with every computed option filled in
  Terms terms;
  std::array<Product, part_count> parts = {};
  std::array<uint64_t, component_count> component_bytes = {};
  uint64_t arena_bytes = 0;  ///< the sum of component_bytes
  std::array<Product, outsides.size()> outside = {};
  uint64_t container_bytes = 0;  ///< arena_bytes and the sum of outside
  std::array<Product, disks.size()> disk = {};
  uint64_t disk_bytes = 0;  ///< the sum of disk

  constexpr const Product& operator[](Part id) const { return parts[static_cast<uint64_t>(id)]; }
  constexpr uint64_t operator[](Component id) const {
    return component_bytes[static_cast<uint64_t>(id)];
  }
};

/// A plan, or the two options whose product does not fit in 64 bits.
struct PlanResult {
  bool ok = false;
  Overflow overflow;      ///< when !ok
  Allocation allocation;  ///< when ok
};

/// Computes the allocation. REQUIRES: every option is within its bounds (see validate.hpp).
constexpr PlanResult plan(const Config& config);

/// The layout of records and components; grows when the same config gets other bytes.
constexpr uint64_t layout_version = 4;

}  // namespace kv

#include "kvcore/plan/allocation_math.hpp"  // IWYU pragma: export
