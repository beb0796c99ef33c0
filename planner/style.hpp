// The few terminal styles that kvplan uses: bold sums, dim signs, bars in cyan.
// Without colour a styled text is the text itself, so nothing is told by colour alone.
#pragma once

#include <string>
#include <string_view>

namespace kv {

enum class Style { plain, bold, dim, accent };

inline std::string styled(std::string_view text, Style style, bool color) {
  if (!color || style == Style::plain || text.empty()) return std::string(text);
  const std::string_view begin = style == Style::bold  ? "\x1b[1m"
                                 : style == Style::dim ? "\x1b[2m"
                                                       : "\x1b[36m";
  std::string out(begin);
  out += text;
  out += "\x1b[0m";
  return out;
}

}  // namespace kv
