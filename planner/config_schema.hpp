// The JSON Schema of a config file, from the option table. Draft 4, because that is what
// TOML editors understand behind a line "#:schema FILE".
#pragma once

#include <string>

namespace kv {

std::string config_json_schema();

}  // namespace kv
