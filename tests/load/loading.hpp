// What the tests of the loaders share: texts in, rendered errors out, so that a test compares
// whole messages.
#pragma once

#include <string>
#include <string_view>

#include "kvcore/load/settings.hpp"

namespace kv {

/// Every diagnostic as it is printed, one after the other.
inline std::string rendered(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) text += render(diagnostic, /*color=*/false);
  return text;
}

inline std::string toml_errors(std::string_view text) {
  Settings settings;
  Diagnostics out;
  load_text(text, FileFormat::toml, "a.toml", settings, out);
  return rendered(out);
}

inline std::string json_errors(std::string_view text) {
  Settings settings;
  Diagnostics out;
  load_text(text, FileFormat::json, "a.json", settings, out);
  return rendered(out);
}

}  // namespace kv
