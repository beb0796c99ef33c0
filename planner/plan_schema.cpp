// The JSON Schema of "kvplan/plan/1", from the same tables as the documents that it describes.
#include "planner/plan_json.hpp"
#include "planner/plan_table.hpp"
#include "planner/schema_parts.hpp"

namespace kv {

namespace {

Json product_schema(std::string_view name) {
  return closed_object({{"name", {{"const", name}}},
                        {"count", integer(0)},
                        {"unit_bytes", integer(0)},
                        {"bytes", integer(0)}});
}

Json component_schema(const ComponentInfo& component) {
  Json items = Json::array();
  for (const PartInfo& part : parts) {
    if (part.component == component.id) items.push_back(product_schema(machine_name(part.name)));
  }
  Json json = closed_object({{"name", {{"const", component.id_text}}},
                             {"bytes", integer(0)},
                             {"parts", tuple(std::move(items))}});
  json["description"] = component.meaning;
  return json;
}

Json explanation_schema() {
  const Json text = {{"type", "string"}};
  const Json formula =
      closed_object({{"name", text}, {"value", integer(0)}, {"formula", text}, {"numbers", text}});
  const Json option =
      closed_object({{"name", text}, {"origin", text}, {"formula", nullable("string")}});
  const Json section =
      closed_object({{"name", text}, {"bytes", integer(0)}, {"parts", list_of(formula)}});
  const Json cost = closed_object({{"what", text},
                                   {"option", text},
                                   {"step", integer(1)},
                                   {"arena_bytes", nullable("integer")},
                                   {"container_bytes", nullable("integer")}});
  return closed_object({{"options", list_of(option)},
                        {"terms", list_of(formula)},
                        {"sections", list_of(section)},
                        {"costs", list_of(cost)}});
}

/// What a plan holds, beside the schema's name.
Json plan_properties() {
  Json derived;
  for (const TermInfo& term : terms) {
    if (term.constant) continue;
    Json json = integer(0);
    json["description"] = term.meaning;
    derived[std::string(term.name)] = std::move(json);
  }
  Json component_items = Json::array();
  for (const ComponentInfo& component : components) {
    component_items.push_back(component_schema(component));
  }
  Json outside_items = Json::array();
  for (const OutsideInfo& outside : outsides) {
    outside_items.push_back(product_schema(outside.id_text));
  }
  Json disk_items = Json::array();
  for (const DiskInfo& disk : disks) disk_items.push_back(product_schema(disk.id_text));
  Json json;
  json["config"] = config_schema();
  json["derived"] = closed_object(std::move(derived));
  json["components"] = tuple(std::move(component_items));
  json["arena_bytes"] = integer(0);
  json["outside"] = tuple(std::move(outside_items));
  json["container_bytes"] = integer(0);
  json["disk"] = tuple(std::move(disk_items));
  json["disk_bytes"] = integer(0);
  json["guarantee"] = {{"type", "string"}};
  return json;
}

}  // namespace

std::string plan_json_schema() {
  return document_schema(plan_schema,
                         "What `kvplan --format json` prints: a plan, or errors, or a plan that is "
                         "over its budget with the error.",
                         plan_properties(), {{"explanation", explanation_schema()}})
             .dump(2) +
         "\n";
}

}  // namespace kv
