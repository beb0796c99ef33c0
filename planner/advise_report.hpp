// What `kvplan advise` prints: the best size of a block with all that the load takes, other sizes
// beside it, and the options to write down.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kvcore/load/settings.hpp"
#include "planner/block_choice.hpp"

namespace kv {

constexpr std::string_view advise_schema = "kvplan/advise/1";

struct AdviseReport {
  Workload workload;
  Settings settings;  ///< with the limits that the load needs; block_bytes as it is without advice
  bool chosen = false;  ///< `advice` is meant
  Advice advice;
  Diagnostics errors;
};

/// REQUIRES: the report is chosen; so for the others but JSON.
std::string advise_text(const AdviseReport& report, bool color);
std::string advise_markdown(const AdviseReport& report);
std::string advise_csv(const AdviseReport& report);
std::string advise_json(const AdviseReport& report);

/// The JSON Schema of the JSON report.
std::string advise_json_schema();

}  // namespace kv
