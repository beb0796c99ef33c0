#include "planner/sweep_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "planner/json_parts.hpp"
#include "planner/number_text.hpp"
#include "planner/schema_parts.hpp"
#include "planner/table.hpp"

namespace kv {

namespace {

constexpr Audience people = {.terminal = true, .markdown = true};
constexpr Audience terminal = {.terminal = true};
constexpr Audience programs = {.csv = true};

std::string_view key_of(const SweepAxis& axis) { return option_info(axis.option).key; }

std::string_view rule_name(const SweepPoint& point) {
  return point.broken ? rule_info(*point.broken).name : std::string_view();
}

/// One row for each value, with both totals.
Table list_table(const Sweep& sweep) {
  uint64_t most = 0;
  for (const SweepPoint& point : sweep.points) most = std::max(most, point.container_bytes);
  Table table;
  table.columns = {{key_of(sweep.axes[0]), "", people, true},
                   {"arena", "", people, true},
                   {"size", "", people, true},
                   {"container limit", "", people, true},
                   {"size", "", people, true},
                   {"rule", "", people},
                   {"", "", terminal}};
  table.rows.push_back({Row::Role::rule, {}});
  for (uint64_t i = 0; i < sweep.points.size(); ++i) {
    const SweepPoint& point = sweep.points[i];
    const Cell none;
    const bool ok = point.planned;
    table.rows.push_back(
        {Row::Role::item,
         {Cell::of_number(sweep.axes[0].values[i]), ok ? Cell::of_number(point.arena_bytes) : none,
          ok ? Cell::of_size(point.arena_bytes) : none,
          ok ? Cell::of_number(point.container_bytes) : none,
          ok ? Cell::of_size(point.container_bytes) : none,
          point.broken ? Cell::of_text(rule_name(point)) : none,
          ok ? Cell::of_bar(point.container_bytes, most) : none}});
  }
  const bool all_fit = std::all_of(sweep.points.begin(), sweep.points.end(),
                                   [](const SweepPoint& point) { return !point.broken; });
  if (all_fit) table.columns[5].audience = {};
  return table;
}

/// One row for each value of the first axis, one column for each of the second. `titles` holds
/// the text of the columns.
Table grid_table(const Sweep& sweep, std::vector<std::string>& titles) {
  for (const uint64_t value : sweep.axes[1].values) titles.push_back(grouped(value));
  Table table;
  table.columns = {{key_of(sweep.axes[0]), "", people, true}};
  for (const std::string& title : titles) table.columns.push_back({title, "", people, true});
  table.rows.push_back({Row::Role::rule, {}});
  for (uint64_t first = 0; first < sweep.axes[0].values.size(); ++first) {
    Row row{Row::Role::item, {Cell::of_number(sweep.axes[0].values[first])}};
    for (uint64_t second = 0; second < sweep.columns(); ++second) {
      const SweepPoint& point = sweep.at(first, second);
      row.cells.push_back(point.planned ? Cell::of_size(point.container_bytes)
                                        : Cell::of_text(rule_name(point)));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string grid_caption(const Sweep& sweep) {
  return fmt::format("container limit: rows are {}, columns are {}", key_of(sweep.axes[0]),
                     key_of(sweep.axes[1]));
}

Json point_json(const Sweep& sweep, uint64_t first, uint64_t second) {
  const SweepPoint& point = sweep.at(first, second);
  Json json;
  json["values"] = Json::array({sweep.axes[0].values[first]});
  if (sweep.axes.size() > 1) json["values"].push_back(sweep.axes[1].values[second]);
  json["rule"] = point.broken ? Json(rule_name(point)) : Json(nullptr);
  json["plan"] = nullptr;
  if (!point.planned) return json;
  Json& plan = json["plan"];
  for (const ComponentInfo& info : components) {
    plan["components"][std::string(info.id_text)] =
        point.components[static_cast<uint64_t>(info.id)];
  }
  plan["arena_bytes"] = point.arena_bytes;
  for (uint64_t i = 0; i < outsides.size(); ++i) {
    plan["outside"][std::string(outsides[i].id_text)] = point.outside[i];
  }
  plan["container_bytes"] = point.container_bytes;
  return json;
}

Json bytes_schema() {
  Json in_components;
  Json outside;
  for (const ComponentInfo& info : components) {
    in_components[std::string(info.id_text)] = integer(0);
  }
  for (const OutsideInfo& info : outsides) outside[std::string(info.id_text)] = integer(0);
  Json json = closed_object({{"components", closed_object(std::move(in_components))},
                             {"arena_bytes", integer(0)},
                             {"outside", closed_object(std::move(outside))},
                             {"container_bytes", integer(0)}});
  json["type"] = {"object", "null"};
  return json;
}

}  // namespace

std::string sweep_text(const Sweep& sweep, bool color) {
  if (sweep.axes.size() < 2) return render_text(list_table(sweep), color);
  std::vector<std::string> titles;
  return fmt::format(" {}\n\n{}", grid_caption(sweep),
                     render_text(grid_table(sweep, titles), color));
}

std::string sweep_markdown(const Sweep& sweep) {
  if (sweep.axes.size() < 2) return render_markdown(list_table(sweep));
  std::vector<std::string> titles;
  return grid_caption(sweep) + "\n\n" + render_markdown(grid_table(sweep, titles));
}

std::string sweep_csv(const Sweep& sweep) {
  Table table;
  for (const SweepAxis& axis : sweep.axes) {
    table.columns.push_back({"", option_info(axis.option).name, programs});
  }
  for (const ComponentInfo& info : components)
    table.columns.push_back({"", info.id_text, programs});
  table.columns.push_back({"", "arena", programs});
  for (const OutsideInfo& info : outsides) table.columns.push_back({"", info.id_text, programs});
  table.columns.push_back({"", "container", programs});
  table.columns.push_back({"", "rule", programs});
  for (uint64_t i = 0; i < sweep.points.size(); ++i) {
    const SweepPoint& point = sweep.points[i];
    const uint64_t rows = sweep.axes[0].values.size();
    const auto bytes = [&](uint64_t value) {
      return point.planned ? Cell::of_number(value) : Cell{};
    };
    Row row{Row::Role::item, {Cell::of_number(sweep.axes[0].values[i % rows])}};
    if (sweep.axes.size() > 1) {
      row.cells.push_back(Cell::of_number(sweep.axes[1].values[i / rows]));
    }
    for (const uint64_t value : point.components) row.cells.push_back(bytes(value));
    row.cells.push_back(bytes(point.arena_bytes));
    for (const uint64_t value : point.outside) row.cells.push_back(bytes(value));
    row.cells.push_back(bytes(point.container_bytes));
    row.cells.push_back(point.broken ? Cell::of_text(rule_name(point)) : Cell{});
    table.rows.push_back(std::move(row));
  }
  return render_csv(table);
}

std::string sweep_json(const Sweep* sweep, const Diagnostics& errors) {
  Json json;
  json["schema"] = sweep_schema;
  if (sweep != nullptr) {
    json["axes"] = Json::array();
    for (const SweepAxis& axis : sweep->axes) {
      json["axes"].push_back({{"option", option_info(axis.option).name}, {"values", axis.values}});
    }
    json["points"] = Json::array();
    for (uint64_t second = 0; second < sweep->columns(); ++second) {
      for (uint64_t first = 0; first < sweep->axes[0].values.size(); ++first) {
        json["points"].push_back(point_json(*sweep, first, second));
      }
    }
  }
  add_errors(json, errors);
  return dump(json);
}

std::string sweep_json_schema() {
  Json names = Json::array();
  for (const OptionInfo& option : options) names.push_back(option.name);
  Json rule_names = Json::array({nullptr});
  for (const RuleInfo& rule : rules) rule_names.push_back(rule.name);
  const Json numbers = list_of(integer(0));
  Json axes = list_of(closed_object({{"option", {{"enum", names}}}, {"values", numbers}}));
  axes["minItems"] = 1;
  axes["maxItems"] = 2;
  const Json point = closed_object(
      {{"values", numbers}, {"rule", {{"enum", rule_names}}}, {"plan", bytes_schema()}});
  return document_schema(sweep_schema,
                         "What `kvplan sweep --format json` prints: the plan at every value of "
                         "one option, or at every pair of values of two.",
                         {{"axes", axes}, {"points", list_of(point)}})
             .dump(2) +
         "\n";
}

}  // namespace kv
