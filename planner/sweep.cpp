#include "planner/sweep.hpp"

#include <fmt/format.h>

#include "kvcore/load/words.hpp"
#include "kvcore/memory/assert.hpp"
#include "planner/attribution.hpp"
#include "planner/option_name.hpp"

namespace kv {

namespace {

using words::grouped;
using words::in_quotes;

ParsedAxis wrong(std::string problem, std::string hint) {
  return {{}, std::move(problem), std::move(hint)};
}

/// One of the three numbers, in the units of the option; nothing and why where it is none.
std::optional<uint64_t> parse_value(Option option, std::string_view text, std::string& problem) {
  Settings scratch;
  Diagnostics found;
  if (set_from_text(option, text, {}, scratch, found)) return number(scratch.config, option);
  problem = found.front().message;
  return {};
}

ParsedAxis count_up(const OptionInfo& option, uint64_t from, uint64_t to, uint64_t step) {
  if (from > to) {
    return wrong(
        fmt::format("--vary {} runs from {} down to {}", option.key, grouped(from), grouped(to)),
        "write the smaller one first");
  }
  if (step == 0) return wrong(fmt::format("--vary {} has a step of 0", option.key), "");
  if (from < option.minimum || to > option.maximum) {
    return wrong(
        fmt::format("--vary {} leaves the bounds of the option", option.key),
        fmt::format("it may be {} to {}", grouped(option.minimum), grouped(option.maximum)));
  }
  if (from % option.multiple_of != 0 || step % option.multiple_of != 0) {
    return wrong(
        fmt::format("--vary {} leaves the multiples of {}", option.key, option.multiple_of), "");
  }
  if ((to - from) / step >= sweep_points_max) {
    return wrong(fmt::format("--vary {} has {} values, but a sweep at most {} points", option.key,
                             grouped((to - from) / step + 1), grouped(sweep_points_max)),
                 "take a larger step");
  }
  ParsedAxis parsed;
  parsed.axis.option = option.id;
  for (uint64_t i = 0; i <= (to - from) / step; ++i) parsed.axis.values.push_back(from + i * step);
  return parsed;
}

SweepPoint point_of(const Config& config) {
  SweepPoint point;
  for (const Violation& violation : validate(config)) {
    point.broken = violation.rule;
    if (violation.rule != Rule::over_budget) return point;
  }
  const PlanResult planned = plan(config);
  KV_ASSERT(planned.ok);
  point.planned = true;
  point.components = planned.allocation.component_bytes;
  for (uint64_t i = 0; i < outsides.size(); ++i) {
    point.outside[i] = planned.allocation.outside[i].bytes;
  }
  point.arena_bytes = planned.allocation.arena_bytes;
  point.container_bytes = planned.allocation.container_bytes;
  return point;
}

}  // namespace

ParsedAxis parse_axis(std::string_view text) {
  const std::string form = "write --vary keys=1000:10000:1000";
  const auto equals = text.find('=');
  const auto first = text.find(':');
  const auto second = text.find(':', first + 1);
  if (equals == std::string_view::npos || first == std::string_view::npos ||
      second == std::string_view::npos || equals > first) {
    return wrong(fmt::format("--vary {} is not OPTION=FROM:TO:STEP", in_quotes(text)), form);
  }
  const std::string_view name = text.substr(0, equals);
  const std::optional<Option> id = find_option(name);
  if (!id) {
    return wrong(fmt::format("no option is called {}", in_quotes(name)), option_suggestion(name));
  }
  const OptionInfo& option = option_info(*id);
  if (option.kind != OptionKind::count && option.kind != OptionKind::bytes) {
    return wrong(fmt::format("{} is not a count or a size", option.key), "");
  }
  if (!plan_depends_on(*id)) {
    return wrong(fmt::format("the plan does not depend on {}", option.key), "");
  }
  std::string problem;
  const auto from = parse_value(*id, text.substr(equals + 1, first - equals - 1), problem);
  const auto to =
      from ? parse_value(*id, text.substr(first + 1, second - first - 1), problem) : std::nullopt;
  const auto step = to ? parse_value(*id, text.substr(second + 1), problem) : std::nullopt;
  if (!step) return wrong(fmt::format("--vary {}: {}", in_quotes(text), problem), form);
  return count_up(option, *from, *to, *step);
}

Sweep sweep(const Config& config, std::vector<SweepAxis> axes) {
  Sweep out;
  out.axes = std::move(axes);
  KV_ASSERT(!out.axes.empty() && out.axes.size() <= 2);
  KV_ASSERT(out.axes[0].values.size() * out.columns() <= sweep_points_max);
  for (uint64_t second = 0; second < out.columns(); ++second) {
    for (const uint64_t value : out.axes[0].values) {
      Config changed = config;
      number(changed, out.axes[0].option) = value;
      if (out.axes.size() > 1) {
        number(changed, out.axes[1].option) = out.axes[1].values[second];
      }
      out.points.push_back(point_of(changed));
    }
  }
  return out;
}

}  // namespace kv
