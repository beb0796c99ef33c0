#include "planner/table.hpp"

#include <doctest/doctest.h>

#include "kvcore/load/wrap.hpp"

namespace kv {

namespace {

Table fruit() {
  constexpr Audience all = {.terminal = true, .markdown = true, .csv = true};
  Table table;
  table.columns = {
      {"fruit", "fruit", all},
      {"count", "count", all, /*right_aligned=*/true, "×"},
      {"size", "bytes", all, /*right_aligned=*/true},
      {"", "", {.terminal = true}},
  };
  table.rows = {
      {Row::Role::item,
       {Cell::of_text("pears, \"ripe\" | hard"), Cell::of_number(1'234), Cell::of_size(2'048),
        Cell::of_bar(1, 2)}},
      {Row::Role::rule, {}},
      {Row::Role::title, {Cell::of_text("all of it")}},
      {Row::Role::total, {Cell::of_text("sum"), {}, Cell::of_size(4'096), Cell::of_bar(2, 2)}},
  };
  return table;
}

}  // namespace

TEST_CASE("text aligns columns, indents items and ends no line in spaces") {
  CHECK(render_text(fruit(), false) ==
        " fruit                   count ×    size\n"
        "   pears, \"ripe\" | hard  1,234 × 2.0 KiB  ████████\n"
        " ─────────────────────────────────────────────────────────\n"
        " all of it\n"
        " sum                             4.0 KiB  ████████████████\n");
}

TEST_CASE("colour adds styles and changes nothing else") {
  const std::string colored = render_text(fruit(), true);
  CHECK(colored.find("\x1b[1msum\x1b[0m") != std::string::npos);
  std::string stripped;
  for (uint64_t i = 0; i < colored.size(); ++i) {
    if (colored[i] == '\x1b') {
      i = colored.find('m', i);
    } else {
      stripped += colored[i];
    }
  }
  CHECK(stripped == render_text(fruit(), false));
}

TEST_CASE("csv has raw numbers, quotes where needed, and data rows only") {
  CHECK(render_csv(fruit()) ==
        "fruit,count,bytes\n"
        "\"pears, \"\"ripe\"\" | hard\",1234,2048\n"
        "sum,,4096\n");
}

TEST_CASE("markdown escapes pipes and emphasises sums") {
  CHECK(render_markdown(fruit()) ==
        "| fruit | count | size |\n"
        "|---|---:|---:|\n"
        "| pears, \"ripe\" \\| hard | 1,234 | 2.0 KiB |\n"
        "| **sum** | | **4.0 KiB** |\n");
}

TEST_CASE("wrapped text keeps to its width and breaks at spaces only") {
  CHECK(wrap("one two three four", /*indent=*/2, /*width=*/10) == "  one two\n  three\n  four\n");
  CHECK(wrap("unbreakable", 2, 6) == "  unbreakable\n");
}

}  // namespace kv
