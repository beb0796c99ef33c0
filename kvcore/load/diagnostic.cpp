#include "kvcore/load/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kvcore/load/words.hpp"

namespace kv {

namespace {

constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view red = "\x1b[1;31m";
constexpr std::string_view magenta = "\x1b[1;35m";
constexpr std::string_view plain = "\x1b[0m";

constexpr uint64_t tab_columns = 8;

/// A source line as columns of a terminal.
struct Columns {
  std::string text;
  uint64_t caret = 0;       ///< columns before the underlined part
  uint64_t underline = 0;   ///< columns of the underlined part
  uint64_t text_begin = 0;  ///< bytes of `text` before the underlined part
  uint64_t text_end = 0;
};

/// Expands tabs, and stands '?' for what a terminal must not see.
Columns columns_of(const Place& place) {
  Columns out;
  const std::string_view line = place.source_line;
  const uint64_t begin = std::min<uint64_t>(place.caret, line.size());
  const uint64_t end = std::min<uint64_t>(begin + place.length, line.size());
  uint64_t column = 0;
  uint64_t end_column = 0;
  for (uint64_t i = 0; i <= line.size();) {
    if (i <= begin) {
      out.caret = column;
      out.text_begin = out.text.size();
    }
    if (i <= end) {
      end_column = column;
      out.text_end = out.text.size();
    }
    if (i == line.size()) break;
    const uint64_t bytes = words::sequence_bytes(line.substr(i));
    const uint64_t printable = words::printable_bytes(line.substr(i));
    if (line[i] == '\t') {
      const uint64_t spaces = tab_columns - column % tab_columns;
      out.text.append(spaces, ' ');
      column += spaces;
    } else {
      out.text += printable > 0 ? line.substr(i, printable) : "?";
      column += 1;
    }
    i += std::max<uint64_t>(bytes, 1);
  }
  out.underline = std::max<uint64_t>(end_column - out.caret, 1);
  return out;
}

std::string source_lines(const Place& place, std::string_view on, std::string_view off) {
  const Columns line = columns_of(place);
  const uint64_t begin = line.text_begin;
  const uint64_t end = std::max(line.text_end, begin);
  return fmt::format("{:>5} | {}{}{}{}{}\n      | {}{}^{}{}\n", place.line,
                     line.text.substr(0, begin), on, line.text.substr(begin, end - begin), off,
                     line.text.substr(end), std::string(line.caret, ' '), on,
                     std::string(line.underline - 1, '~'), off);
}

/// Edits between two words: insert, delete, replace, swap neighbours.
uint64_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<uint64_t>> edits(a.size() + 1, std::vector<uint64_t>(b.size() + 1));
  for (uint64_t i = 0; i <= a.size(); ++i) {
    for (uint64_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        edits[i][j] = i + j;
        continue;
      }
      const uint64_t replace = edits[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      edits[i][j] = std::min({replace, edits[i - 1][j] + 1, edits[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        edits[i][j] = std::min(edits[i][j], edits[i - 2][j - 2] + 1);
      }
    }
  }
  return edits[a.size()][b.size()];
}

}  // namespace

bool has_errors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::error; });
}

std::string render(const Diagnostic& diagnostic, bool color) {
  const Place& place = diagnostic.place;
  const bool error = diagnostic.severity == Severity::error;
  const std::string_view accent = !color ? "" : error ? red : magenta;
  const std::string_view strong = color ? bold : "";
  const std::string_view off = color ? plain : "";

  std::string where = place.flag.empty() ? place.file : place.flag;
  if (place.flag.empty() && place.line > 0) {
    where += fmt::format(":{}:{}", place.line, place.column);
  }
  std::string out;
  if (!where.empty()) out += fmt::format("{}{}:{} ", strong, where, off);
  out += fmt::format("{}{}:{} {}", accent, error ? "error" : "warning", off, diagnostic.message);
  if (!diagnostic.hint.empty()) out += "; " + diagnostic.hint;
  out += fmt::format(" [{}]\n", rule_info(diagnostic.rule).name);
  if (place.line > 0 && place.flag.empty()) out += source_lines(place, accent, off);
  return out;
}

std::string nearest(std::string_view word, const std::vector<std::string_view>& known) {
  constexpr uint64_t compared_bytes_max = 64;
  if (word.size() > compared_bytes_max) return {};
  std::string_view best;
  uint64_t best_edits = UINT64_MAX;
  for (const std::string_view candidate : known) {
    const uint64_t edits = edit_distance(word, candidate);
    if (edits * 3 > std::max(word.size(), candidate.size()) || edits >= best_edits) continue;
    best = candidate;
    best_edits = edits;
  }
  return std::string(best);
}

}  // namespace kv
