// The pages of docs/ that follow from the tables of kvcore.
#pragma once

#include <string>

namespace kv {

/// docs/options.md: every option with its bounds, default and explanation.
std::string options_page();

/// docs/commands.md: every command with the bounds of its request and reply at the defaults.
std::string commands_page();

}  // namespace kv
