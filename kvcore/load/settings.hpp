// Settings: a Config together with where each of its values came from.
//
//   Settings settings;                       every option at its default
//   load_file("cache.toml", settings, out);  options that the file gives
//   flags.apply(settings, out);              options that flags give; they win
//   check(settings, out);                    every rule of validate.hpp, with its place
//   advise(settings, allocation, out);       warnings about a valid config
//
// An option whose value is wrong keeps the value it had.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "kvcore/load/diagnostic.hpp"
#include "kvcore/plan/config.hpp"
#include "kvcore/plan/options.hpp"

namespace kv {

struct Origin {
  enum class Kind : uint8_t { default_value, computed, file, flag };
  Kind kind = Kind::default_value;
  Place place;  ///< for file and flag
};

struct Settings {
  Config config;
  std::array<Origin, option_count> origins;

  /// Every option at its default; those that plan() fills in are marked as computed.
  Settings();

  Origin& origin(Option id) { return origins[static_cast<uint64_t>(id)]; }
  const Origin& origin(Option id) const { return origins[static_cast<uint64_t>(id)]; }
};

/// "default", "cache.toml:3", "--keys", "computed".
std::string describe(const Origin& origin);

enum class FileFormat { toml, json };

/// Reads `path` ("-" is standard input) into `settings`. The format follows from the
/// extension (.toml, .json), else from the content: a first byte of '{' is JSON. Every
/// mistake is added to `out`; a file that cannot be read, or is larger than 16 MiB, gives
/// Rule::unreadable. Returns whether nothing was added. Never throws.
bool load_file(const std::string& path, Settings& settings, Diagnostics& out);

/// The format that load_file() would take for this path and content.
FileFormat format_of(std::string_view path, std::string_view text);

/// Config files are at most this large.
constexpr uint64_t file_bytes_max = 16 * mebibyte;

/// The same for text at hand; `name` stands in diagnostics.
bool load_text(std::string_view text, FileFormat format, const std::string& name,
               Settings& settings, Diagnostics& out);

/// Parses one value as a flag or a string in a file gives it, and sets the option. The
/// diagnostic, if any, points at `place`. Returns whether it was set.
///
/// count: digits, grouped by '_' at will. bytes: the same with a unit of size.hpp.
/// milliseconds: the same with ms, s, m, h or d. toggle: on, off, true, false.
bool set_from_text(Option id, std::string_view text, const Place& place, Settings& settings,
                   Diagnostics& out);

/// Runs validate() and adds a diagnostic for each violation, at the place of its option.
/// Returns whether nothing was added.
bool check(const Settings& settings, Diagnostics& out);

/// Adds a warning for everything that is valid but hardly meant (plan/advise.hpp), at the place
/// of its option. REQUIRES: `allocation` is of these settings, which check() found valid.
void advise(const Settings& settings, const Allocation& allocation, Diagnostics& out);

}  // namespace kv
