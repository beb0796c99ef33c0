// The JSON Schema of "kvplan/plan/1", from the same tables as the documents that it describes.
#include <nlohmann/json.hpp>

#include "kvcore/plan/options.hpp"
#include "planner/plan_json.hpp"
#include "planner/plan_table.hpp"

namespace kv {

namespace {

using Json = nlohmann::ordered_json;

Json integer(uint64_t minimum) { return {{"type", "integer"}, {"minimum", minimum}}; }

Json nullable(std::string_view type) { return {{"type", Json::array({type, "null"})}}; }

/// An object with exactly these properties.
Json closed_object(Json properties) {
  Json json;
  json["type"] = "object";
  json["required"] = Json::array();
  for (const auto& [name, schema] : properties.items()) json["required"].push_back(name);
  json["additionalProperties"] = false;
  json["properties"] = std::move(properties);
  return json;
}

Json list_of(Json items) { return {{"type", "array"}, {"items", std::move(items)}}; }

/// An array whose items are these, in this order.
Json tuple(Json items) {
  const uint64_t count = items.size();
  Json json;
  json["type"] = "array";
  if (count > 0) json["items"] = std::move(items);  // the draft has no empty list of items
  json["minItems"] = count;
  json["maxItems"] = count;
  return json;
}

Json option_schema(const OptionInfo& option) {
  Json json;
  switch (option.kind) {
    case OptionKind::text:
    case OptionKind::secret:
      json["type"] = "string";
      break;
    case OptionKind::toggle:
      json["type"] = "boolean";
      break;
    case OptionKind::choice:
      json["enum"] = Json::array();
      for (uint64_t i = 0; i <= option.maximum; ++i) {
        json["enum"].push_back(choice_word(option, i));
      }
      break;
    default:
      // A value that was computed may go beyond what may be asked for, so it has no maximum.
      json["type"] = "integer";
      if (number(Config{}, option.id) != unset) {
        json["minimum"] = option.minimum;
        json["maximum"] = option.maximum;
      }
      const Allocation defaults = plan(Config{}).allocation;
      if (number(defaults.config, option.id) == unset) json["type"] = {"integer", "null"};
      if (option.multiple_of > 1) json["multipleOf"] = option.multiple_of;
  }
  json["description"] = option.help;
  return json;
}

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

Json errors_schema() {
  Json names = Json::array({"usage"});
  for (const RuleInfo& rule : rules) names.push_back(rule.name);
  Json json = list_of(closed_object({{"rule", {{"enum", names}}},
                                     {"message", {{"type", "string"}}},
                                     {"hint", nullable("string")},
                                     {"file", nullable("string")},
                                     {"line", nullable("integer")},
                                     {"column", nullable("integer")},
                                     {"flag", nullable("string")}}));
  json["minItems"] = 1;
  return json;
}

/// What a plan holds, beside the schema's name.
Json plan_properties() {
  Json config;
  for (const OptionInfo& option : options) config[std::string(option.name)] = option_schema(option);
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
  Json json;
  json["config"] = closed_object(std::move(config));
  json["derived"] = closed_object(std::move(derived));
  json["components"] = tuple(std::move(component_items));
  json["arena_bytes"] = integer(0);
  json["outside"] = tuple(std::move(outside_items));
  json["container_bytes"] = integer(0);
  json["guarantee"] = {{"type", "string"}};
  return json;
}

}  // namespace

std::string plan_json_schema() {
  Json plan_part = plan_properties();
  Json required = Json::array();
  for (const auto& [name, schema] : plan_part.items()) required.push_back(name);

  Json json;
  json["$schema"] = "http://json-schema.org/draft-07/schema#";
  json["title"] = plan_schema;
  json["description"] =
      "What `kvplan --format json` prints: a plan, or errors, or a plan that is over its budget "
      "with the error.";
  json["type"] = "object";
  json["required"] = {"schema"};
  json["anyOf"] = Json::array({{{"required", required}}, {{"required", {"errors"}}}});
  json["additionalProperties"] = false;
  json["properties"]["schema"] = {{"const", plan_schema}};
  for (auto& [name, schema] : plan_part.items()) json["properties"][name] = std::move(schema);
  json["properties"]["explanation"] = explanation_schema();
  json["properties"]["errors"] = errors_schema();
  return json.dump(2) + "\n";
}

}  // namespace kv
