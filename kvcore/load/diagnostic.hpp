// Diagnostics: what is wrong with a config, where, and what would mend it.
//
//     cache.toml:3:10: error: unknown unit 'mb' in memory.budget; did you mean 'MB'? [size]
//         3 | budget = "512mb"
//           |          ^~~~~~~
//
// Nothing from a file reaches the terminal unescaped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvcore/plan/validate.hpp"

namespace kv {

/// A place in a file, or a flag, or neither.
struct Place {
  std::string file;         ///< as given on the command line; "<stdin>"; empty for a flag
  uint32_t line = 0;        ///< from 1; 0 when the file as a whole is meant
  uint32_t column = 0;      ///< from 1, in bytes
  uint32_t length = 1;      ///< bytes to underline
  std::string source_line;  ///< the text around the place, for the caret: a long line is cut
  uint32_t caret = 0;       ///< bytes of source_line before the first that is underlined
  std::string flag;         ///< "--key-max 10", when the value came from a flag
};

struct Diagnostic {
  Rule rule;
  Severity severity = Severity::error;
  Place place;
  std::string message;  ///< one sentence, no full stop; names the value and the limit
  std::string hint;     ///< what would mend it, or empty
};

using Diagnostics = std::vector<Diagnostic>;

bool has_errors(const Diagnostics& diagnostics);

/// The diagnostic as text, with the source line and a caret, ending in a newline. The hint
/// follows the message behind a semicolon.
std::string render(const Diagnostic& diagnostic, bool color);

/// The known word nearest to `word`, or empty when none is close (Damerau-Levenshtein, at
/// most a third of the letters wrong).
std::string nearest(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace kv
