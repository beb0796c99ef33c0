// The table model: columns and rows of typed cells, rendered as text, CSV and Markdown.
//
// A cell holds a number or a text, never both formatted and raw: each renderer formats by the
// cell's kind, so CSV has "1234567" where people read "1,234,567". Columns say who sees them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kv {

struct Cell {
  enum class Kind : uint8_t { empty, text, number, size, share, bar, difference, growth };

  Kind kind = Kind::empty;
  std::string text;
  uint64_t number = 0;
  uint64_t whole = 0;  ///< what a share or a bar is a part of; what a difference starts from

  static Cell of_text(std::string_view text) { return {Kind::text, std::string(text), 0, 0}; }
  static Cell of_number(uint64_t number) { return {Kind::number, {}, number, 0}; }
  static Cell of_size(uint64_t bytes) { return {Kind::size, {}, bytes, 0}; }
  static Cell of_share(uint64_t part, uint64_t whole) { return {Kind::share, {}, part, whole}; }
  static Cell of_bar(uint64_t part, uint64_t whole) { return {Kind::bar, {}, part, whole}; }
  /// "+1,024"; as a growth "+12.5 %".
  static Cell of_difference(uint64_t from, uint64_t to) { return {Kind::difference, {}, to, from}; }
  static Cell of_growth(uint64_t from, uint64_t to) { return {Kind::growth, {}, to, from}; }
};

/// Who reads a column.
struct Audience {
  bool terminal = false;
  bool markdown = false;
  bool csv = false;
};

struct Column {
  std::string_view title;  ///< of the text and Markdown table
  std::string_view id;     ///< of the CSV header
  Audience audience;
  bool right_aligned = false;
  std::string_view sign = {};  ///< behind each cell that is not empty: "×", "="
};

struct Row {
  /// heading and total are emphasised; an item stands indented under its heading; rule and
  /// space exist only in text; a title is a line of its own.
  enum class Role : uint8_t { heading, item, total, title, rule, space };

  Role role = Role::item;
  std::vector<Cell> cells;  ///< one per column; one for a title; none for rule and space

  bool has_data() const {
    return role == Role::heading || role == Role::item || role == Role::total;
  }
};

struct Table {
  std::vector<Column> columns;
  std::vector<Row> rows;
};

/// Columns of the terminal that a table keeps to, unless its numbers need more.
constexpr uint64_t terminal_columns = 96;

std::string render_text(const Table& table, bool color);
std::string render_csv(const Table& table);
std::string render_markdown(const Table& table);

}  // namespace kv
