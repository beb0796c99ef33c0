// What the JSON documents of kvplan share: options, diagnostics, and how they are written.
//
// Members stand in the order in which they are added; bytes are raw integers. A run that ends
// early prints the same schema with `errors`, so that a reader always gets valid JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "kvcore/load/diagnostic.hpp"
#include "kvcore/plan/options.hpp"

namespace kv {

using Json = nlohmann::ordered_json;

/// A value of an option: a number, a word, true or false, null where there is none.
Json option_json(const Config& config, const OptionInfo& option);

/// Every option by its name, as in an allocation's config.
Json config_json(const Config& config);

/// Adds the member `errors`, unless there are none.
void add_errors(Json& json, const Diagnostics& errors);

/// Indented, ending in a newline.
std::string dump(const Json& json);

/// A document of this schema for a mistake on the command line, which no rule of a config
/// describes.
std::string usage_error_json(std::string_view message, std::string_view schema);

}  // namespace kv
