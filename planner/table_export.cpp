// The table as programs (CSV, RFC 4180 with LF) and documents (Markdown) read it.
#include <fmt/format.h>

#include "kvcore/memory/assert.hpp"
#include "planner/number_text.hpp"
#include "planner/table.hpp"

namespace kv {

namespace {

/// Quoted where a comma, a quote or a line break would be read as structure.
std::string csv_field(const Cell& cell) {
  if (cell.kind == Cell::Kind::empty) return {};
  if (cell.kind == Cell::Kind::difference) return raw_difference(cell.whole, cell.number);
  if (cell.kind != Cell::Kind::text) return std::to_string(cell.number);
  if (cell.text.find_first_of(",\"\n\r") == std::string::npos) return cell.text;
  std::string quoted = "\"";
  for (const char c : cell.text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string markdown_field(const Cell& cell) {
  switch (cell.kind) {
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
    case Cell::Kind::empty:
      return {};
    case Cell::Kind::text:
      break;
  }
  std::string text;
  for (const char c : cell.text) {
    if (c == '|') text += '\\';
    text += c;
  }
  return text;
}

}  // namespace

std::string render_csv(const Table& table) {
  std::string out;
  const auto append = [&](std::string_view field, bool& first) {
    if (!first) out += ',';
    first = false;
    out += field;
  };
  bool first = true;
  for (const Column& column : table.columns) {
    if (column.audience.csv) append(column.id, first);
  }
  out += '\n';
  for (const Row& row : table.rows) {
    if (!row.has_data()) continue;
    KV_ASSERT(row.cells.size() == table.columns.size());
    first = true;
    for (uint64_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].audience.csv) append(csv_field(row.cells[i]), first);
    }
    out += '\n';
  }
  return out;
}

std::string render_markdown(const Table& table) {
  std::string head = "|";
  std::string rule = "|";
  for (const Column& column : table.columns) {
    if (!column.audience.markdown) continue;
    head += fmt::format(" {} |", column.title);
    rule += column.right_aligned ? "---:|" : "---|";
  }
  std::string out = head + '\n' + rule + '\n';
  for (const Row& row : table.rows) {
    if (!row.has_data()) continue;
    KV_ASSERT(row.cells.size() == table.columns.size());
    const bool strong = row.role != Row::Role::item;
    out += '|';
    for (uint64_t i = 0; i < table.columns.size(); ++i) {
      if (!table.columns[i].audience.markdown) continue;
      const std::string field = markdown_field(row.cells[i]);
      const std::string_view mark = strong ? "**" : "";
      out += field.empty() ? " |" : fmt::format(" {0}{1}{0} |", mark, field);
    }
    out += '\n';
  }
  return out;
}

}  // namespace kv
