// Options as people name them on the command line: by name, by key or by alias, with '-' or '_'.
//
// "key_count", "key-count", "keys"; "memory_budget", "memory.budget"; "val_size_max",
// "value_max". An alias that equals another option's name would be a bug of the table.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kvcore/load/settings.hpp"

namespace kv {

std::optional<Option> find_option(std::string_view word);

/// "did you mean 'keys'?", or how to list the names.
std::string option_suggestion(std::string_view word);

/// Sets an option from "NAME=VALUE", as if it were a flag. Returns what is wrong with the
/// words, or empty; what is wrong with the value is added to `out`.
struct Assignment {
  std::string problem;
  std::string hint;
  Option option = Option::none;
};
Assignment assign(std::string_view flag, std::string_view words, Settings& settings,
                  Diagnostics& out);

}  // namespace kv
