// What a config that was loaded is worth: the violations that are certain, whether it can be
// planned all the same, and the exit code that follows.
//
// Shared by every command that reads a config, so that they agree.
#pragma once

#include "kvcore/load/settings.hpp"
#include "planner/exit_code.hpp"

namespace kv {

/// Whether an option's own bounds are broken, which holds whatever the other options are.
bool is_bound(Rule rule);

bool has_rule(const Diagnostics& diagnostics, Rule rule);

/// Adds what check() finds to what the loaders found. Where options could not be read, rules
/// across options would be held against defaults that nobody asked for, so only bounds are
/// reported then; and nothing where the file could not be read.
void add_violations(const Settings& settings, Diagnostics& diagnostics);

/// A config that is over its budget has a plan all the same, which shows by how much.
bool can_be_planned(const Diagnostics& diagnostics);

/// What could not be read was not judged; then errors are a no; warnings are none.
ExitCode exit_code(const Diagnostics& diagnostics);

}  // namespace kv
