// The page of a rule, from the rule table: on a terminal and in docs/rules.md. Both say the
// same words, and a test runs every example.
#pragma once

#include <string>

#include "kvcore/plan/validate.hpp"

namespace kv {

/// The page of one rule, wrapped for a terminal.
std::string rule_page(const RuleInfo& rule, bool color);

/// All rules with their summaries, a line each.
std::string rule_list(bool color);

/// docs/rules.md.
std::string rules_page();

}  // namespace kv
