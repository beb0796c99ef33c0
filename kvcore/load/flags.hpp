// The flags of kvplan and kvd: one for each row of the option table.
//
// "--key-size-max 2KiB", or its alias "--key-max"; toggles are "--memory-lock on". Flags win
// over the file, so they are applied after it is loaded. Values are kept as text until then,
// so that a bad one gets the same diagnostic as in a file.
//
//   CLI::App app("kvd", "serves keys from memory that it takes at start");
//   ConfigFlags flags(app);
//   set_up_help(app);
//   app.parse(argc, argv);  // throws CLI::ExtrasError: see unknown_flag_message()
//   flags.apply(settings, out);
#pragma once

#include <array>
#include <string>

#include "kvcore/load/settings.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace kv {

class ConfigFlags {
 public:
  /// Adds a flag for every option, grouped by section, with help, bounds and default.
  /// REQUIRES: `app` outlives this.
  explicit ConfigFlags(CLI::App& app);

  /// Sets the options whose flags were given. Returns whether all of them could be parsed,
  /// and none was given twice.
  bool apply(Settings& settings, Diagnostics& out) const;

 private:
  /// Two flags of CLI11 for one option, so that a diagnostic names the one that was typed.
  struct Flag {
    CLI::Option* name = nullptr;
    CLI::Option* alias = nullptr;  ///< null where there is none
  };
  std::array<Flag, option_count> flags_;
};

/// "--key-size-max" for an option.
std::string flag_name(const OptionInfo& option);

/// "--key-max" for an option, or empty where it has no alias.
std::string flag_alias(const OptionInfo& option);

/// The option behind "--key-size-max" or its alias, or null where there is none.
const OptionInfo* option_of_flag(const std::string& name);

/// Makes --help fit 80 columns, with the names of an option on one line.
void set_up_help(CLI::App& app);

/// Adds --man, which prints the manual page as --help prints the help. After set_up_help().
void set_up_man(CLI::App& app);

/// After CLI::ExtrasError: "unknown flag '--kyes'; did you mean '--keys'?" for the first
/// argument that `app` did not expect, or empty when there was none.
std::string unknown_flag_message(const CLI::App& app);

}  // namespace kv
