// The explanation of a plan: every option with where it came from, every term and part with
// its formula, the same formula with the numbers put in, and what one more of each costs.
//
// It is data; explain_text.cpp, explain_table.cpp and plan_json.cpp print it. The formulas
// are the text of allocation.def, so they cannot differ from what was computed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kvcore/load/settings.hpp"
#include "planner/marginal.hpp"
#include "planner/table.hpp"

namespace kv {

/// name = formula = numbers = value
struct ExplainedFormula {
  std::string_view name;
  std::string meaning;  ///< may be empty
  std::string formula;  ///< with names; empty where there is nothing to compute
  std::string numbers;  ///< with numbers
  uint64_t value = 0;
};

struct ExplainedOption {
  Option option;
  std::string value;          ///< as people read it
  std::string origin;         ///< "default", "cache.toml:3", "--keys", "computed"
  uint64_t number = unset;    ///< the same where it is a number
  ExplainedFormula computed;  ///< of a computed option; its formula is empty otherwise
};

/// A component with its parts; all that is outside of the arena; or all that is on disk.
struct ExplainedSection {
  std::string_view id;
  std::string_view name;
  std::string_view meaning;
  std::vector<ExplainedFormula> parts;
  uint64_t bytes = 0;
};

struct Explanation {
  std::vector<ExplainedOption> options;
  std::vector<ExplainedFormula> constants;
  std::vector<ExplainedFormula> terms;  ///< in the order in which they are computed
  std::vector<ExplainedSection> sections;
  std::vector<MarginalCost> costs;
  /// The longest key of a list and the longest element in as many blocks as now; without lists,
  /// the longest key and value together, and 0.
  uint64_t free_key_bytes_max = 0;
  uint64_t free_element_bytes_max = 0;
  std::optional<Component> only;  ///< the costs are meant for this component alone
};

/// What --explain can be asked for: the components by id and name, "outside" and "disk".
std::vector<std::string_view> explainable_names();

/// Explains everything, or with `section` (one of explainable_names()) only that, with the
/// options and terms that it depends on. REQUIRES: the allocation is of these settings.
Explanation explain(const Settings& settings, const Allocation& allocation,
                    std::string_view section);

std::string explanation_text(const Explanation& explanation, bool color);
Table explanation_table(const Explanation& explanation);

/// An option's value as people write it: "1,000", "on", "transparent", "none".
std::string option_value_text(const Config& config, const OptionInfo& option);

}  // namespace kv
