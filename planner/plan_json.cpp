#include "planner/plan_json.hpp"

#include "kvcore/plan/options.hpp"
#include "planner/json_parts.hpp"
#include "planner/plan_table.hpp"

namespace kv {

namespace {

Json product_json(std::string_view name, const Product& product) {
  Json json;
  json["name"] = name;
  json["count"] = product.count;
  json["unit_bytes"] = product.unit_bytes;
  json["bytes"] = product.bytes;
  return json;
}

Json component_json(const ComponentInfo& component, const Allocation& allocation) {
  Json json;
  json["name"] = component.id_text;
  json["bytes"] = allocation[component.id];
  json["parts"] = Json::array();
  for (const PartInfo& part : parts) {
    if (part.component != component.id) continue;
    json["parts"].push_back(product_json(machine_name(part.name), allocation[part.id]));
  }
  return json;
}

void add_plan(Json& json, const PlanReport& report) {
  const Allocation& allocation = *report.allocation;
  json["config"] = config_json(allocation.config);
  for (const TermInfo& term : terms) {
    if (!term.constant) json["derived"][std::string(term.name)] = allocation.terms.*term.value;
  }
  json["components"] = Json::array();
  for (const ComponentInfo& component : components) {
    json["components"].push_back(component_json(component, allocation));
  }
  json["arena_bytes"] = allocation.arena_bytes;
  json["outside"] = Json::array();
  for (const OutsideInfo& outside : outsides) {
    json["outside"].push_back(
        product_json(outside.id_text, allocation.outside[static_cast<uint64_t>(outside.id)]));
  }
  json["container_bytes"] = allocation.container_bytes;
  json["disk"] = Json::array();
  for (const DiskInfo& disk : disks) {
    json["disk"].push_back(
        product_json(disk.id_text, allocation.disk[static_cast<uint64_t>(disk.id)]));
  }
  json["disk_bytes"] = allocation.disk_bytes;
  json["guarantee"] = report.guarantee;
}

Json formula_json(std::string_view name, const ExplainedFormula& formula) {
  Json json;
  json["name"] = name;
  json["value"] = formula.value;
  json["formula"] = formula.formula;
  json["numbers"] = formula.numbers;
  return json;
}

Json cost_json(const MarginalCost& cost) {
  Json json;
  json["what"] = cost.what;
  json["option"] = option_info(cost.option).name;
  json["step"] = cost.step;
  json["arena_bytes"] = cost.possible ? Json(cost.arena_bytes) : Json(nullptr);
  json["container_bytes"] = cost.possible ? Json(cost.container_bytes) : Json(nullptr);
  return json;
}

Json explanation_json(const Explanation& explanation) {
  Json json;
  json["options"] = Json::array();
  for (const ExplainedOption& option : explanation.options) {
    Json row;
    row["name"] = option_info(option.option).name;
    row["origin"] = option.origin;
    row["formula"] =
        option.computed.formula.empty() ? Json(nullptr) : Json(option.computed.formula);
    json["options"].push_back(std::move(row));
  }
  json["terms"] = Json::array();
  for (const ExplainedFormula& term : explanation.terms) {
    json["terms"].push_back(formula_json(term.name, term));
  }
  json["sections"] = Json::array();
  for (const ExplainedSection& section : explanation.sections) {
    Json row;
    row["name"] = section.id;
    row["bytes"] = section.bytes;
    row["parts"] = Json::array();
    for (const ExplainedFormula& part : section.parts) {
      row["parts"].push_back(formula_json(machine_name(part.name), part));
    }
    json["sections"].push_back(std::move(row));
  }
  json["costs"] = Json::array();
  for (const MarginalCost& cost : explanation.costs) json["costs"].push_back(cost_json(cost));
  return json;
}

}  // namespace

std::string plan_json(const PlanReport& report) {
  Json json;
  json["schema"] = plan_schema;
  if (report.allocation != nullptr) add_plan(json, report);
  if (report.explanation != nullptr) json["explanation"] = explanation_json(*report.explanation);
  add_errors(json, report.errors);
  return dump(json);
}

}  // namespace kv
