// The JSON Schema of "kvplan/lock/1", which kvcore writes without knowing of schemas.
#include "kvcore/load/lock.hpp"
#include "planner/docs.hpp"
#include "planner/schema_parts.hpp"

namespace kv {

std::string lock_json_schema() {
  Json config = config_schema();
  Json required = Json::array();
  for (const OptionInfo& option : options) {
    if (is_secret(option)) {
      config["properties"].erase(std::string(option.name));
    } else {
      required.push_back(option.name);
    }
  }
  config["required"] = required;
  Json in_components;
  for (const ComponentInfo& info : components) {
    in_components[std::string(info.id_text)] = integer(0);
  }
  Json json = closed_object({{"schema", {{"const", lock_schema}}},
                             {"layout_version", integer(1)},
                             {"config_sha256", {{"type", "string"}, {"pattern", "^[0-9a-f]{64}$"}}},
                             {"config", std::move(config)},
                             {"components", closed_object(std::move(in_components))},
                             {"arena_bytes", integer(0)},
                             {"container_bytes", integer(0)}});
  json["$schema"] = "http://json-schema.org/draft-07/schema#";
  json["title"] = lock_schema;
  json["description"] = "What `kvplan lock FILE` writes to FILE.lock.";
  return json.dump(2) + "\n";
}

}  // namespace kv
