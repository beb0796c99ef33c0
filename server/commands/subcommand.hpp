// Commands with subcommands: which there are, how many arguments they take, what runs them.
//
// Arity is checked before the handler is called, as for a whole command; HELP is answered here.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "server/commands/handlers.hpp"

namespace kv {

struct Subcommand {
  std::string_view name;  ///< upper case
  int8_t arity;           ///< arguments with both names; negative: at least that many
  Handler handler;
};

/// Runs the one that args[1] names. `command` is in lower case. `help` are the lines between the
/// first and those about HELP itself. Of a command that is to be queued, name and arity are checked
/// and nothing is run.
Outcome run_subcommand(Call& call, std::string_view command, std::span<const Subcommand> table,
                       std::span<const std::string_view> help);

}  // namespace kv
