#include "kvcore/load/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "kvcore/load/words.hpp"

namespace kv {

namespace {

using words::did_you_mean;
using words::in_quotes;

/// Mistakes that are worth reading; behind them, a file is not a config.
constexpr uint64_t mistakes_max = 200;

const OptionInfo* find_option(std::string_view section, std::string_view name) {
  for (const OptionInfo& option : options) {
    if (option.section() == section && option.key_in_section() == name) return &option;
  }
  return nullptr;
}

std::string_view kind_name(const FileValue& value, FileFormat format) {
  switch (value.kind) {
    case FileValue::Kind::integer:
      return "a number";
    case FileValue::Kind::fraction:
      return "a floating-point number";
    case FileValue::Kind::text:
      return "a string";
    case FileValue::Kind::boolean:
      return "a boolean";
    case FileValue::Kind::table:
      return format == FileFormat::toml ? "a table" : "an object";
    case FileValue::Kind::array:
      return "an array";
    case FileValue::Kind::date:
      return "a date or time";
    case FileValue::Kind::null:
      break;
  }
  return "null";
}

std::string wanted_type(const OptionInfo& option) {
  switch (option.kind) {
    case OptionKind::count:
      return "a whole number";
    case OptionKind::bytes:
      return "a whole number of bytes or a string such as \"64MiB\"";
    case OptionKind::milliseconds:
      return "a whole number of milliseconds or a string such as \"30s\"";
    case OptionKind::toggle:
      return "true or false";
    case OptionKind::text:
    case OptionKind::secret:
      return "a string";
    case OptionKind::choice:
      break;
  }
  std::string words;
  for (uint64_t i = 0; i <= option.maximum; ++i) {
    words += i == 0 ? "" : i == option.maximum ? " or " : ", ";
    words += fmt::format("\"{}\"", choice_word(option, i));
  }
  return words;
}

/// "1e3" as "write 1000", where a double holds the number exactly, else empty.
std::string without_exponent(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
  const double value = std::strtod(text.c_str(), nullptr);
  constexpr double exact_max = 9007199254740992.0;  // 2^53
  if (!(value >= 0 && value < exact_max)) return {};
  const auto whole = static_cast<uint64_t>(value);
  return static_cast<double>(whole) == value ? fmt::format("write {}", whole) : std::string();
}

/// Whether an option takes a value of this kind; strings and integers are then parsed.
bool accepts(OptionKind option, FileValue::Kind value) {
  const bool numeric = option == OptionKind::count || option == OptionKind::bytes ||
                       option == OptionKind::milliseconds;
  switch (value) {
    case FileValue::Kind::text:
      return true;
    case FileValue::Kind::integer:
      return numeric;
    case FileValue::Kind::boolean:
      return option == OptionKind::toggle;
    default:
      return false;
  }
}

}  // namespace

Document::Document(const Source& source, FileFormat format, Settings& settings, Diagnostics& out)
    : source_(source), format_(format), settings_(settings), out_(out), first_(out.size()) {}

bool Document::is_section(std::string_view name) const {
  return !name.empty() &&
         std::any_of(options.begin(), options.end(),
                     [&](const OptionInfo& option) { return option.section() == name; });
}

bool Document::is_option(std::string_view top_level_name) const {
  return find_option("", top_level_name) != nullptr;
}

void Document::value(std::string_view section, std::string_view name, const Place& key,
                     const FileValue& value, const Place& place) {
  const OptionInfo* option = find_option(section, name);
  if (!option && section.empty() && is_section(name)) {
    error(Rule::wrong_type, place,
          fmt::format("{} is a section and must be {}, not {}", name,
                      kind_name({FileValue::Kind::table, {}}, format_), kind_name(value, format_)));
    return;
  }
  if (!option) {
    unknown_key(section, name, key);
    return;
  }
  bool& seen = seen_[static_cast<uint64_t>(option->id)];
  if (seen) {
    duplicate(section, name, key);
    return;
  }
  seen = true;
  if (!accepts(option->kind, value.kind)) {
    wrong_type(*option, value, place);
    return;
  }
  if (full_) return;
  set_from_text(option->id, value.text, place, settings_, out_);
}

void Document::wrong_type(const OptionInfo& option, const FileValue& value, const Place& place) {
  if (value.kind == FileValue::Kind::fraction && accepts(option.kind, FileValue::Kind::integer)) {
    error(Rule::bad_number, place,
          fmt::format("{} is the floating-point number {} but must be a whole number", option.key,
                      value.text),
          without_exponent(value.text));
    return;
  }
  error(Rule::wrong_type, place,
        fmt::format("{} must be {}, not {}", option.key, wanted_type(option),
                    kind_name(value, format_)));
}

void Document::unknown_section(std::string_view name, const Place& key) {
  std::vector<std::string_view> known;
  for (const OptionInfo& option : options) {
    if (!option.section().empty()) known.push_back(option.section());
  }
  error(Rule::unknown_key, key, fmt::format("unknown section {}", in_quotes(name)),
        did_you_mean(nearest(name, known)));
}

void Document::unknown_key(std::string_view section, std::string_view name, const Place& key) {
  std::string message = fmt::format("unknown key {}", in_quotes(name));
  if (!section.empty()) message += fmt::format(" in section '{}'", section);

  std::vector<std::string_view> here;
  for (const OptionInfo& option : options) {
    const bool same_name = option.key_in_section() == name;
    if (same_name && option.section().empty()) {
      error(Rule::unknown_key, key, message,
            format_ == FileFormat::toml ? "it belongs above the first section"
                                        : "it belongs to the outermost object");
      return;
    }
    if (same_name || (section.empty() && option.key == name)) {
      error(Rule::unknown_key, key, message,
            fmt::format("'{}' belongs to section '{}'", option.key_in_section(), option.section()));
      return;
    }
    if (!option.alias.empty() && option.alias == name && option.section() == section) {
      error(Rule::unknown_key, key, message, did_you_mean(option.key_in_section()));
      return;
    }
    if (option.section() == section) here.push_back(option.key_in_section());
  }
  std::string near = nearest(name, here);
  if (near.empty()) {  // perhaps it is misspelt and in the wrong section
    std::vector<std::string_view> all;
    for (const OptionInfo& option : options) all.push_back(option.key_in_section());
    const std::string elsewhere = nearest(name, all);
    for (const OptionInfo& option : options) {
      if (!elsewhere.empty() && option.key_in_section() == elsewhere) near = option.key;
    }
  }
  error(Rule::unknown_key, key, message, did_you_mean(near));
}

void Document::duplicate(std::string_view section, std::string_view name, const Place& key) {
  const std::string_view dot = section.empty() ? "" : ".";
  error(Rule::duplicate_key, key,
        fmt::format("{} is given twice", in_quotes(fmt::format("{}{}{}", section, dot, name))));
}

void Document::error(Rule rule, const Place& place, std::string message, std::string hint) {
  if (full_) return;
  full_ = out_.size() - first_ + 1 >= mistakes_max;
  if (full_) hint = "too many mistakes, the rest of the file was not read";
  out_.push_back({rule, Severity::error, place, std::move(message), std::move(hint)});
}

bool Document::finish() {
  std::stable_sort(out_.begin() + static_cast<std::ptrdiff_t>(first_), out_.end(),
                   [](const Diagnostic& a, const Diagnostic& b) {
                     return std::pair(a.place.line, a.place.column) <
                            std::pair(b.place.line, b.place.column);
                   });
  return out_.size() == first_;
}

}  // namespace kv
