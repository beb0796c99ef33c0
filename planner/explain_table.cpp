// The explanation as a table, for CSV and Markdown.
#include <fmt/format.h>

#include "planner/explain.hpp"
#include "planner/plan_table.hpp"

namespace kv {

namespace {

constexpr Audience documents = {.markdown = true, .csv = true};

struct Line {
  std::string_view section;
  std::string_view name;
  Cell value;
  std::string_view formula;
  std::string_view numbers;
  std::string_view remark;
};

void add(Table& table, Row::Role role, const Line& line) {
  table.rows.push_back(
      {role,
       {Cell::of_text(line.section), Cell::of_text(line.name), line.value,
        Cell::of_text(line.formula), Cell::of_text(line.numbers), Cell::of_text(line.remark)}});
}

/// A number where it counts something, so that CSV has it raw.
Cell option_cell(const ExplainedOption& option) {
  const OptionInfo& info = option_info(option.option);
  const bool counts = info.kind == OptionKind::count || info.kind == OptionKind::bytes ||
                      info.kind == OptionKind::milliseconds;
  const bool is_number = counts && option.number != unset && option.option != Option::server_port;
  return is_number ? Cell::of_number(option.number) : Cell::of_text(option.value);
}

}  // namespace

Table explanation_table(const Explanation& explanation) {
  Table table;
  table.columns = {
      {"section", "section", documents},
      {"name", "name", documents},
      {"value", "value", documents, /*right_aligned=*/true},
      {"formula", "formula", documents},
      {"with numbers", "numbers", documents},
      {"origin or meaning", "remark", documents},
  };
  for (const ExplainedOption& option : explanation.options) {
    const OptionInfo& info = option_info(option.option);
    add(table, Row::Role::item,
        {"option", info.name, option_cell(option), option.computed.formula, option.computed.numbers,
         option.origin});
  }
  for (const ExplainedFormula& constant : explanation.constants) {
    add(table, Row::Role::item,
        {"constant", constant.name, Cell::of_number(constant.value), "", "", constant.meaning});
  }
  for (const ExplainedFormula& term : explanation.terms) {
    add(table, Row::Role::item,
        {"term", term.name, Cell::of_number(term.value), term.formula, term.numbers, term.meaning});
  }
  for (const ExplainedSection& section : explanation.sections) {
    for (const ExplainedFormula& part : section.parts) {
      add(table, Row::Role::item,
          {section.id, part.name, Cell::of_number(part.value), part.formula, part.numbers,
           part.meaning});
    }
    add(table, Row::Role::total,
        {section.id, "", Cell::of_number(section.bytes), "", "", section.meaning});
  }
  for (const MarginalCost& cost : explanation.costs) {
    if (!cost.possible) continue;
    const uint64_t bytes = explanation.only
                               ? cost.component_bytes[static_cast<uint64_t>(*explanation.only)]
                               : cost.arena_bytes;
    const std::string step =
        fmt::format("bytes of the arena for {} + {}", option_info(cost.option).name, cost.step);
    add(table, Row::Role::item, {"cost", cost.what, Cell::of_number(bytes), "", "", step});
  }
  return table;
}

}  // namespace kv
