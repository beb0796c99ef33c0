// The policy of a repository: what its configs must keep beyond what kvd asks for.
//
//     [rules]                                  for every file
//     slack = "off"                            off | warn | error
//
//     [[files]]                                for the files that one of the globs matches
//     match    = ["services/*.toml"]           relative to the directory of the policy
//     maximum  = { connections_max = 10_000, memory.budget = "1GiB" }
//     minimum  = { server.stall_timeout_ms = "1s" }
//     required = ["memory.budget"]             must be written in the file
//     budget   = { arena = "1GiB", list_pool = "10MiB" }
//     rules    = { public-address = "error" }
//
// Where several entries match, all of their bounds hold, and the last word on a rule counts.
#pragma once

#include <string>
#include <vector>

#include "kvcore/load/edits.hpp"
#include "kvcore/load/settings.hpp"

namespace kv {

enum class RuleLevel : uint8_t { off, warn, error };

struct RuleSetting {
  Rule rule;
  RuleLevel level;
};

struct PolicyBound {
  Option option;
  uint64_t limit;
  std::string where;  ///< "kvplan-policy.toml:8"
};

/// One [[files]], or the whole file's [rules].
struct PolicyEntry {
  std::vector<std::string> globs;
  std::vector<PolicyBound> maxima;
  std::vector<PolicyBound> minima;
  std::vector<PolicyBound> required;  ///< without a limit
  ExtraBudgets budgets;
  std::vector<RuleSetting> rules;
};

struct Policy {
  std::string directory;  ///< that globs are relative to, absolute; empty without a policy
  std::vector<PolicyEntry> entries;

  /// The entries for a file. They live as long as the policy.
  std::vector<const PolicyEntry*> entries_for(const std::string& path) const;
};

/// Whether a policy may say how severe a rule is. What kvd refuses stays an error.
bool is_adjustable(const RuleInfo& rule);

/// Reads a policy file. Every mistake is added to `out`: a rule, option or key that nobody
/// knows, a value that is none. Returns whether there were none.
bool load_policy(const std::string& path, Policy& policy, Diagnostics& out);

/// Adds what `entry` finds fault with. REQUIRES: `allocation` is of these settings.
void hold_to(const PolicyEntry& entry, const Settings& settings, const Allocation& allocation,
             Diagnostics& out);

/// Sets the severity of every diagnostic to what the entries say, and drops what is off.
void apply_rules(const std::vector<const PolicyEntry*>& entries, Diagnostics& diagnostics);

}  // namespace kv
