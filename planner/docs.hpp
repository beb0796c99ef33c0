// The pages of docs/ that follow from the tables of kvcore. kvplan-docs writes them, and a test
// holds the checked-in files against them, so they cannot say what the tables do not.
#pragma once

#include <string>

namespace kv {

/// docs/options.md: every option with its bounds, default and explanation.
std::string options_page();

/// docs/commands.md: every command with the bounds of its request and reply at the defaults.
std::string commands_page();

/// docs/man/kvplan.1: every command of kvplan with its flags.
std::string kvplan_man_page();
/// docs/lock.schema.json: the file that kvplan lock writes.
std::string lock_json_schema();

}  // namespace kv
