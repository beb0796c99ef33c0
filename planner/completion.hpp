// Completion scripts for shells, from the flags of every command as CLI11 holds them.
//
// A flag's type says what can follow it: FILE is a path, "a|b|c" are words, anything else is
// left to the user. No script runs kvplan.
#pragma once

#include <string>

namespace kv {

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace kv
