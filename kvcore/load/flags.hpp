// The flags of kvplan and kvd: one for each row of the option table.
//
// "--key-size-max 2KiB", or its alias "--key-max"; toggles are "--memory-lock on". Flags win
// over the file, so they are applied after it is loaded.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "kvcore/load/settings.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace kv {

class ConfigFlags {
 public:
  /// Adds a flag for every option, grouped by section, with help, bounds and default.
  explicit ConfigFlags(CLI::App& app);

  /// Sets the options whose flags were given. Returns whether all of them could be parsed.
  bool apply(Settings& settings, Diagnostics& out) const;

 private:
  struct Flag {
    CLI::Option* option = nullptr;
    std::string text;
  };
  std::array<Flag, option_count> flags_;
};

/// "--key-size-max" for an option.
std::string flag_name(const OptionInfo& option);

}  // namespace kv
