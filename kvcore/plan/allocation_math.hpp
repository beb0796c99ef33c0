// The body of plan(): the rows of allocation.def, compiled in their order.
//
// Every option and term is a local number of its own name, so a row reads as it is written.
// A plan is computed without tracking first; when something overflows, it is computed again
// with it, and the first poisoned number names the options behind it.
#pragma once

#include "kvcore/plan/allocation.hpp"
#include "kvcore/plan/descriptors.hpp"
#include "kvcore/plan/options.hpp"

namespace kv {

namespace detail {

/// Adds the parts up in carving order, with what alignment costs as a component of its own.
template <class Number>
class Layout {
 public:
  constexpr void add(Number bytes, Number align) {
    if (bytes.ok() && bytes.value() == 0) return;
    const Number start = round_up(end_, align);
    padding_ = padding_ + (start - end_);
    end_ = start + bytes;
  }

  constexpr void finish(Number page) {
    const Number end = round_up(end_, page);
    padding_ = padding_ + (end - end_);
    end_ = end;
  }

  constexpr Number end() const { return end_; }
  constexpr Number padding() const { return padding_; }

 private:
  Number end_ = 0;
  Number padding_ = 0;
};

/// Keeps the first overflow.
template <class Number>
class Verdict {
 public:
  constexpr uint64_t check(Number amount) {
    if (!amount.ok() && ok_) {
      ok_ = false;
      overflow_ = amount.overflow();
    }
    return amount.value();
  }
  constexpr Product check(Number count, Number unit_bytes) {
    return {check(count), check(unit_bytes), check(count * unit_bytes)};
  }
  constexpr bool ok() const { return ok_; }
  constexpr Overflow overflow() const { return overflow_; }

 private:
  bool ok_ = true;
  Overflow overflow_;
};

template <class Number>
constexpr Number option_amount(uint64_t value, Option id) {
  return Number(value, id);
}
template <class Number>
constexpr Number option_amount(const Text&, Option) {
  return 0;
}

template <class Number>
constexpr PlanResult plan_with(const Config& config) {
  PlanResult result;
  Allocation& out = result.allocation;
  Verdict<Number> verdict;
  Layout<Number> layout;
  out.config = config;

#define KV_OPTION(id, ...) \
  [[maybe_unused]] Number id = option_amount<Number>(config.id, Option::id);
#include "kvcore/plan/options.def"

#define KV_CONSTANT(id, formula, meaning)     \
  [[maybe_unused]] const Number id = formula; \
  out.terms.id = id.value();
#define KV_DERIVED(id, formula, meaning)      \
  [[maybe_unused]] const Number id = formula; \
  out.terms.id = verdict.check(id);
#define KV_COMPUTED(id, formula)       \
  if (config.id == unset) {            \
    id = formula;                      \
    out.config.id = verdict.check(id); \
  }
#include "kvcore/plan/allocation.def"

#define KV_PART(component, id, name, count, unit, align)                   \
  layout.add(Number(count) * Number(unit), align);                         \
  out.parts[static_cast<uint64_t>(Part::id)] = verdict.check(count, unit); \
  out.component_bytes[static_cast<uint64_t>(Component::component)] +=      \
      out.parts[static_cast<uint64_t>(Part::id)].bytes;
#include "kvcore/plan/allocation.def"

  const bool whole_huge_pages =
      config.memory_huge_pages == static_cast<uint64_t>(HugePages::explicit_);
  layout.finish(whole_huge_pages ? huge_page_bytes : page_bytes);
  const Number arena_bytes = layout.end();
  out.component_bytes[static_cast<uint64_t>(Component::padding)] = verdict.check(layout.padding());
  out.arena_bytes = verdict.check(arena_bytes);

  Number container_bytes = arena_bytes;
#define KV_OUTSIDE(id, name, count, unit, meaning)                              \
  out.outside[static_cast<uint64_t>(Outside::id)] = verdict.check(count, unit); \
  container_bytes = container_bytes + Number(count) * Number(unit);
#include "kvcore/plan/allocation.def"
  out.container_bytes = verdict.check(container_bytes);

  Number disk_bytes = 0;
#define KV_DISK(id, name, count, unit, meaning)                           \
  out.disk[static_cast<uint64_t>(Disk::id)] = verdict.check(count, unit); \
  disk_bytes = disk_bytes + Number(count) * Number(unit);
#include "kvcore/plan/allocation.def"
  out.disk_bytes = verdict.check(disk_bytes);

  result.ok = verdict.ok();
  result.overflow = verdict.overflow();
  return result;
}

}  // namespace detail

constexpr PlanResult plan(const Config& config) {
  const PlanResult result = detail::plan_with<QuickAmount>(config);
  return result.ok ? result : detail::plan_with<Amount>(config);
}

}  // namespace kv
