// The one source that includes toml++. Debian's package also has a shared library, which a
// static kvd cannot link: the headers are compiled here instead.
//
// toml++ 3.3 has assertions that a hostile file can reach ("[$]" is one), and a release build
// with clang assumes that they hold. Here they are checked in every build: the one whose
// failure the parser goes on to report by itself lets it do so, any other ends the parse.
#include <stdexcept>
#include <string_view>

namespace {

struct toml_assertion : std::logic_error {
  using std::logic_error::logic_error;
};

void toml_assertion_failed(const char* expression) {
  constexpr std::string_view reported = "is_bare_key_character(*cp) || is_string_delimiter(*cp)";
  if (expression != reported) throw toml_assertion(expression);
}

}  // namespace

#undef NDEBUG
#define TOML_ASSERT(expression) ((expression) ? void() : toml_assertion_failed(#expression))
#undef TOML_SHARED_LIB
#undef TOML_HEADER_ONLY
#define TOML_SHARED_LIB 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 8  // a config needs one; tables are destroyed by recursion
#include <toml++/toml.h>

#include <algorithm>

#include <fmt/format.h>

#include "kvcore/load/document.hpp"
#include "kvcore/load/words.hpp"

namespace kv {

namespace {

using words::grouped;
using words::in_quotes;

/// Each part of a dotted key is a table in a table, which toml++ destroys by recursion: this
/// bound, for each of the nested values, keeps a hostile file from the end of the stack.
constexpr uint64_t dots_in_line_max = 256;

Place place_of(const Source& source, const toml::source_region& region) {
  const uint64_t begin = source.offset(region.begin.line, region.begin.column);
  const uint64_t end = source.offset(region.end.line, region.end.column);
  return source.place(begin, end);
}

FileValue value_of(const Source& source, const toml::node& node) {
  using Kind = FileValue::Kind;
  if (const auto* integer = node.as_integer()) {
    return {Kind::integer, std::to_string(integer->get())};
  }
  if (node.is_floating_point()) {
    const uint64_t begin = source.offset(node.source().begin.line, node.source().begin.column);
    const uint64_t end = source.offset(node.source().end.line, node.source().end.column);
    return {Kind::fraction, std::string(source.text().substr(begin, end - begin))};
  }
  if (const auto* text = node.as_string()) return {Kind::text, text->get()};
  if (const auto* boolean = node.as_boolean()) {
    return {Kind::boolean, boolean->get() ? "true" : "false"};
  }
  if (node.is_table()) return {Kind::table, {}};
  return {node.is_array() ? Kind::array : Kind::date, {}};
}

/// The value in `[table.header]` form has the region of the header, which reads well too.
void read_table(Document& document, std::string_view section, const toml::table& table) {
  const Source& source = document.source();
  for (const auto& [key, node] : table) {
    if (document.full()) return;
    const Place key_place = place_of(source, key.source());
    const toml::table* inner = node.as_table();
    if (inner && section.empty() && document.is_section(key.str())) {
      read_table(document, key.str(), *inner);
    } else if (inner && section.empty() && !document.is_option(key.str())) {
      document.unknown_section(key.str(), key_place);
    } else {
      document.value(section, key.str(), key_place, value_of(source, node),
                     inner ? key_place : place_of(source, node.source()));
    }
  }
}

/// toml++ points at the value of a key that is given twice; the key itself stands before it.
Place key_before(const Source& source, uint64_t at) {
  const std::string_view text = source.text();
  const auto equals = at == 0 ? std::string_view::npos : text.rfind('=', at - 1);
  if (equals == std::string_view::npos || equals == 0) return source.place(at, at + 1);
  const auto last = text.find_last_not_of(" \t", equals - 1);
  if (last == std::string_view::npos) return source.place(at, at + 1);
  const auto before = text.find_last_of(" \t\n,{", last);
  return source.place(before == std::string_view::npos ? 0 : before + 1, last + 1);
}

/// Whether the failure is that a key or section is there already; then it is reported.
bool report_duplicate(Document& document, std::string_view what, uint64_t at) {
  const Source& source = document.source();
  const auto found = what.find("cannot redefine existing ");
  if (found == std::string_view::npos) return false;
  const auto open = what.find('\'', found);
  const auto close = what.find('\'', open + 1);
  const bool named = open != std::string_view::npos && close != std::string_view::npos;
  const bool header = at < source.text().size() && source.text()[at] == '[';
  const auto header_end = source.text().find(']', at);
  document.error(
      Rule::duplicate_key, header ? source.place(at, header_end + 1) : key_before(source, at),
      named ? fmt::format("{} is given twice", in_quotes(what.substr(open + 1, close - open - 1)))
            : std::string("a section is given twice"));
  return true;
}

/// Whether the failure is a number beyond 64 bits, which stands before `at`.
bool report_large_number(Document& document, std::string_view what, uint64_t at) {
  const auto end = what.find("' is not representable in 64 bits");
  if (end == std::string_view::npos) return false;
  const auto begin = what.rfind('\'', end - 1) + 1;
  const uint64_t digits = std::min<uint64_t>(end - begin, at);
  document.error(Rule::bad_number, document.source().place(at - digits, at),
                 fmt::format("{} is beyond 64 bits", what.substr(begin, end - begin)));
  return true;
}

/// toml++ reads ahead, so its place of invalid UTF-8 is not exact.
bool report_invalid_utf8(Document& document, std::string_view what) {
  if (what.find("utf-8") == std::string_view::npos) return false;
  const uint64_t at = document.source().invalid_utf8();
  document.error(Rule::syntax, document.source().place(at, at + 1), "not valid UTF-8");
  return true;
}

void report(Document& document, const toml::parse_error& failure) {
  const Source& source = document.source();
  const toml::source_position begin = failure.source().begin;
  const uint64_t at = source.offset(begin.line, begin.column);
  const std::string_view what = failure.description();
  if (report_duplicate(document, what, at) || report_large_number(document, what, at) ||
      report_invalid_utf8(document, what)) {
    return;
  }
  constexpr std::string_view prefix = "Error while parsing ";
  std::string message(what);
  if (what.substr(0, prefix.size()) == prefix) {
    message = fmt::format("cannot parse {}", what.substr(prefix.size()));
  }
  document.error(Rule::syntax, source.place(at, at + 1), message);
}

/// Comment lines may hold any number of dots.
bool dots_within_bounds(Document& document) {
  const std::string_view text = document.source().text();
  for (uint64_t begin = 0; begin < text.size();) {
    const uint64_t end = std::min<uint64_t>(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    const auto first = line.find_first_not_of(" \t");
    const auto dots = static_cast<uint64_t>(std::count(line.begin(), line.end(), '.'));
    if (dots > dots_in_line_max && line[first] != '#') {
      document.error(Rule::syntax, document.source().place(begin + first, begin + first + 1),
                     fmt::format("the line has {} dots but may have at most {}", grouped(dots),
                                 dots_in_line_max));
      return false;
    }
    begin = end + 1;
  }
  return true;
}

}  // namespace

void read_toml(Document& document) {
  if (!dots_within_bounds(document)) return;
  try {
    const toml::table root = toml::parse(document.source().text());
    read_table(document, "", root);
  } catch (const toml::parse_error& failure) {
    report(document, failure);
  } catch (const toml_assertion&) {
    document.error(Rule::syntax, document.source().whole(), "not valid TOML");
  }
}

}  // namespace kv
