// The body of plan(): the rows of allocation.def, compiled in their order.
//
// Every option and term is a local Amount of its own name, so a row reads as it is written.
// The first poisoned Amount ends the plan with the options behind it.
#pragma once

#include "kvcore/plan/allocation.hpp"
#include "kvcore/plan/options.hpp"

namespace kv {

namespace detail {

/// What the layout needs of a part.
struct PlannedPart {
  Component component;
  Amount count;
  Amount unit_bytes;
  Amount align;
};

/// Adds the parts up in carving order, with what alignment costs as a component of its own.
class Layout {
 public:
  constexpr void add(const PlannedPart& part) {
    const Amount bytes = part.count * part.unit_bytes;
    if (!bytes.ok() || bytes.value() > 0) {
      const Amount start = round_up(end_, part.align);
      padding_ = padding_ + (start - end_);
      end_ = start + bytes;
    }
  }

  constexpr void finish(Amount page) {
    const Amount end = round_up(end_, page);
    padding_ = padding_ + (end - end_);
    end_ = end;
  }

  constexpr Amount end() const { return end_; }
  constexpr Amount padding() const { return padding_; }

 private:
  Amount end_ = 0;
  Amount padding_ = 0;
};

/// Keeps the first overflow.
class Verdict {
 public:
  constexpr uint64_t check(Amount amount) {
    if (!amount.ok() && ok_) {
      ok_ = false;
      overflow_ = amount.overflow();
    }
    return amount.value();
  }
  constexpr Product check(Amount count, Amount unit_bytes) {
    return {check(count), check(unit_bytes), check(count * unit_bytes)};
  }
  constexpr bool ok() const { return ok_; }
  constexpr Overflow overflow() const { return overflow_; }

 private:
  bool ok_ = true;
  Overflow overflow_;
};

constexpr Amount option_amount(const Config& config, Option id) {
  const OptionInfo& info = option_info(id);
  return info.is_text() ? Amount() : Amount(config.*info.number, id);
}

}  // namespace detail

constexpr PlanResult plan(const Config& config) {
  PlanResult result;
  Allocation& out = result.allocation;
  detail::Verdict verdict;
  detail::Layout layout;
  out.config = config;

#define KV_OPTION(id, ...) [[maybe_unused]] Amount id = detail::option_amount(config, Option::id);
#include "kvcore/plan/options.def"

#define KV_CONSTANT(id, formula, meaning)     \
  [[maybe_unused]] const Amount id = formula; \
  out.terms.id = id.value();
#define KV_DERIVED(id, formula, meaning)      \
  [[maybe_unused]] const Amount id = formula; \
  out.terms.id = verdict.check(id);
#define KV_COMPUTED(id, formula)                        \
  if (config.id == unset) {                             \
    id = formula;                                       \
    number(out.config, Option::id) = verdict.check(id); \
  }
#include "kvcore/plan/allocation.def"

#define KV_PART(component, id, name, count, unit, align)                   \
  layout.add({Component::component, count, unit, align});                  \
  out.parts[static_cast<uint64_t>(Part::id)] = verdict.check(count, unit); \
  out.component_bytes[static_cast<uint64_t>(Component::component)] +=      \
      out.parts[static_cast<uint64_t>(Part::id)].bytes;
#include "kvcore/plan/allocation.def"

  const bool whole_huge_pages =
      config.memory_huge_pages == static_cast<uint64_t>(HugePages::explicit_);
  layout.finish(whole_huge_pages ? huge_page_bytes : page_bytes);
  const Amount arena_bytes = layout.end();
  out.component_bytes[static_cast<uint64_t>(Component::padding)] = verdict.check(layout.padding());
  out.arena_bytes = verdict.check(arena_bytes);

  Amount container_bytes = arena_bytes;
#define KV_OUTSIDE(id, name, count, unit, meaning)                              \
  out.outside[static_cast<uint64_t>(Outside::id)] = verdict.check(count, unit); \
  container_bytes = container_bytes + Amount(count) * Amount(unit);
#include "kvcore/plan/allocation.def"
  out.container_bytes = verdict.check(container_bytes);

  result.ok = verdict.ok();
  result.overflow = verdict.overflow();
  return result;
}

}  // namespace kv
