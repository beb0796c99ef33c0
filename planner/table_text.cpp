// The table as people read it on a terminal.
#include <algorithm>

#include "kvcore/load/wrap.hpp"
#include "kvcore/memory/assert.hpp"
#include "planner/number_text.hpp"
#include "planner/style.hpp"
#include "planner/table.hpp"

namespace kv {

namespace {

constexpr uint64_t bar_width_max = 16;
constexpr uint64_t bar_width_min = 6;
constexpr std::string_view gap = "  ";

/// The widths of the columns of one table, and how wide all of it is.
struct Widths {
  std::vector<uint64_t> columns;  ///< without the sign; 0 for a column that is not shown
  uint64_t bar = 0;               ///< 0 where the numbers leave no room for one
  uint64_t table = 0;
};

std::string cell_text(const Cell& cell, const Row& row, uint64_t bar_width) {
  switch (cell.kind) {
    case Cell::Kind::empty:
      return {};
    case Cell::Kind::text:
      return (row.role == Row::Role::item ? std::string("  ") : std::string()).append(cell.text);
    case Cell::Kind::number:
      return grouped(cell.number);
    case Cell::Kind::size:
      return human_size(cell.number);
    case Cell::Kind::share:
      return percent(cell.number, cell.whole);
    case Cell::Kind::difference:
      return difference(cell.whole, cell.number);
    case Cell::Kind::growth:
      return growth(cell.whole, cell.number);
    case Cell::Kind::bar:
      return bar(cell.number, cell.whole, bar_width);
  }
  return {};
}

Widths measure(const Table& table) {
  Widths widths;
  widths.columns.resize(table.columns.size());
  uint64_t rest = 1;  // the margin at the left
  for (uint64_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (!column.audience.terminal) continue;
    uint64_t width = display_width(column.title);
    bool is_bar = false;
    for (const Row& row : table.rows) {
      if (!row.has_data()) continue;
      is_bar = is_bar || row.cells[i].kind == Cell::Kind::bar;
      if (!is_bar) width = std::max(width, display_width(cell_text(row.cells[i], row, 0)));
    }
    widths.columns[i] = is_bar ? 0 : width;
    if (!is_bar) rest += width + (column.sign.empty() ? gap.size() : 3);
  }
  const uint64_t left = terminal_columns > rest ? terminal_columns - rest : 0;
  widths.bar = left < bar_width_min ? 0 : std::min(left, bar_width_max);
  widths.table = widths.bar > 0 ? rest + widths.bar : rest - gap.size();
  return widths;
}

Style style_of(const Row& row, const Cell& cell) {
  if (cell.kind == Cell::Kind::bar) return Style::accent;
  if (row.role != Row::Role::item) return Style::bold;
  return cell.kind == Cell::Kind::share ? Style::dim : Style::plain;
}

void append_cell(std::string& line, std::string_view text, const Column& column, uint64_t width,
                 Style style, bool color) {
  const uint64_t taken = display_width(text);
  const std::string padding(width > taken ? width - taken : 0, ' ');
  if (column.right_aligned) line += padding;
  line += styled(text, style, color);
  if (!column.right_aligned) line += padding;
  if (column.sign.empty()) {
    line += gap;
  } else if (text.empty()) {
    line += "   ";
  } else {
    line += ' ';
    line += styled(column.sign, Style::dim, color);
    line += ' ';
  }
}

/// Lines do not end in spaces, with or without colour.
void append_line(std::string& out, std::string line) {
  while (!line.empty() && line.back() == ' ') line.pop_back();
  out += line;
  out += '\n';
}

std::string header(const Table& table, const Widths& widths, bool color) {
  std::string line = " ";
  for (uint64_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (!column.audience.terminal) continue;
    append_cell(line, column.title, column, widths.columns[i], Style::dim, color);
  }
  return line;
}

std::string data_line(const Table& table, const Row& row, const Widths& widths, bool color) {
  KV_ASSERT(row.cells.size() == table.columns.size());
  std::string line = " ";
  for (uint64_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (!column.audience.terminal) continue;
    append_cell(line, cell_text(row.cells[i], row, widths.bar), column, widths.columns[i],
                style_of(row, row.cells[i]), color);
  }
  return line;
}

std::string rule_line(uint64_t width, bool color) {
  std::string text;
  for (uint64_t i = 1; i < width; ++i) text += "─";
  return std::string(" ").append(styled(text, Style::dim, color));
}

}  // namespace

std::string render_text(const Table& table, bool color) {
  const Widths widths = measure(table);
  std::string out;
  append_line(out, header(table, widths, color));
  for (const Row& row : table.rows) {
    if (row.role == Row::Role::rule) {
      append_line(out, rule_line(widths.table, color));
    } else if (row.role == Row::Role::space) {
      append_line(out, "");
    } else if (row.role == Row::Role::title) {
      append_line(out, std::string(" ").append(styled(row.cells.front().text, Style::bold, color)));
    } else {
      append_line(out, data_line(table, row, widths, color));
    }
  }
  return out;
}

}  // namespace kv
