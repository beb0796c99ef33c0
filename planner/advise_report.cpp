#include "planner/advise_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kvcore/load/flags.hpp"
#include "kvcore/load/words.hpp"
#include "planner/json_parts.hpp"
#include "planner/number_text.hpp"
#include "planner/schema_parts.hpp"
#include "planner/style.hpp"
#include "planner/table.hpp"

namespace kv {

namespace {

constexpr Audience people = {.terminal = true, .markdown = true};
constexpr Audience programs = {.csv = true};

/// What follows from the load, in the order of a config.
constexpr std::array advised_options = {
    Option::key_count,         Option::key_size_max, Option::val_size_max, Option::list_length_max,
    Option::expiring_keys_max, Option::store_bytes,  Option::block_bytes};

/// What an option comes to, also where it was left out.
uint64_t resolved(const Config& config, Option option) {
  return number(plan(config).allocation.config, option);
}

std::string_view rule_name(const BlockChoice& choice) {
  return choice.broken ? rule_info(*choice.broken).name : std::string_view();
}

std::string size_text(uint64_t bytes) { return words::counted(bytes, "byte"); }

/// "1,000,000 keys of 16 bytes with lists of 50 elements of 64 bytes: 3,216,000,000 bytes"
std::string load_sentence(const Workload& workload) {
  const std::string keys = words::counted(workload.key_count(), "key");
  std::string kind;
  if (workload.kinds().size() > 1) {
    kind = fmt::format("in {} kinds", grouped(workload.kinds().size()));
  } else {
    const KeyKind& only = workload.kinds().front();
    const std::string value = size_text(only.value_bytes);
    kind = fmt::format("of {} with {}", size_text(only.key_bytes),
                       only.list_length == 0
                           ? "a string of " + value
                           : fmt::format("a list of {} of {}",
                                         words::counted(only.list_length, "element"), value));
  }
  return fmt::format("{} {}: {} of keys and values.", keys, kind, size_text(workload.data_bytes()));
}

/// "The best block_bytes is 80: 134,669,504 bytes, 134.67 for each key."
std::string best_sentence(const AdviseReport& report) {
  const BlockChoice& best = report.advice.best;
  return fmt::format("The best block_bytes is {}: {}, {} for each key.", grouped(best.block_bytes),
                     size_text(best.total_bytes),
                     decimal(best.total_bytes, report.workload.key_count()));
}

/// Where the bytes of the best choice go. Everything but the totals of components is an item.
Table detail_table(const AdviseReport& report) {
  const BlockChoice& best = report.advice.best;
  const uint64_t keys = report.workload.key_count();
  Table table;
  table.columns = {{"component", "", people},
                   {"bytes", "", people, true},
                   {"size", "", people, true},
                   {"per key", "", people, true},
                   {"", "", {.terminal = true}}};
  const auto add = [&](Row::Role role, std::string_view name, uint64_t bytes) {
    table.rows.push_back(
        {role,
         {Cell::of_text(name), Cell::of_number(bytes), Cell::of_size(bytes),
          Cell::of_text(decimal(bytes, keys)),
          role == Row::Role::item ? Cell{} : Cell::of_bar(bytes, best.total_bytes)}});
  };
  table.rows.push_back({Row::Role::rule, {}});
  for (const Component component : store_components) {
    add(Row::Role::heading, component_info(component).name, best.bytes_of(component));
    if (component != Component::blocks) continue;
    add(Row::Role::item, "keys and values", report.workload.data_bytes());
    add(Row::Role::item, "lost to rounding", best.rounding_bytes);
    add(Row::Role::item, "lost to links", best.link_bytes);
  }
  table.rows.push_back({Row::Role::rule, {}});
  add(Row::Role::total, "total", best.total_bytes);
  return table;
}

/// Why a choice stands there, or the rule that it breaks.
std::string note_of(const AdviseReport& report, const BlockChoice& choice) {
  if (choice.broken) return fmt::format("breaks {}", rule_name(choice));
  if (choice.block_bytes == report.advice.best.block_bytes) return "the best";
  if (choice.block_bytes != report.settings.config.block_bytes) return {};
  const Origin::Kind kind = report.settings.origin(Option::block_bytes).kind;
  return kind == Origin::Kind::default_value ? "the default" : "as configured";
}

/// The best choice and the others, one row each.
Table choice_table(const AdviseReport& report) {
  Table table;
  table.columns = {{"block_bytes", "", people, true},
                   {"per key", "", people, true},
                   {"lost to rounding", "", people, true},
                   {"lost to links", "", people, true},
                   {"total", "", people, true},
                   {"", "", people, true},
                   {"", "", people}};
  table.rows.push_back({Row::Role::rule, {}});
  const uint64_t least = report.advice.best.total_bytes;
  const auto add = [&](const BlockChoice& choice) {
    Row row{Row::Role::item, {Cell::of_number(choice.block_bytes)}};
    row.cells.resize(table.columns.size());
    row.cells.back() = Cell::of_text(note_of(report, choice));
    if (!choice.broken) {
      row.cells[1] = Cell::of_text(decimal(choice.total_bytes, report.workload.key_count()));
      row.cells[2] = Cell::of_number(choice.rounding_bytes);
      row.cells[3] = Cell::of_number(choice.link_bytes);
      row.cells[4] = Cell::of_number(choice.total_bytes);
      row.cells[5] = Cell::of_growth(least, choice.total_bytes);
    }
    table.rows.push_back(std::move(row));
  };
  add(report.advice.best);
  for (const BlockChoice& choice : report.advice.others) add(choice);
  return table;
}

std::string toml_lines(const Config& config, std::string_view indent) {
  std::string out;
  for (const Option option : advised_options) {
    out += fmt::format("{}{} = {}\n", indent, option_info(option).key, resolved(config, option));
  }
  return out;
}

std::string flag_line(const Config& config) {
  std::string out;
  for (const Option option : advised_options) {
    const OptionInfo& info = option_info(option);
    const std::string flag = info.alias.empty() ? flag_name(info) : flag_alias(info);
    out += fmt::format("{}{} {}", out.empty() ? "" : " ", flag, resolved(config, option));
  }
  return out;
}

Json choice_json(const AdviseReport& report, const BlockChoice& choice) {
  Json json;
  json["block_bytes"] = choice.block_bytes;
  json["rule"] = choice.broken ? Json(rule_name(choice)) : Json(nullptr);
  json["plan"] = nullptr;
  if (choice.broken) return json;
  Json& plan = json["plan"];
  plan["block_count"] = choice.block_count;
  plan["data_bytes"] = report.workload.data_bytes();
  plan["rounding_bytes"] = choice.rounding_bytes;
  plan["link_bytes"] = choice.link_bytes;
  for (const Component component : store_components) {
    plan["components"][std::string(component_info(component).id_text)] = choice.bytes_of(component);
  }
  plan["total_bytes"] = choice.total_bytes;
  plan["arena_bytes"] = choice.arena_bytes;
  plan["container_bytes"] = choice.container_bytes;
  return json;
}

}  // namespace

std::string advise_text(const AdviseReport& report, bool color) {
  const Config& config = report.advice.best.config;
  std::string out = fmt::format(" {}\n {}\n\n", load_sentence(report.workload),
                                styled(best_sentence(report), Style::bold, color));
  out += render_text(detail_table(report), color) + '\n';
  out += render_text(choice_table(report), color);
  out += fmt::format("\n {}\n{}", styled("as a config", Style::bold, color),
                     toml_lines(config, "   "));
  out += fmt::format("\n {}\n   {}\n", styled("as flags", Style::bold, color), flag_line(config));
  return out;
}

std::string advise_markdown(const AdviseReport& report) {
  return fmt::format("{} **{}**\n\n{}\n{}\n```toml\n{}```\n", load_sentence(report.workload),
                     best_sentence(report), render_markdown(detail_table(report)),
                     render_markdown(choice_table(report)),
                     toml_lines(report.advice.best.config, ""));
}

std::string advise_csv(const AdviseReport& report) {
  Table table;
  for (const std::string_view id :
       {"block_bytes", "block_count", "data_bytes", "rounding_bytes", "link_bytes"}) {
    table.columns.push_back({"", id, programs});
  }
  for (const Component component : store_components) {
    table.columns.push_back({"", component_info(component).id_text, programs});
  }
  for (const std::string_view id : {"total", "arena", "container", "rule"}) {
    table.columns.push_back({"", id, programs});
  }
  const auto add = [&](const BlockChoice& choice) {
    Row row{Row::Role::item, {Cell::of_number(choice.block_bytes)}};
    if (choice.broken) {
      row.cells.resize(table.columns.size());
      row.cells.back() = Cell::of_text(rule_name(choice));
      table.rows.push_back(std::move(row));
      return;
    }
    for (const uint64_t value : {choice.block_count, report.workload.data_bytes(),
                                 choice.rounding_bytes, choice.link_bytes}) {
      row.cells.push_back(Cell::of_number(value));
    }
    for (const uint64_t bytes : choice.component_bytes) row.cells.push_back(Cell::of_number(bytes));
    for (const uint64_t bytes : {choice.total_bytes, choice.arena_bytes, choice.container_bytes}) {
      row.cells.push_back(Cell::of_number(bytes));
    }
    row.cells.emplace_back();
    table.rows.push_back(std::move(row));
  };
  add(report.advice.best);
  for (const BlockChoice& choice : report.advice.others) add(choice);
  return render_csv(table);
}

std::string advise_json(const AdviseReport& report) {
  Json json;
  json["schema"] = advise_schema;
  if (report.chosen) {
    json["keys"] = report.workload.key_count();
    json["best"] = choice_json(report, report.advice.best);
    json["others"] = Json::array();
    for (const BlockChoice& choice : report.advice.others) {
      json["others"].push_back(choice_json(report, choice));
    }
    for (const Option option : advised_options) {
      json["options"][std::string(option_info(option).name)] =
          resolved(report.advice.best.config, option);
    }
  }
  add_errors(json, report.errors);
  return dump(json);
}

std::string advise_json_schema() {
  Json in_components;
  for (const Component component : store_components) {
    in_components[std::string(component_info(component).id_text)] = integer(0);
  }
  Json plan = closed_object({{"block_count", integer(1)},
                             {"data_bytes", integer(0)},
                             {"rounding_bytes", integer(0)},
                             {"link_bytes", integer(0)},
                             {"components", closed_object(std::move(in_components))},
                             {"total_bytes", integer(0)},
                             {"arena_bytes", integer(0)},
                             {"container_bytes", integer(0)}});
  Json plan_or_null = plan;
  plan_or_null["type"] = {"object", "null"};
  Json rule_names = Json::array({nullptr});
  for (const RuleInfo& rule : rules) rule_names.push_back(rule.name);
  const auto choice = [](Json rule, Json bytes) {
    return closed_object(
        {{"block_bytes", integer(1)}, {"rule", std::move(rule)}, {"plan", std::move(bytes)}});
  };
  Json values;
  for (const Option option : advised_options) {
    values[std::string(option_info(option).name)] = integer(0);
  }
  return document_schema(
             advise_schema,
             "What `kvplan advise --format json` prints: the size of a block that takes the least "
             "memory for a load, others to compare it with, and the options that hold the load.",
             {{"keys", integer(1)},
              {"best", choice({{"type", "null"}}, std::move(plan))},
              {"others", list_of(choice({{"enum", rule_names}}, std::move(plan_or_null)))},
              {"options", closed_object(std::move(values))}})
             .dump(2) +
         "\n";
}

}  // namespace kv
