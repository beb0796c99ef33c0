// The starter config: every row of the option table as a commented TOML file that is valid
// and plans what no config at all would plan. Only the options that decide most of the memory
// and the budget are set; the others stand as comments with their defaults.
#pragma once

#include <string>
#include <string_view>

namespace kv {

/// `schema` is what the line "#:schema …" names, for editors. REQUIRES: it is one line.
std::string starter_config(std::string_view schema);

}  // namespace kv
