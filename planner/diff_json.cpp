// The difference of two plans as JSON, and the JSON Schema of it.
#include <algorithm>
#include <iterator>
#include <utility>

#include "kvcore/load/lock.hpp"
#include "planner/diff_report.hpp"
#include "planner/json_parts.hpp"
#include "planner/schema_parts.hpp"

namespace kv {

namespace {

Json side_json(const DiffSide& side) {
  Json json;
  json["name"] = side.name;
  json["config"] = config_json(side.allocation.config);
  json["arena_bytes"] = side.allocation.arena_bytes;
  json["container_bytes"] = side.allocation.container_bytes;
  json["disk_bytes"] = side.allocation.disk_bytes;
  return json;
}

Json row_json(std::string_view name, uint64_t before, uint64_t after) {
  Json json;
  json["name"] = name;
  json["old_bytes"] = before;
  json["new_bytes"] = after;
  json["delta_bytes"] = static_cast<int64_t>(after - before);
  return json;
}

Json share_json(const DiffReport& report, const OptionShare& share) {
  const OptionInfo& option = option_info(share.option);
  Json json;
  json["option"] = option.name;
  const bool secret = is_secret(option);
  json["old"] = secret ? Json(nullptr) : option_json(report.before.settings.config, option);
  json["new"] = secret ? Json(nullptr) : option_json(report.after.settings.config, option);
  for (const ComponentInfo& component : components) {
    json["components"][std::string(component.id_text)] =
        share.bytes[static_cast<uint64_t>(component.id)];
  }
  for (uint64_t i = 0; i < outsides.size(); ++i) {
    json["outside"][std::string(outsides[i].id_text)] = share.bytes[component_count + i];
  }
  json["arena_bytes"] = share.arena_bytes;
  json["container_bytes"] = share.container_bytes;
  return json;
}

Json growth_json(const GrowthVerdict& verdict) {
  Json json;
  json["allowed"] = verdict.allowed;
  json["allowed_bytes"] = verdict.allowed_bytes;
  json["grown_bytes"] = verdict.grown_bytes;
  json["exceeded"] = verdict.exceeded();
  return json;
}

void add_difference(Json& json, const DiffReport& report) {
  const Allocation& before = report.before.allocation;
  const Allocation& after = report.after.allocation;
  json["old"] = side_json(report.before);
  json["new"] = side_json(report.after);
  json["components"] = Json::array();
  for (const ComponentInfo& component : components) {
    json["components"].push_back(
        row_json(component.id_text, before[component.id], after[component.id]));
  }
  json["outside"] = Json::array();
  for (uint64_t i = 0; i < outsides.size(); ++i) {
    json["outside"].push_back(
        row_json(outsides[i].id_text, before.outside[i].bytes, after.outside[i].bytes));
  }
  json["disk"] = Json::array();
  for (uint64_t i = 0; i < disks.size(); ++i) {
    json["disk"].push_back(row_json(disks[i].id_text, before.disk[i].bytes, after.disk[i].bytes));
  }
  json["arena_delta_bytes"] = static_cast<int64_t>(after.arena_bytes - before.arena_bytes);
  json["container_delta_bytes"] =
      static_cast<int64_t>(after.container_bytes - before.container_bytes);
  json["disk_delta_bytes"] = static_cast<int64_t>(after.disk_bytes - before.disk_bytes);
  Json& attribution = json["attribution"];
  attribution["method"] = report.attribution.all_orders ? "all-orders" : "one-order";
  attribution["options"] = Json::array();
  for (const OptionShare& share : report.attribution.shares) {
    attribution["options"].push_back(share_json(report, share));
  }
  json["max_growth"] = report.growth ? growth_json(*report.growth) : Json(nullptr);
}

Json any_integer() { return {{"type", "integer"}}; }

Json text() { return {{"type", "string"}}; }

Json row_schema(std::string_view name) {
  return closed_object({{"name", {{"const", name}}},
                        {"old_bytes", integer(0)},
                        {"new_bytes", integer(0)},
                        {"delta_bytes", any_integer()}});
}

Json share_schema() {
  Json names = Json::array();
  for (const OptionInfo& option : options) names.push_back(option.name);
  const Json value = {{"type", {"integer", "boolean", "string", "null"}}};
  Json in_components;
  Json outside;
  for (const ComponentInfo& info : components) {
    in_components[std::string(info.id_text)] = any_integer();
  }
  for (const OutsideInfo& info : outsides) outside[std::string(info.id_text)] = any_integer();
  return closed_object({{"option", {{"enum", names}}},
                        {"old", value},
                        {"new", value},
                        {"components", closed_object(std::move(in_components))},
                        {"outside", closed_object(std::move(outside))},
                        {"arena_bytes", any_integer()},
                        {"container_bytes", any_integer()}});
}

}  // namespace

std::string diff_json(const DiffReport& report) {
  Json json;
  json["schema"] = diff_schema;
  if (report.planned) add_difference(json, report);
  Diagnostics errors;  // a warning about the old side is for people
  std::copy_if(report.errors.begin(), report.errors.end(), std::back_inserter(errors),
               [](const Diagnostic& found) { return found.severity == Severity::error; });
  add_errors(json, errors);
  return dump(json);
}

std::string diff_json_schema() {
  const Json side = closed_object({{"name", text()},
                                   {"config", config_schema()},
                                   {"arena_bytes", integer(0)},
                                   {"container_bytes", integer(0)},
                                   {"disk_bytes", integer(0)}});
  Json component_rows = Json::array();
  for (const ComponentInfo& info : components) component_rows.push_back(row_schema(info.id_text));
  Json outside_rows = Json::array();
  for (const OutsideInfo& info : outsides) outside_rows.push_back(row_schema(info.id_text));
  Json disk_rows = Json::array();
  for (const DiskInfo& info : disks) disk_rows.push_back(row_schema(info.id_text));
  const Json attribution = closed_object(
      {{"method", {{"enum", {"all-orders", "one-order"}}}}, {"options", list_of(share_schema())}});
  Json verdict = closed_object({{"allowed", text()},
                                {"allowed_bytes", integer(0)},
                                {"grown_bytes", integer(0)},
                                {"exceeded", {{"type", "boolean"}}}});
  verdict["type"] = {"object", "null"};
  return document_schema(diff_schema,
                         "What `kvplan diff --format json` prints: two plans, their difference, "
                         "and which option caused how much of it.",
                         {{"old", side},
                          {"new", side},
                          {"components", tuple(std::move(component_rows))},
                          {"outside", tuple(std::move(outside_rows))},
                          {"disk", tuple(std::move(disk_rows))},
                          {"arena_delta_bytes", any_integer()},
                          {"container_delta_bytes", any_integer()},
                          {"disk_delta_bytes", any_integer()},
                          {"attribution", attribution},
                          {"max_growth", std::move(verdict)}})
             .dump(2) +
         "\n";
}

}  // namespace kv
