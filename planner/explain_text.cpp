// The explanation as people read it on a terminal: one column of names, one of formulas.
#include <fmt/format.h>

#include <algorithm>

#include "kvcore/load/wrap.hpp"
#include "planner/explain.hpp"
#include "planner/number_text.hpp"
#include "planner/style.hpp"

namespace kv {

namespace {

std::string padded(std::string_view text, uint64_t width) {
  const uint64_t taken = display_width(text);
  return std::string(text) + std::string(width > taken ? width - taken : 0, ' ');
}

std::string right(std::string_view text, uint64_t width) {
  const uint64_t taken = display_width(text);
  return std::string(width > taken ? width - taken : 0, ' ') + std::string(text);
}

class Printer {
 public:
  explicit Printer(bool color) : color_(color) {}

  void title(std::string_view text, std::string_view remark) {
    if (!out_.empty()) out_ += '\n';
    out_ += ' ' + styled(text, Style::bold, color_);
    if (!remark.empty()) out_ += "  " + styled(remark, Style::dim, color_);
    out_ += '\n';
  }

  void options(const std::vector<ExplainedOption>& rows) {
    uint64_t value_width = 0;
    uint64_t name_width = 0;
    for (const ExplainedOption& row : rows) {
      value_width = std::max(value_width, display_width(row.value));
      name_width = std::max<uint64_t>(name_width, option_info(row.option).name.size());
    }
    for (const ExplainedOption& row : rows) {
      out_ += "   " + padded(option_info(row.option).name, name_width) + "  " +
              right(row.value, value_width) + "  " + styled(row.origin, Style::dim, color_) + '\n';
    }
  }

  void constants(const std::vector<ExplainedFormula>& rows) {
    uint64_t name_width = 0;
    for (const ExplainedFormula& row : rows) {
      name_width = std::max<uint64_t>(name_width, row.name.size());
    }
    for (const ExplainedFormula& row : rows) {
      out_ += "   " + padded(row.name, name_width) + "  " + right(grouped(row.value), 9) + "  " +
              styled(row.meaning, Style::dim, color_) + '\n';
    }
  }

  /// The name beside the first line, then meaning, formula, and numbers with the result.
  void formula(const ExplainedFormula& row, uint64_t name_width) {
    const uint64_t indent = 3 + name_width + 2;
    std::string lines;
    if (!row.meaning.empty()) lines += paragraph(row.meaning, indent, Style::dim);
    lines += paragraph(row.formula, indent, Style::plain);
    const std::string result = grouped(row.value);
    const std::string last =
        row.numbers == result ? "= " + result : fmt::format("= {} = {}", row.numbers, result);
    lines += paragraph(last, indent, Style::plain);
    lines.replace(0, indent, "   " + padded(row.name, name_width) + "  ");
    out_ += lines;
  }

  void formulas(const std::vector<ExplainedFormula>& rows) {
    uint64_t name_width = 0;
    for (const ExplainedFormula& row : rows) {
      name_width = std::max<uint64_t>(name_width, row.name.size());
    }
    for (const ExplainedFormula& row : rows) formula(row, name_width);
  }

  void line(std::string_view text) { out_ += std::string(text) + '\n'; }

  void note(std::string_view text) { out_ += paragraph(text, /*indent=*/3, Style::dim); }

  std::string take() { return std::move(out_); }

 private:
  /// Wrapped lines; the first one's indent is where the caller puts the name.
  std::string paragraph(std::string_view text, uint64_t indent, Style style) const {
    std::string out;
    const std::string wrapped = wrap(text, indent, terminal_columns);
    for (uint64_t begin = 0; begin < wrapped.size();) {
      const uint64_t end = wrapped.find('\n', begin);
      const std::string_view text_of_line =
          std::string_view(wrapped).substr(begin + indent, end - begin - indent);
      out += std::string(indent, ' ') + styled(text_of_line, style, color_) + '\n';
      begin = end + 1;
    }
    return out;
  }

  bool color_;
  std::string out_;
};

/// What a cost is in the section that is explained.
uint64_t shown_bytes(const MarginalCost& cost, const std::optional<Component>& only) {
  return only ? cost.component_bytes[static_cast<uint64_t>(*only)] : cost.arena_bytes;
}

std::string free_bytes_text(const Explanation& explanation) {
  const std::string key_bytes = counted(explanation.free_key_bytes_max, "byte");
  if (explanation.free_element_bytes_max == 0) {
    return fmt::format("Without another block, a key and its value may be up to {} together.",
                       key_bytes);
  }
  return fmt::format("Without another block, keys of lists may be up to {} and elements up to {}.",
                     key_bytes, counted(explanation.free_element_bytes_max, "byte"));
}

void print_costs(const Explanation& explanation, Printer& printer) {
  const std::vector<MarginalCost>& costs = explanation.costs;
  const bool all = !explanation.only;
  const bool any = std::any_of(costs.begin(), costs.end(), [&](const MarginalCost& cost) {
    return shown_bytes(cost, explanation.only) > 0;
  });
  if (!any) return;
  std::string head = "   " + padded("", 40);
  head += right(all ? "arena" : component_info(*explanation.only).name, 24);
  if (all) head += right("container limit", 18);
  printer.title("what one more costs", "");
  printer.line(head);
  for (const MarginalCost& cost : costs) {
    std::string what(cost.what);
    if (what.find("block") != std::string::npos) {
      what += fmt::format(" ({} B)", grouped(cost.step));
    }
    std::string line = "   " + padded(what, 40);
    if (!cost.possible) {
      printer.line(line + right("beyond the bounds", 24));
      continue;
    }
    const uint64_t bytes = shown_bytes(cost, explanation.only);
    if (!all && bytes == 0) continue;
    line += right(fmt::format("{} B", cost.of == 1 ? grouped(bytes) : decimal(bytes, cost.of)), 24);
    if (all) line += right(human_size(cost.container_bytes / cost.of), 18);
    printer.line(line);
  }
  if (all) {
    printer.line("");
    printer.note(free_bytes_text(explanation));
  }
}

}  // namespace

std::string explanation_text(const Explanation& explanation, bool color) {
  Printer printer(color);
  if (!explanation.options.empty()) {
    printer.title("options", "value, and where it came from");
    printer.options(explanation.options);
  }
  std::vector<ExplainedFormula> computed;
  for (const ExplainedOption& option : explanation.options) {
    if (!option.computed.formula.empty()) computed.push_back(option.computed);
  }
  if (!computed.empty()) {
    printer.title("computed options", "");
    printer.formulas(computed);
  }
  if (!explanation.constants.empty()) {
    printer.title("constants", "");
    printer.constants(explanation.constants);
  }
  if (!explanation.terms.empty()) {
    printer.title("terms", "in the order in which they are computed");
    printer.formulas(explanation.terms);
  }
  for (const ExplainedSection& section : explanation.sections) {
    printer.title(fmt::format("{}: {} bytes", section.name, grouped(section.bytes)),
                  section.meaning);
    printer.formulas(section.parts);
  }
  print_costs(explanation, printer);
  return printer.take();
}

}  // namespace kv
