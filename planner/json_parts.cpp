#include "planner/json_parts.hpp"

namespace kv {

namespace {

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }
Json number_or_null(uint64_t number) { return number == 0 ? Json(nullptr) : Json(number); }

Json error_json(const Diagnostic& diagnostic) {
  const Place& place = diagnostic.place;
  Json json;
  json["rule"] = rule_info(diagnostic.rule).name;
  json["message"] = diagnostic.message;
  json["hint"] = text_or_null(diagnostic.hint);
  json["file"] = text_or_null(place.file);
  json["line"] = number_or_null(place.line);
  json["column"] = number_or_null(place.line == 0 ? 0 : place.column);
  json["flag"] = text_or_null(place.flag);
  return json;
}

}  // namespace

Json option_json(const Config& config, const OptionInfo& option) {
  if (option.is_text()) return shown_text(config, option);
  const uint64_t value = number(config, option.id);
  if (value == unset) return nullptr;
  if (option.kind == OptionKind::toggle) return value != 0;
  if (option.kind == OptionKind::choice) return choice_word(option, value);
  return value;
}

Json config_json(const Config& config) {
  Json json;
  for (const OptionInfo& option : options) {
    json[std::string(option.name)] = option_json(config, option);
  }
  return json;
}

void add_errors(Json& json, const Diagnostics& errors) {
  if (errors.empty()) return;
  json["errors"] = Json::array();
  for (const Diagnostic& error : errors) json["errors"].push_back(error_json(error));
}

/// Bytes of a file that are not UTF-8 may stand in a message; they must not end the report.
std::string dump(const Json& json) {
  return json.dump(/*indent=*/2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) +
         "\n";
}

std::string usage_error_json(std::string_view message, std::string_view schema) {
  Json error;
  error["rule"] = "usage";
  error["message"] = message;
  for (const char* key : {"hint", "file", "line", "column", "flag"}) error[key] = nullptr;
  Json json;
  json["schema"] = schema;
  json["errors"] = Json::array({error});
  return dump(json);
}

}  // namespace kv
