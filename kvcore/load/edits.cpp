#include "kvcore/load/edits.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kvcore/load/guarantee.hpp"
#include "kvcore/load/words.hpp"
#include "kvcore/plan/validate.hpp"

namespace kv {

namespace {

using words::counted;
using words::grouped;

/// Block sizes that are tried in each direction: 4 KiB, in steps of 4.
constexpr uint64_t block_steps_max = 1024;

bool is_number(const OptionInfo& option) {
  return option.kind == OptionKind::count || option.kind == OptionKind::bytes;
}

bool is_budget(Option option) {
  return std::any_of(budgets.begin(), budgets.end(),
                     [&](const BudgetInfo& budget) { return budget.option == option; });
}

class Search {
 public:
  Search(const Config& config, const ExtraBudgets& extra) : config_(config), extra_(extra) {
    const PlanResult planned = plan(config);
    planned_ = planned.allocation;
  }

  const Allocation& planned() const { return planned_; }

  /// Whether the plan with `value` keeps every budget.
  bool within(Option option, uint64_t value) const {
    const PlanResult planned = plan(edited(option, value));
    if (!planned.ok) return false;
    const Allocation& allocation = planned.allocation;
    const auto kept = [&](const BudgetInfo& budget, uint64_t limit) {
      return budget.planned_bytes(allocation) <= limit;
    };
    return std::all_of(budgets.begin(), budgets.end(),
                       [&](const BudgetInfo& budget) {
                         return kept(budget, number(allocation.config, budget.option));
                       }) &&
           std::all_of(extra_.begin(), extra_.end(), [&](const ExtraBudget& budget) {
             return kept(*budget.budget, budget.limit);
           });
  }

  /// Whether nothing else is broken either.
  bool valid(Option option, uint64_t value) const {
    return validate(edited(option, value)).empty();
  }

  /// The largest value below `too_large` that keeps every budget, or `unset`. REQUIRES: from
  /// the minimum to there, a larger value never takes fewer bytes.
  uint64_t largest_below(const OptionInfo& option, uint64_t too_large) const {
    uint64_t fits = option.minimum;
    if (too_large <= fits || !within(option.id, fits)) return unset;
    while (too_large - fits > 1) {
      const uint64_t middle = fits + (too_large - fits) / 2;
      (within(option.id, middle) ? fits : too_large) = middle;
    }
    return fits;
  }

  /// The block size nearest to the present one that fits, or `unset`.
  uint64_t nearest_block(const OptionInfo& option) const {
    const uint64_t now = config_.block_bytes;
    for (uint64_t i = 1; i <= block_steps_max; ++i) {
      const uint64_t step = i * option.multiple_of;
      for (const uint64_t value : {now > step ? now - step : 0, now + step}) {
        if (value < option.minimum || value > option.maximum) continue;
        if (within(option.id, value) && valid(option.id, value)) return value;
      }
    }
    return unset;
  }

 private:
  Config edited(Option option, uint64_t value) const {
    Config config = config_;
    number(config, option) = value;
    return config;
  }

  const Config& config_;
  const ExtraBudgets& extra_;
  Allocation planned_;
};

/// A buffer as large as the largest request needs no large slots, so the bytes jump there: the
/// search stays below it, where a larger buffer only costs.
uint64_t search_end(const Allocation& allocation, Option option) {
  const uint64_t now = number(allocation.config, option);
  if (option == Option::request_buffer_bytes) {
    return std::min(now, allocation.terms.request_bytes_max);
  }
  if (option == Option::reply_buffer_bytes) return std::min(now, allocation.terms.reply_bytes_max);
  return now;
}

/// The help of an option as the thing that it counts: "keys that can exist at once".
std::string_view counted_thing(const OptionInfo& option) {
  const std::string_view help = option.help;
  return help.substr(0, std::min(help.find(';'), help.find(", at most")));
}

std::string gives_up(const OptionInfo& option, uint64_t from, uint64_t to) {
  constexpr std::string_view size_of = "size of ";
  const std::string_view thing = counted_thing(option);
  if (thing.substr(0, size_of.size()) == size_of) {
    return fmt::format("{} of {} bytes, not {}", thing.substr(size_of.size()), grouped(to),
                       grouped(from));
  }
  return fmt::format("{} fewer {}", grouped(from - to), thing);
}

/// What a smaller store means to its keys.
std::string store_gives_up(const Search& search, const Config& config, uint64_t to) {
  const Guarantee before = guarantee(search.planned());
  Config edited = config;
  edited.store_bytes = to;
  const Guarantee after = guarantee(plan(edited).allocation);
  const std::string less =
      gives_up(option_info(Option::store_bytes), search.planned().config.store_bytes, to);
  if (before.full_keys == after.full_keys) return less;
  return fmt::format("{}, so that {} of the {} can be at all of their limits at once", less,
                     grouped(after.full_keys), counted(before.full_keys, "key"));
}

double share(const Edit& edit) {
  const double from = static_cast<double>(edit.from);
  const double to = static_cast<double>(edit.to);
  return (from > to ? from - to : to - from) / from;
}

}  // namespace

std::vector<Edit> smallest_edits(const Config& config, const ExtraBudgets& extra) {
  const Search search(config, extra);
  std::vector<Edit> edits;
  for (const OptionInfo& option : options) {
    if (!is_number(option) || is_budget(option.id)) continue;
    const uint64_t from = number(search.planned().config, option.id);
    uint64_t to = unset;
    if (option.id == Option::block_bytes) {
      to = search.nearest_block(option);
    } else {
      to = search.largest_below(option, search_end(search.planned(), option.id));
    }
    if (to == unset) continue;
    std::string lost = gives_up(option, from, to);
    if (option.id == Option::store_bytes) {
      to = to / config.block_bytes * config.block_bytes;  // what is left of a block is not used
      if (to == 0 || !search.valid(option.id, to)) continue;
      lost = store_gives_up(search, config, to);
    }
    if (search.valid(option.id, to)) edits.push_back({option.id, from, to, std::move(lost)});
  }
  std::stable_sort(edits.begin(), edits.end(),
                   [](const Edit& a, const Edit& b) { return share(a) < share(b); });
  return edits;
}

std::string describe(const Edit& edit) {
  return fmt::format("{} = {} (instead of {}): {}", option_info(edit.option).key, edit.to,
                     grouped(edit.from), edit.gives_up);
}

std::string lowering_advice(const Config& config, const ExtraBudgets& extra) {
  for (const Edit& edit : smallest_edits(config, extra)) {
    if (edit.to >= edit.from) continue;
    return fmt::format("or lower {} to {} (instead of {}): {}", option_info(edit.option).key,
                       edit.to, grouped(edit.from), edit.gives_up);
  }
  return "or lower several options: no single one is enough (kvplan solve, kvplan sweep)";
}

}  // namespace kv
