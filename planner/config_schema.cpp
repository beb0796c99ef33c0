#include "planner/config_schema.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kvcore/load/words.hpp"
#include "kvcore/plan/options.hpp"
#include "kvcore/plan/size.hpp"

namespace kv {

namespace {

using Json = nlohmann::ordered_json;

/// Digits, grouped by single '_', as parse_size() and parse_count() read them.
constexpr std::string_view digits = "[0-9]+(_[0-9]+)*";

std::string size_pattern() {
  std::string units;
  for (const SizeUnit& unit : size_units) {
    units += fmt::format("{}{}", units.empty() ? "" : "|", unit.name);
  }
  return fmt::format("^{}( *({}))?$", digits, units);
}

Json text_with(const std::string& pattern) { return {{"type", "string"}, {"pattern", pattern}}; }

/// A number may be written as an integer or, with its unit, as a string.
Json number_or(const OptionInfo& option, const std::string& pattern) {
  Json integer = {{"type", "integer"}, {"minimum", option.minimum}, {"maximum", option.maximum}};
  if (option.multiple_of > 1) integer["multipleOf"] = option.multiple_of;
  Json json;
  json["anyOf"] = Json::array({std::move(integer), text_with(pattern)});
  return json;
}

Json type_of(const OptionInfo& option) {
  switch (option.kind) {
    case OptionKind::count:
      return number_or(option, fmt::format("^{}$", digits));
    case OptionKind::bytes:
      return number_or(option, size_pattern());
    case OptionKind::milliseconds:
      return number_or(option, fmt::format("^{}( *(ms|s|m|h|d))?$", digits));
    case OptionKind::toggle:
      return {{"enum", Json::array({true, false, "on", "off", "true", "false"})}};
    default:
      break;
  }
  if (option.is_text()) {
    return {{"type", "string"}, {"minLength", option.minimum}, {"maxLength", option.maximum}};
  }
  Json words = Json::array();
  for (uint64_t i = 0; i <= option.maximum; ++i) words.push_back(choice_word(option, i));
  return {{"enum", std::move(words)}};
}

Json default_of(const OptionInfo& option) {
  const Config config;
  if (option.is_text()) return (config.*option.text).view();
  const uint64_t value = number(config, option.id);
  if (option.kind == OptionKind::toggle) return value != 0;
  if (option.kind == OptionKind::choice) return choice_word(option, value);
  return value;
}

Json option_schema(const OptionInfo& option) {
  Json json = type_of(option);
  json["title"] = option.help;
  std::string description(option.explanation);
  const bool left_out = !option.is_text() && number(Config{}, option.id) == unset;
  if (left_out) description += fmt::format(" Default: {}.", option.default_text);
  json["description"] = std::move(description);
  if (!left_out) json["default"] = default_of(option);
  return json;
}

Json closed_object() {
  Json json;
  json["type"] = "object";
  json["additionalProperties"] = false;
  json["properties"] = Json::object();
  return json;
}

}  // namespace

std::string config_json_schema() {
  Json json;
  json["$schema"] = "http://json-schema.org/draft-04/schema#";
  json["title"] = "Config of kvd";
  json["description"] = "What kvplan and kvd read, as TOML or JSON.";
  const Json object = closed_object();
  for (const auto& [key, value] : object.items()) json[key] = value;
  for (const OptionInfo& option : options) {
    Json* owner = &json;
    if (!option.section().empty()) {
      owner = &json["properties"][std::string(option.section())];
      if (owner->is_null()) *owner = closed_object();
    }
    (*owner)["properties"][std::string(option.key_in_section())] = option_schema(option);
  }
  return json.dump(2) + "\n";
}

}  // namespace kv
