#include "planner/explain.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kvcore/memory/assert.hpp"
#include "planner/formula.hpp"
#include "planner/number_text.hpp"

namespace kv {

namespace {

constexpr std::string_view outside_name = "outside";
constexpr std::string_view disk_name = "disk";

/// Names that are needed to explain something, and the formulas behind them.
class Dependencies {
 public:
  explicit Dependencies(const Config& config) : config_(config) {}

  void add(const Expression& expression) {
    std::vector<std::string> names;
    collect_names(expression, names);
    for (const std::string& name : names) add_name(name);
  }

  bool contains(std::string_view name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }

 private:
  void add_name(const std::string& name) {
    if (contains(name)) return;
    names_.push_back(name);
    for (const TermInfo& term : terms) {
      if (term.name == name && !term.constant) add(parse_expression(term.formula));
    }
    for (const ComputedInfo& computed : computed_options) {
      const OptionInfo& option = option_info(computed.option);
      const bool was_computed = option.name == name && number(config_, option.id) == unset;
      if (was_computed) add(parse_expression(computed.formula));
    }
  }

  const Config& config_;
  std::vector<std::string> names_;
};

ExplainedFormula explained(std::string_view name, std::string_view meaning,
                           const Expression& expression, const Allocation& allocation,
                           uint64_t value) {
  ExplainedFormula result = {name, std::string(meaning), print(expression),
                             print(substitute(expression, allocation)), value};
  if (expression.name == "largest_request") {
    result.meaning += fmt::format(" ({}: {})", largest_request_command(allocation).name,
                                  "frame header, name, then arguments");
  }
  return result;
}

/// count × unit, without the count where there is always one.
Expression product_of(std::string_view count, std::string_view unit) {
  if (count == "1") return parse_expression(unit);
  return {Expression::Kind::product, 0, {}, {parse_expression(count), parse_expression(unit)}};
}

ExplainedSection explain_component(const ComponentInfo& component, const Allocation& allocation) {
  ExplainedSection section = {
      component.id_text, component.name, component.meaning, {}, allocation[component.id]};
  for (const PartInfo& part : parts) {
    if (part.component != component.id) continue;
    section.parts.push_back(explained(part.name, "",
                                      product_of(part.count_formula, part.unit_formula), allocation,
                                      allocation[part.id].bytes));
  }
  return section;
}

/// Padding has no formula of its own: each gap follows from where the part before it ended.
ExplainedSection explain_padding(const Allocation& allocation) {
  const ComponentInfo& component = component_info(Component::padding);
  ExplainedSection section = {
      component.id_text, component.name, component.meaning, {}, allocation[component.id]};
  uint64_t end = 0;
  for (const PartInfo& part : parts) {
    const uint64_t bytes = allocation[part.id].bytes;
    if (bytes == 0) continue;
    const uint64_t start = (end + part.align - 1) / part.align * part.align;
    if (start > end) {
      section.parts.push_back({part.name, "",
                               fmt::format("to a multiple of {}", grouped(part.align)),
                               fmt::format("{} - {}", grouped(start), grouped(end)), start - end});
    }
    end = start + bytes;
  }
  if (allocation.arena_bytes > end) {
    section.parts.push_back({"end", "", "to a whole page",
                             fmt::format("{} - {}", grouped(allocation.arena_bytes), grouped(end)),
                             allocation.arena_bytes - end});
  }
  return section;
}

ExplainedSection explain_outside(const Allocation& allocation) {
  ExplainedSection section = {outside_name,
                              "outside of the arena",
                              "upper bounds of what the kernel and the process take",
                              {},
                              allocation.container_bytes - allocation.arena_bytes};
  for (const OutsideInfo& outside : outsides) {
    section.parts.push_back(explained(
        outside.name, outside.meaning, product_of(outside.count_formula, outside.unit_formula),
        allocation, allocation.outside[static_cast<uint64_t>(outside.id)].bytes));
  }
  return section;
}

ExplainedSection explain_disk(const Allocation& allocation) {
  ExplainedSection section = {
      disk_name, "on disk", "files, whose space is reserved at start", {}, allocation.disk_bytes};
  for (const DiskInfo& disk : disks) {
    section.parts.push_back(explained(disk.name, disk.meaning,
                                      product_of(disk.count_formula, disk.unit_formula), allocation,
                                      allocation.disk[static_cast<uint64_t>(disk.id)].bytes));
  }
  return section;
}

/// Whether `asked` ("" for everything) means the component.
bool is_asked(std::string_view asked, const ComponentInfo& component) {
  return asked.empty() || asked == component.id_text || asked == component.name;
}

Dependencies dependencies_of(const Settings& settings, std::string_view section) {
  Dependencies needed(settings.config);
  for (const PartInfo& part : parts) {
    if (!is_asked(section, component_info(part.component))) continue;
    needed.add(product_of(part.count_formula, part.unit_formula));
  }
  if (section.empty() || section == outside_name) {
    for (const OutsideInfo& outside : outsides) {
      needed.add(product_of(outside.count_formula, outside.unit_formula));
    }
  }
  if (section.empty() || section == disk_name) {
    for (const DiskInfo& disk : disks) {
      needed.add(product_of(disk.count_formula, disk.unit_formula));
    }
  }
  return needed;
}

ExplainedOption explain_option(const OptionInfo& option, const Settings& settings,
                               const Allocation& allocation) {
  ExplainedOption result = {option.id,
                            option_value_text(allocation.config, option),
                            describe(settings.origin(option.id)),
                            option.is_text() ? unset : number(allocation.config, option.id),
                            {}};
  const bool left_out = !option.is_text() && number(settings.config, option.id) == unset;
  if (!left_out) return result;
  for (const ComputedInfo& computed : computed_options) {
    if (computed.option != option.id) continue;
    const uint64_t value = number(allocation.config, option.id);
    result.origin = "computed";
    result.computed =
        explained(option.name, option.help, parse_expression(computed.formula), allocation, value);
  }
  return result;
}

}  // namespace

std::vector<std::string_view> explainable_names() {
  std::vector<std::string_view> names;
  for (const ComponentInfo& component : components) {
    names.push_back(component.id_text);
    if (component.name != component.id_text) names.push_back(component.name);
  }
  names.push_back(outside_name);
  names.push_back(disk_name);
  return names;
}

Explanation explain(const Settings& settings, const Allocation& allocation,
                    std::string_view section) {
  const bool everything = section.empty();
  const Dependencies needed = dependencies_of(settings, section);
  Explanation result;
  result.costs = marginal_costs(settings.config);
  const Terms& t = allocation.terms;
  const uint64_t block_bytes = allocation.config.block_bytes;
  const bool lists = allocation.config.list_length_max > 0;
  result.free_key_bytes_max = chain_bytes_max(lists ? t.key_blocks : t.string_blocks, block_bytes);
  result.free_element_bytes_max = lists ? chain_bytes_max(t.element_blocks, block_bytes) : 0;
  for (const OptionInfo& option : options) {
    if (!everything && !needed.contains(option.name)) continue;
    result.options.push_back(explain_option(option, settings, allocation));
  }
  for (const TermInfo& term : terms) {
    if (!everything && !needed.contains(term.name)) continue;
    const uint64_t value = allocation.terms.*term.value;
    if (term.constant) {
      result.constants.push_back({term.name, std::string(term.meaning), "", "", value});
    } else {
      result.terms.push_back(
          explained(term.name, term.meaning, parse_expression(term.formula), allocation, value));
    }
  }
  for (const ComponentInfo& component : components) {
    if (!is_asked(section, component)) continue;
    if (!everything) result.only = component.id;
    result.sections.push_back(component.id == Component::padding
                                  ? explain_padding(allocation)
                                  : explain_component(component, allocation));
  }
  if (everything || section == outside_name) {
    result.sections.push_back(explain_outside(allocation));
  }
  if (everything || section == disk_name) result.sections.push_back(explain_disk(allocation));
  KV_ASSERT(!result.sections.empty());
  return result;
}

std::string option_value_text(const Config& config, const OptionInfo& option) {
  if (option.is_text()) {
    const std::string_view text = shown_text(config, option);
    return std::string(text.empty() ? "none" : text);
  }
  const uint64_t value = number(config, option.id);
  if (value == unset) return "none";
  if (option.kind == OptionKind::toggle) return value == 0 ? "off" : "on";
  if (option.kind == OptionKind::choice) return std::string(choice_word(option, value));
  // A port is a name made of digits, not a quantity.
  return option.id == Option::server_port ? std::to_string(value) : grouped(value);
}

}  // namespace kv
