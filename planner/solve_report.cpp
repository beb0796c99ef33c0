#include "planner/solve_report.hpp"

#include <fmt/format.h>

#include "kvcore/load/guarantee.hpp"
#include "kvcore/load/wrap.hpp"
#include "planner/json_parts.hpp"
#include "planner/number_text.hpp"
#include "planner/schema_parts.hpp"
#include "planner/style.hpp"
#include "planner/table.hpp"

namespace kv {

namespace {

constexpr Audience everyone = {.terminal = true, .markdown = true, .csv = true};

/// The sentence about the rule that a value breaks, as check() words it.
std::string broken_text(const SolveReport& report, const Solved& solved, const Trial& trial) {
  Settings settings = report.settings;
  settings.config = report.solution.config;
  number(settings.config, solved.option) = trial.value;
  Diagnostics found;
  check(settings, found);
  for (const Diagnostic& diagnostic : found) {
    if (diagnostic.rule == trial.broken->rule) return diagnostic.message;
  }
  return std::string(rule_info(trial.broken->rule).summary);
}

void add_row(Table& table, const SolveReport& report, const Solved& solved, const Trial& trial) {
  table.rows.push_back(
      {Row::Role::item,
       {Cell::of_text(option_info(solved.option).key), Cell::of_number(trial.value),
        trial.bytes ? Cell::of_number(*trial.bytes) : Cell{},
        Cell::of_text(verdict_text(report, solved, trial))}});
}

Json trial_json(const SolveReport& report, const Trial& trial) {
  Json json;
  json["value"] = trial.value;
  json["bytes"] = trial.bytes ? Json(*trial.bytes) : Json(nullptr);
  const bool excess = trial.bytes && *trial.bytes > report.request.limit;
  json["excess_bytes"] = excess ? Json(*trial.bytes - report.request.limit) : Json(nullptr);
  json["rule"] = trial.broken ? Json(rule_info(trial.broken->rule).name) : Json(nullptr);
  return json;
}

Json solved_json(const SolveReport& report, const Solved& solved) {
  Json json;
  json["option"] = option_info(solved.option).name;
  json["fits"] = solved.largest.fits;
  json["largest"] = trial_json(report, solved.largest);
  json["next"] = solved.next ? trial_json(report, *solved.next) : Json(nullptr);
  return json;
}

}  // namespace

std::string_view measure_name(Measure measure) {
  return measure == Measure::container ? "the container limit" : "the arena";
}

std::string verdict_text(const SolveReport& report, const Solved& solved, const Trial& trial) {
  if (trial.broken) return fmt::format("breaks {}", rule_info(trial.broken->rule).name);
  if (!trial.bytes) return "the plan does not fit in 64 bits";
  const uint64_t limit = report.request.limit;
  if (*trial.bytes > limit) return grouped(*trial.bytes - limit) + " too many";
  const std::string left = grouped(limit - *trial.bytes) + " left";
  return solved.next ? left : left + ", and no larger value is allowed";
}

std::string solve_text(const SolveReport& report, bool color) {
  const SolveRequest& request = report.request;
  std::string out = fmt::format(" {} may be {} bytes ({})\n\n",
                                styled(measure_name(request.measure), Style::bold, color),
                                grouped(request.limit), report.limit_source);
  const std::string_view title = measure_name(request.measure).substr(4);
  Table table;
  table.columns = {{"option", "option", everyone},
                   {"value", "value", everyone, true},
                   {title, "bytes", everyone, true},
                   {"", "verdict", everyone}};
  table.rows.push_back({Row::Role::rule, {}});
  for (const Solved& solved : report.solution.solved) {
    add_row(table, report, solved, solved.largest);
    if (solved.next) add_row(table, report, solved, *solved.next);
  }
  out += render_text(table, color);
  for (const Solved& solved : report.solution.solved) {
    const Trial& last = solved.next ? *solved.next : solved.largest;
    if (!last.broken) continue;
    out += '\n' + wrap(fmt::format("With {} = {}, {}.", option_info(solved.option).key,
                                   grouped(last.value), broken_text(report, solved, last)),
                       /*indent=*/1, terminal_columns);
  }
  if (!report.solution.ok) return out;
  const Allocation allocation = plan(report.solution.config).allocation;
  out += fmt::format("\n {}\n", styled("guarantee", Style::bold, color));
  return out + wrap(describe(guarantee(allocation)), /*indent=*/3, terminal_columns);
}

std::string solve_json(const SolveReport& report) {
  Json json;
  json["schema"] = solve_schema;
  if (report.searched) {
    json["for"] = report.request.measure == Measure::container ? "container" : "arena";
    json["limit_bytes"] = report.request.limit;
    json["limit_source"] = report.limit_source;
    json["fits"] = report.solution.ok;
    json["unknowns"] = Json::array();
    for (const Solved& solved : report.solution.solved) {
      json["unknowns"].push_back(solved_json(report, solved));
    }
    json["config"] = nullptr;
    json["arena_bytes"] = nullptr;
    json["container_bytes"] = nullptr;
    if (report.solution.ok) {
      const Allocation allocation = plan(report.solution.config).allocation;
      json["config"] = config_json(allocation.config);
      json["arena_bytes"] = allocation.arena_bytes;
      json["container_bytes"] = allocation.container_bytes;
    }
  }
  add_errors(json, report.errors);
  return dump(json);
}

std::string solve_json_schema() {
  Json names = Json::array();
  for (const OptionInfo& option : options) {
    if (solvable(option.id) == Solvable::yes) names.push_back(option.name);
  }
  Json rule_names = Json::array({nullptr});
  for (const RuleInfo& rule : rules) rule_names.push_back(rule.name);
  const Json trial = closed_object({{"value", integer(0)},
                                    {"bytes", nullable("integer")},
                                    {"excess_bytes", nullable("integer")},
                                    {"rule", {{"enum", rule_names}}}});
  Json next = trial;
  next["type"] = {"object", "null"};
  const Json unknown = closed_object({{"option", {{"enum", names}}},
                                      {"fits", {{"type", "boolean"}}},
                                      {"largest", trial},
                                      {"next", next}});
  Json config = config_schema();
  config["type"] = {"object", "null"};
  return document_schema(solve_schema,
                         "What `kvplan solve --format json` prints: the largest values that fit, "
                         "each with the next one, which does not.",
                         {{"for", {{"enum", {"container", "arena"}}}},
                          {"limit_bytes", integer(0)},
                          {"limit_source", {{"type", "string"}}},
                          {"fits", {{"type", "boolean"}}},
                          {"unknowns", list_of(unknown)},
                          {"config", config},
                          {"arena_bytes", nullable("integer")},
                          {"container_bytes", nullable("integer")}})
             .dump(2) +
         "\n";
}

}  // namespace kv
