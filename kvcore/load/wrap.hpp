// Text as lines of a terminal or a page: how wide it is shown, and where it is broken. Words are
// never cut; no bytes are kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kv {

/// Columns that `text` takes on a terminal: its code points.
uint64_t display_width(std::string_view text);

/// `text` broken at spaces into lines of at most `width` columns, each with `indent` spaces and an
/// end. A longer word has a line of its own. REQUIRES: indent < width.
std::string wrap(std::string_view text, uint64_t indent, uint64_t width);

}  // namespace kv
