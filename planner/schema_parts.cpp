#include "planner/schema_parts.hpp"

#include "kvcore/plan/allocation.hpp"
#include "kvcore/plan/validate.hpp"

namespace kv {

namespace {

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

}  // namespace

Json integer(uint64_t minimum) { return {{"type", "integer"}, {"minimum", minimum}}; }

Json nullable(std::string_view type) { return {{"type", Json::array({type, "null"})}}; }

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

Json tuple(Json items) {
  const uint64_t count = items.size();
  Json json;
  json["type"] = "array";
  if (count > 0) json["items"] = std::move(items);  // the draft has no empty list of items
  json["minItems"] = count;
  json["maxItems"] = count;
  return json;
}

Json config_schema() {
  Json config;
  for (const OptionInfo& option : options) config[std::string(option.name)] = option_schema(option);
  return closed_object(std::move(config));
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

Json document_schema(std::string_view title, std::string_view description, Json properties,
                     Json optional) {
  Json required = Json::array();
  for (const auto& [name, schema] : properties.items()) required.push_back(name);
  Json json;
  json["$schema"] = "http://json-schema.org/draft-07/schema#";
  json["title"] = title;
  json["description"] = description;
  json["type"] = "object";
  json["required"] = {"schema"};
  json["anyOf"] = Json::array({{{"required", required}}, {{"required", {"errors"}}}});
  json["additionalProperties"] = false;
  json["properties"]["schema"] = {{"const", title}};
  for (auto& [name, schema] : properties.items()) json["properties"][name] = std::move(schema);
  for (auto& [name, schema] : optional.items()) json["properties"][name] = std::move(schema);
  json["properties"]["errors"] = errors_schema();
  return json;
}

}  // namespace kv
