// The option table as data: everything that flags, loaders, validation, help, schema and
// docs need to know about an option, generated from options.def.
//
//   for (const OptionInfo& option : options) …            all rows, in table order
//   option_info(Option::key_count).maximum                one row
//   number(config, Option::key_count) = 5                 the field behind a row
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "kvcore/plan/config.hpp"
#include "kvcore/plan/option_id.hpp"

namespace kv {

enum class OptionKind : uint8_t { count, bytes, milliseconds, toggle, choice, text, secret };

struct OptionInfo {
  Option id;
  std::string_view name;   ///< C++ field and, with '-' for '_', the flag
  std::string_view key;    ///< path in TOML and JSON
  std::string_view alias;  ///< shorter flag without dashes, or empty
  OptionKind kind;
  uint64_t Config::*number;       ///< null for a text
  Text Config::*text;             ///< null for a number
  std::string_view default_text;  ///< for help when the default is unset
  uint64_t minimum;               ///< of the number, or of a text's length in bytes
  uint64_t maximum;
  uint64_t multiple_of;
  std::string_view choices;  ///< words separated by '|'
  std::string_view help;
  std::string_view explanation;

  /// "memory" for memory.budget, empty for an option of the top level.
  constexpr std::string_view section() const {
    const auto dot = key.find('.');
    return dot == std::string_view::npos ? std::string_view() : key.substr(0, dot);
  }
  constexpr std::string_view key_in_section() const {
    const auto dot = key.find('.');
    return dot == std::string_view::npos ? key : key.substr(dot + 1);
  }
  constexpr bool is_text() const { return kind == OptionKind::text || is_secret(); }
  constexpr bool is_secret() const { return kind == OptionKind::secret; }
};

namespace detail {
constexpr uint64_t Config::*number_of(uint64_t Config::*member) { return member; }
constexpr uint64_t Config::*number_of(Text Config::*) { return nullptr; }
constexpr Text Config::*text_of(uint64_t Config::*) { return nullptr; }
constexpr Text Config::*text_of(Text Config::*member) { return member; }
}  // namespace detail

inline constexpr std::array<OptionInfo, option_count> options = {{
#define KV_OPTION(id, key, alias, kind, value, value_text, minimum, maximum, step, choices, help, \
                  more)                                                                           \
  {Option::id,                                                                                    \
   #id,                                                                                           \
   key,                                                                                           \
   alias,                                                                                         \
   OptionKind::kind,                                                                              \
   detail::number_of(&Config::id),                                                                \
   detail::text_of(&Config::id),                                                                  \
   value_text,                                                                                    \
   minimum,                                                                                       \
   maximum,                                                                                       \
   step,                                                                                          \
   choices,                                                                                       \
   help,                                                                                          \
   more},
#include "kvcore/plan/options.def"
}};

/// REQUIRES: id != Option::none.
constexpr const OptionInfo& option_info(Option id) { return options[static_cast<uint64_t>(id)]; }

/// The number behind an option. REQUIRES: the option is not a text.
constexpr uint64_t& number(Config& config, Option id) { return config.*option_info(id).number; }
constexpr uint64_t number(const Config& config, Option id) {
  return config.*option_info(id).number;
}

/// A text option as it may be shown: of a secret only whether there is one.
/// REQUIRES: the option is a text.
constexpr std::string_view shown_text(const Config& config, const OptionInfo& option) {
  const Text& text = config.*option.text;
  return option.is_secret() && text.bytes > 0 ? std::string_view("(hidden)") : text.view();
}

/// The `index`-th word of "off|transparent|explicit". REQUIRES: index <= maximum.
constexpr std::string_view choice_word(const OptionInfo& option, uint64_t index) {
  std::string_view rest = option.choices;
  for (; index > 0; --index) rest.remove_prefix(rest.find('|') + 1);
  return rest.substr(0, rest.find('|'));
}

/// The index of `word` among the choices, or `unset`.
constexpr uint64_t choice_index(const OptionInfo& option, std::string_view word) {
  for (uint64_t i = 0; i <= option.maximum; ++i) {
    if (choice_word(option, i) == word) return i;
  }
  return unset;
}

}  // namespace kv
