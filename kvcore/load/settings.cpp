#include "kvcore/load/settings.hpp"

#include <arpa/inet.h>

#include <fmt/format.h>

#include <algorithm>

#include "kvcore/load/bounds.hpp"
#include "kvcore/load/words.hpp"
#include "kvcore/plan/addresses.hpp"
#include "kvcore/plan/size.hpp"

namespace kv {

namespace {

using words::did_you_mean;
using words::exact_size;
using words::grouped;
using words::in_quotes;
using words::plain_or_quoted;

/// A value that was parsed, or what is wrong with it.
struct Parsed {
  bool ok = false;
  uint64_t value = 0;
  Rule rule = Rule::bad_number;
  std::string message;
  std::string hint;
};

Parsed parsed(uint64_t value) { return {true, value, Rule::bad_number, {}, {}}; }

Parsed rejected(Rule rule, std::string message, std::string hint = {}) {
  return {false, 0, rule, std::move(message), std::move(hint)};
}

Parsed parse_kind(const OptionInfo& option, std::string_view text);
Parsed parse_number_of(const OptionInfo& option, std::string_view text);
Parsed parse_bytes_of(const OptionInfo& option, std::string_view text);
Parsed parse_milliseconds_of(const OptionInfo& option, std::string_view text);
Parsed parse_toggle_of(const OptionInfo& option, std::string_view text);
Parsed parse_choice_of(const OptionInfo& option, std::string_view text);
Parsed check_address(const OptionInfo& option, std::string_view text);
Parsed too_large(const OptionInfo& option, std::string_view text);

/// A sign or too many digits are errors of the bounds, whatever the kind of number.
bool is_negative(std::string_view text) {
  return text.size() > 1 && text[0] == '-' && detail::is_digit(text[1]);
}

Parsed parse(const OptionInfo& option, std::string_view text) {
  const bool numeric = option.kind == OptionKind::count || option.kind == OptionKind::bytes ||
                       option.kind == OptionKind::milliseconds;
  if (numeric && is_negative(text)) {
    return rejected(Rule::below_minimum, below_minimum_message(option, plain_or_quoted(text)));
  }
  Parsed result = parse_kind(option, text);
  const bool is_unset = numeric && result.ok && result.value == unset;
  return is_unset ? too_large(option, text) : result;  // `unset` stands for "not given"
}

Parsed parse_kind(const OptionInfo& option, std::string_view text) {
  switch (option.kind) {
    case OptionKind::count:
      return parse_number_of(option, text);
    case OptionKind::bytes:
      return parse_bytes_of(option, text);
    case OptionKind::milliseconds:
      return parse_milliseconds_of(option, text);
    case OptionKind::toggle:
      return parse_toggle_of(option, text);
    case OptionKind::choice:
      return parse_choice_of(option, text);
    case OptionKind::text:
    case OptionKind::secret:
      break;
  }
  return option.id == Option::server_address ? check_address(option, text) : parsed(0);
}

Parsed too_large(const OptionInfo& option, std::string_view text) {
  return rejected(Rule::above_maximum, above_maximum_message(option, plain_or_quoted(text)),
                  maximum_hint(option));
}

Parsed parse_number_of(const OptionInfo& option, std::string_view text) {
  const SizeResult result = parse_count(text);
  if (result.ok()) return parsed(result.value);
  if (result.error == SizeError::overflow) return too_large(option, text);
  const bool unit =
      result.error == SizeError::unknown_unit && parse_size(text).error != SizeError::unknown_unit;
  return rejected(Rule::bad_number,
                  fmt::format("{} is {} but must be a whole number", option.key, in_quotes(text)),
                  unit ? "a count has no unit" : "");
}

/// "1.5GiB" as "1536MiB", where it is a whole number of bytes, else empty.
std::string without_fraction(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return {};
  std::string_view rest = text.substr(dot + 1);
  const auto digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  constexpr uint64_t digits_max = 6;
  const SizeResult whole = parse_count(text.substr(0, dot));
  const SizeResult part = parse_count(rest.substr(0, digits));
  const SizeResult unit = parse_size("1" + std::string(rest.substr(digits)));
  if (digits > digits_max || !whole.ok() || !part.ok() || !unit.ok()) return {};
  uint64_t tenths = 1;
  for (uint64_t i = 0; i < digits; ++i) tenths *= 10;
  uint64_t bytes = 0;
  uint64_t part_bytes = 0;
  if (__builtin_mul_overflow(whole.value, unit.value, &bytes) ||
      __builtin_mul_overflow(part.value, unit.value, &part_bytes) || part_bytes % tenths != 0 ||
      __builtin_add_overflow(bytes, part_bytes / tenths, &bytes)) {
    return {};
  }
  return "write " + exact_size(bytes);
}

Parsed bad_unit(const OptionInfo& option, std::string_view text, std::string_view unit) {
  const std::string_view number = text.substr(0, text.find_first_not_of("0123456789_"));
  if (unit.size() == 1 && detail::is_ambiguous_unit(unit)) {
    const bool kilo = unit == "k" || unit == "K";
    const char letter = static_cast<char>(unit[0] & ~0x20);
    const std::string decimal = kilo ? std::string("kB") : std::string(1, letter) + "B";
    return rejected(Rule::bad_size,
                    fmt::format("{} in {} is ambiguous: to some programs '{}' is a power of 1000, "
                                "to others of 1024",
                                in_quotes(text), option.key, unit),
                    fmt::format("write {}{}iB or {}{}", number, letter, number, decimal));
  }
  const std::string_view suggestion = suggest_unit(unit);
  return rejected(Rule::bad_size, fmt::format("unknown unit {} in {}", in_quotes(unit), option.key),
                  suggestion.empty() ? "use B, KiB, MiB, GiB, TiB, kB, MB, GB or TB"
                                     : did_you_mean(suggestion));
}

Parsed parse_bytes_of(const OptionInfo& option, std::string_view text) {
  const SizeResult result = parse_size(text);
  switch (result.error) {
    case SizeError::none:
      return parsed(result.value);
    case SizeError::overflow:
      return too_large(option, text);
    case SizeError::ambiguous_unit:
    case SizeError::unknown_unit:
      return bad_unit(option, text, result.unit);
    case SizeError::fraction:
      return rejected(
          Rule::bad_size,
          fmt::format("{} is {} but must be a whole number of bytes, KiB, MB or another unit",
                      option.key, in_quotes(text)),
          without_fraction(text));
    case SizeError::empty:
    case SizeError::not_a_number:
      break;
  }
  return rejected(Rule::bad_size, fmt::format("{} is {} but must be a size such as 4096 or 64MiB",
                                              option.key, in_quotes(text)));
}

Parsed parse_milliseconds_of(const OptionInfo& option, std::string_view text) {
  std::string_view unit = text;
  const SizeResult digits = detail::parse_digits(unit);
  if (digits.error == SizeError::overflow) return too_large(option, text);
  if (!digits.ok() || (!unit.empty() && (unit[0] == '.' || unit[0] == ','))) {
    return rejected(
        Rule::bad_number,
        fmt::format("{} is {} but must be a whole number of milliseconds, or a time such as 30s",
                    option.key, in_quotes(text)));
  }
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  constexpr std::pair<std::string_view, uint64_t> units[] = {
      {"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
  for (const auto& [name, milliseconds] : units) {
    if (name != unit) continue;
    uint64_t value = 0;
    if (__builtin_mul_overflow(digits.value, milliseconds, &value)) return too_large(option, text);
    return parsed(value);
  }
  return rejected(Rule::bad_number,
                  fmt::format("unknown unit {} in {}", in_quotes(unit), option.key),
                  "use ms, s, m, h or d");
}

Parsed parse_toggle_of(const OptionInfo& option, std::string_view text) {
  if (text == "on" || text == "true") return parsed(1);
  if (text == "off" || text == "false") return parsed(0);
  constexpr std::string_view meaning_on[] = {"yes", "1", "On", "ON", "True", "TRUE", "enabled"};
  constexpr std::string_view meaning_off[] = {"no",    "0",     "Off",     "OFF",
                                              "False", "FALSE", "disabled"};
  std::string suggestion;
  if (std::find(std::begin(meaning_on), std::end(meaning_on), text) != std::end(meaning_on)) {
    suggestion = "on";
  } else if (std::find(std::begin(meaning_off), std::end(meaning_off), text) !=
             std::end(meaning_off)) {
    suggestion = "off";
  }
  return rejected(Rule::bad_choice,
                  fmt::format("{} is {} but must be on or off", option.key, in_quotes(text)),
                  did_you_mean(suggestion));
}

Parsed parse_choice_of(const OptionInfo& option, std::string_view text) {
  const uint64_t index = choice_index(option, text);
  if (index != unset) return parsed(index);
  std::vector<std::string_view> words;
  std::string list;
  for (uint64_t i = 0; i <= option.maximum; ++i) {
    words.push_back(choice_word(option, i));
    list += i == 0 ? "" : i == option.maximum ? " or " : ", ";
    list += words.back();
  }
  return rejected(Rule::bad_choice,
                  fmt::format("{} is {} but must be {}", option.key, in_quotes(text), list),
                  did_you_mean(nearest(text, words)));
}

bool is_address(std::string_view text) {
  unsigned char bytes[sizeof(in6_addr)];
  const std::string copy(text);
  if (copy.find('\0') != std::string::npos) return false;
  return inet_pton(AF_INET, copy.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, copy.c_str(), bytes) == 1;
}

/// One address; `server.address` may hold several.
Parsed check_one_address(const OptionInfo& option, std::string_view text) {
  if (is_address(text)) return parsed(0);
  std::string hint;
  const auto colon = text.rfind(':');
  if (text == "localhost") {
    hint = "write 127.0.0.1 or ::1";
  } else if (text == "*" || text.empty()) {
    hint = "0.0.0.0 listens on every interface";
  } else if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    hint = "write it without brackets";
  } else if (colon != std::string_view::npos && is_address(text.substr(0, colon))) {
    hint =
        fmt::format("the port is an option of its own, {}", option_info(Option::server_port).key);
  }
  return rejected(Rule::bad_address,
                  fmt::format("{} is {} but must be an IPv4 or IPv6 address in numbers", option.key,
                              in_quotes(text)),
                  hint);
}

Parsed check_address(const OptionInfo& option, std::string_view text) {
  uint64_t count = 0;
  for (const std::string_view address : AddressList(text)) {
    const Parsed result = check_one_address(option, address);
    if (!result.ok) return result;
    if (++count <= listen_addresses_max) continue;
    return rejected(Rule::bad_address,
                    fmt::format("{} has more than {} addresses", option.key, listen_addresses_max));
  }
  return count > 0 ? parsed(0) : check_one_address(option, text);
}

}  // namespace

Settings::Settings() {
  for (const ComputedInfo& computed : computed_options) {
    origin(computed.option).kind = Origin::Kind::computed;
  }
}

std::string describe(const Origin& origin) {
  switch (origin.kind) {
    case Origin::Kind::default_value:
      return "default";
    case Origin::Kind::computed:
      return "computed";
    case Origin::Kind::file:
      return fmt::format("{}:{}", origin.place.file, origin.place.line);
    case Origin::Kind::flag:
      break;
  }
  return origin.place.flag.substr(0, origin.place.flag.find(' '));
}

bool set_from_text(Option id, std::string_view text, const Place& place, Settings& settings,
                   Diagnostics& out) {
  const OptionInfo& option = option_info(id);
  Parsed result = parse(option, text);
  if (result.ok && option.is_text() && text.size() > Text::bytes_max) {
    result = rejected(Rule::above_maximum,
                      above_maximum_message(option, grouped(text.size()) + " bytes long"));
  }
  if (!result.ok) {
    out.push_back(
        {result.rule, Severity::error, place, std::move(result.message), std::move(result.hint)});
    return false;
  }
  if (option.is_text()) {
    settings.config.*option.text = Text(text);
  } else {
    number(settings.config, id) = result.value;
  }
  settings.origin(id) = {place.flag.empty() ? Origin::Kind::file : Origin::Kind::flag, place};
  return true;
}

}  // namespace kv
