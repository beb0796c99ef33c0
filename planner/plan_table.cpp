#include "planner/plan_table.hpp"

#include <algorithm>

#include "kvcore/memory/assert.hpp"

namespace kv {

namespace {

constexpr Audience everyone = {.terminal = true, .markdown = true, .csv = true};
constexpr Audience people = {.terminal = true, .markdown = true};
constexpr Audience terminal = {.terminal = true};
constexpr Audience programs = {.csv = true};

std::vector<Column> plan_columns() {
  return {
      {"", "kind", programs},
      {"", "component", programs},
      {"", "part", programs},
      {"component", "", people},
      {"count", "count", everyone, /*right_aligned=*/true, "×"},
      {"unit", "unit_bytes", everyone, /*right_aligned=*/true, "="},
      {"bytes", "bytes", everyone, /*right_aligned=*/true},
      {"size", "", people, /*right_aligned=*/true},
      {"share", "", people, /*right_aligned=*/true},
      {"", "", terminal},
  };
}

/// What a row is called: by programs, and by people.
struct RowName {
  std::string_view kind;
  std::string_view component;
  std::string part;
  std::string_view shown;
};

class PlanTable {
 public:
  explicit PlanTable(const Allocation& allocation) : allocation_(allocation) {
    table_.columns = plan_columns();
  }

  Table build() {
    mark(Row::Role::rule);
    for (const ComponentInfo& component : components) add_component(component);
    mark(Row::Role::rule);
    add_sum(Row::Role::total, {"arena", "", "", "arena"}, allocation_.arena_bytes,
            allocation_.arena_bytes);
    add_budget();
    mark(Row::Role::space);
    add_outside();
    mark(Row::Role::rule);
    add_sum(Row::Role::total, {"container", "", "", "container limit"}, allocation_.container_bytes,
            0);
    if (allocation_.disk_bytes > 0) add_disk();
    return std::move(table_);
  }

 private:
  void mark(Row::Role role) { table_.rows.push_back({role, {}}); }

  /// `whole` is what the share is of; 0 for none. A bar is drawn where there is a count.
  void add(Row::Role role, const RowName& name, const Product& product, uint64_t whole,
           bool with_product) {
    const Cell none;
    std::vector<Cell> cells = {
        Cell::of_text(name.kind),
        Cell::of_text(name.component),
        Cell::of_text(name.part),
        Cell::of_text(name.shown),
        with_product ? Cell::of_number(product.count) : none,
        with_product ? Cell::of_number(product.unit_bytes) : none,
        Cell::of_number(product.bytes),
        Cell::of_size(product.bytes),
        whole > 0 ? Cell::of_share(product.bytes, whole) : none,
        whole > 0 ? Cell::of_bar(product.bytes, whole) : none,
    };
    KV_ASSERT(cells.size() == table_.columns.size());
    table_.rows.push_back({role, std::move(cells)});
  }

  void add_sum(Row::Role role, const RowName& name, uint64_t bytes, uint64_t whole) {
    add(role, name, {0, 0, bytes}, whole, /*with_product=*/false);
  }

  void add_component(const ComponentInfo& component) {
    add_sum(Row::Role::heading, {"component", component.id_text, "", component.name},
            allocation_[component.id], allocation_.arena_bytes);
    for (const PartInfo& part : parts) {
      if (part.component != component.id) continue;
      add(Row::Role::item, {"part", component.id_text, machine_name(part.name), part.name},
          allocation_[part.id], allocation_.arena_bytes, /*with_product=*/true);
    }
  }

  /// The share of the budget is what of it is used, and what is left.
  void add_budget() {
    const uint64_t budget = allocation_.config.memory_budget;
    if (budget == unset) return;
    const uint64_t arena = allocation_.arena_bytes;
    add_sum(Row::Role::item, {"budget", "", "", "memory.budget"}, budget, 0);
    if (arena <= budget) {
      add_sum(Row::Role::item, {"budget_left", "", "", "left of it"}, budget - arena, 0);
    } else {
      add_sum(Row::Role::item, {"budget_exceeded", "", "", "too many"}, arena - budget, 0);
    }
  }

  void add_outside() {
    table_.rows.push_back({Row::Role::title, {Cell::of_text("outside of the arena, at most")}});
    for (const OutsideInfo& outside : outsides) {
      const Product& product = allocation_.outside[static_cast<uint64_t>(outside.id)];
      add(Row::Role::item, {"outside", "", std::string(outside.id_text), outside.name}, product,
          /*whole=*/0, /*with_product=*/outside.count_formula != "1");
    }
  }

  /// Only where something is kept on disk.
  void add_disk() {
    mark(Row::Role::space);
    table_.rows.push_back({Row::Role::title, {Cell::of_text("on disk, reserved at start")}});
    for (const DiskInfo& disk : disks) {
      const Product& product = allocation_.disk[static_cast<uint64_t>(disk.id)];
      add(Row::Role::item, {"disk", "", std::string(disk.id_text), disk.name}, product,
          /*whole=*/0, /*with_product=*/true);
    }
    mark(Row::Role::rule);
    add_sum(Row::Role::total, {"disk_total", "", "", "disk"}, allocation_.disk_bytes, 0);
  }

  const Allocation& allocation_;
  Table table_;
};

}  // namespace

Table plan_table(const Allocation& allocation) { return PlanTable(allocation).build(); }

std::string machine_name(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), ' ', '_');
  return text;
}

}  // namespace kv
