// The difference of two plans: as a table, as JSON ("kvplan/diff/1"), as a comment on a pull
// request, and as annotations of GitHub.
//
// The report holds both plans and the attribution; every rendering says the same numbers.
#pragma once

#include <optional>
#include <string>

#include "kvcore/load/settings.hpp"
#include "planner/attribution.hpp"
#include "planner/growth.hpp"

namespace kv {

constexpr std::string_view diff_schema = "kvplan/diff/1";

struct DiffSide {
  std::string name;  ///< "HEAD:cache.toml", "<stdin>"
  Settings settings;
  Allocation allocation;  ///< meant where the report is planned
};

struct DiffReport {
  DiffSide before;
  DiffSide after;
  bool planned = false;  ///< both sides have a plan, so all of the below is meant
  Attribution attribution;
  std::optional<GrowthVerdict> growth;
  Diagnostics errors;  ///< of both sides
};

std::string diff_text(const DiffReport& report, bool color);
std::string diff_json(const DiffReport& report);
std::string diff_markdown(const DiffReport& report);

/// Workflow commands of GitHub: an error for what fails the step, else a notice.
std::string diff_github(const DiffReport& report);

/// The JSON Schema of diff_json().
std::string diff_json_schema();

}  // namespace kv
