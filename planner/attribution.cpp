#include "planner/attribution.hpp"

#include <algorithm>
#include <bit>
#include <optional>

#include "kvcore/memory/assert.hpp"
#include "kvcore/plan/options.hpp"
#include "planner/formula.hpp"

namespace kv {

namespace {

__extension__ using Wide = __int128;

using Bytes = std::array<int64_t, attributed_count>;

/// Beyond this a config on the way is no machine's, and sums might not fit.
constexpr uint64_t plan_bytes_max = 1ULL << 60;

/// The plan's bytes, or nothing where they are beyond all bounds.
std::optional<Bytes> bytes_of(const Config& config) {
  const PlanResult planned = plan(config);
  if (!planned.ok || planned.allocation.container_bytes > plan_bytes_max) return {};
  Bytes bytes = {};
  for (const ComponentInfo& component : components) {
    bytes[static_cast<uint64_t>(component.id)] =
        static_cast<int64_t>(planned.allocation[component.id]);
  }
  for (uint64_t i = 0; i < outsides.size(); ++i) {
    bytes[component_count + i] = static_cast<int64_t>(planned.allocation.outside[i].bytes);
  }
  return bytes;
}

void apply(Option id, const Config& from, Config& to) {
  const OptionInfo& option = option_info(id);
  if (option.is_text()) {
    to.*option.text = from.*option.text;
  } else {
    to.*option.number = from.*option.number;
  }
}

bool differs(const OptionInfo& option, const Config& a, const Config& b) {
  return option.is_text() ? a.*option.text != b.*option.text : a.*option.number != b.*option.number;
}

/// How often, of all orders of `count` options, exactly a given set of `before` comes first and
/// a given option next: before! × (count − before − 1)!
Wide orders(uint64_t before, uint64_t count) {
  Wide product = 1;
  for (uint64_t i = 2; i <= before; ++i) product *= i;
  for (uint64_t i = 2; i + before < count; ++i) product *= i;
  return product;
}

/// Whole numbers nearest to numerators / denominator with the same sum: each is rounded down,
/// then those with the largest remainders get one more, the first of equals first.
/// REQUIRES: the numerators add up to a multiple of the denominator.
std::vector<int64_t> round_all(const std::vector<Wide>& numerators, Wide denominator) {
  std::vector<int64_t> rounded;
  std::vector<std::pair<Wide, uint64_t>> remainders;
  Wide rest = 0;
  for (uint64_t i = 0; i < numerators.size(); ++i) {
    Wide quotient = numerators[i] / denominator;
    if (quotient * denominator > numerators[i]) quotient -= 1;
    const Wide remainder = numerators[i] - quotient * denominator;
    rounded.push_back(static_cast<int64_t>(quotient));
    remainders.emplace_back(-remainder, i);
    rest += remainder;
  }
  KV_ASSERT(rest % denominator == 0);
  std::sort(remainders.begin(), remainders.end());
  const auto extra = static_cast<uint64_t>(rest / denominator);
  for (uint64_t i = 0; i < extra; ++i) rounded[remainders[i].second] += 1;
  return rounded;
}

/// The mean over all orders, or nothing where a config on the way has no plan.
std::optional<std::vector<Bytes>> over_all_orders(const Config& before, const Config& after,
                                                  const std::vector<Option>& changed) {
  const uint64_t count = changed.size();
  std::vector<Bytes> plans;  // by the set of options that are applied, as bits
  for (uint64_t set = 0; set < (1ULL << count); ++set) {
    Config config = before;
    for (uint64_t i = 0; i < count; ++i) {
      if ((set >> i & 1) != 0) apply(changed[i], after, config);
    }
    const std::optional<Bytes> bytes = bytes_of(config);
    if (!bytes) return {};
    plans.push_back(*bytes);
  }
  std::vector<Wide> weights;
  for (uint64_t i = 0; i < count; ++i) weights.push_back(orders(i, count));
  const Wide all = orders(count, count);

  std::vector<Bytes> shares(count);
  for (uint64_t column = 0; column < attributed_count; ++column) {
    std::vector<Wide> sums(count);
    for (uint64_t i = 0; i < count; ++i) {
      for (uint64_t set = 0; set < plans.size(); ++set) {
        if ((set >> i & 1) != 0) continue;
        const int64_t added = plans[set | 1ULL << i][column] - plans[set][column];
        sums[i] += weights[static_cast<uint64_t>(std::popcount(set))] * added;
      }
    }
    const std::vector<int64_t> rounded = round_all(sums, all);
    for (uint64_t i = 0; i < count; ++i) shares[i][column] = rounded[i];
  }
  return shares;
}

/// One after the other. An option that leads to a config without a plan causes nothing: the
/// next one that leads out of it causes both.
std::vector<Bytes> in_one_order(const Config& before, const Config& after,
                                const std::vector<Option>& changed) {
  std::vector<uint64_t> order;
  for (uint64_t i = 0; i < changed.size(); ++i) order.push_back(i);
  std::stable_partition(order.begin(), order.end(), [&](uint64_t i) {
    return number(after, changed[i]) < number(before, changed[i]);
  });
  std::vector<Bytes> shares(changed.size());
  Config config = before;
  std::optional<Bytes> last = bytes_of(before);
  KV_ASSERT(last.has_value());
  for (const uint64_t i : order) {
    apply(changed[i], after, config);
    const std::optional<Bytes> next = bytes_of(config);
    if (!next) continue;
    for (uint64_t column = 0; column < attributed_count; ++column) {
      shares[i][column] = (*next)[column] - (*last)[column];
    }
    last = next;
  }
  return shares;
}

bool mentions(std::string_view formula, std::string_view name) {
  std::vector<std::string> names;
  collect_names(parse_expression(formula), names);
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

bool plan_depends_on(Option option) {
  if (option == Option::memory_huge_pages) return true;  // rounds the arena up
  const std::string_view name = option_info(option).name;
  return std::any_of(terms.begin(), terms.end(),
                     [&](const TermInfo& term) {
                       return !term.constant && mentions(term.formula, name);
                     }) ||
         std::any_of(computed_options.begin(), computed_options.end(),
                     [&](const ComputedInfo& info) {
                       return info.option == option || mentions(info.formula, name);
                     }) ||
         std::any_of(parts.begin(), parts.end(),
                     [&](const PartInfo& part) {
                       return mentions(part.count_formula, name) ||
                              mentions(part.unit_formula, name);
                     }) ||
         std::any_of(outsides.begin(), outsides.end(), [&](const OutsideInfo& outside) {
           return mentions(outside.count_formula, name) || mentions(outside.unit_formula, name);
         });
}

Attribution attribute(const Config& before, const Config& after) {
  Attribution out;
  std::vector<Option> changed;
  std::vector<uint64_t> places;  // of the changed options among the shares
  for (const OptionInfo& option : options) {
    if (!differs(option, before, after)) continue;
    if (plan_depends_on(option.id)) {
      changed.push_back(option.id);
      places.push_back(out.shares.size());
    }
    out.shares.push_back({.option = option.id});
  }
  std::optional<std::vector<Bytes>> found;
  if (changed.size() <= all_orders_max) found = over_all_orders(before, after, changed);
  out.all_orders = found.has_value();
  const std::vector<Bytes> shares = found ? *found : in_one_order(before, after, changed);
  for (uint64_t i = 0; i < changed.size(); ++i) {
    OptionShare& share = out.shares[places[i]];
    share.bytes = shares[i];
    for (uint64_t column = 0; column < attributed_count; ++column) {
      if (column < component_count) share.arena_bytes += share.bytes[column];
      share.container_bytes += share.bytes[column];
    }
  }
  return out;
}

}  // namespace kv
