#include "planner/option_name.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kvcore/load/flags.hpp"
#include "kvcore/load/words.hpp"

namespace kv {

namespace {

std::string normal(std::string_view word) {
  std::string out(word);
  std::replace(out.begin(), out.end(), '-', '_');
  std::replace(out.begin(), out.end(), '.', '_');
  return out;
}

}  // namespace

std::optional<Option> find_option(std::string_view word) {
  const std::string wanted = normal(word);
  for (const OptionInfo& option : options) {
    if (wanted == option.name || wanted == normal(option.key)) return option.id;
    if (!option.alias.empty() && wanted == normal(option.alias)) return option.id;
  }
  return {};
}

std::string option_suggestion(std::string_view word) {
  std::vector<std::string> names;
  for (const OptionInfo& option : options) {
    names.emplace_back(option.name);
    if (!option.alias.empty()) names.push_back(normal(option.alias));
  }
  const std::string near = nearest(normal(word), {names.begin(), names.end()});
  return near.empty() ? "docs/options.md and kvplan --help list the options"
                      : fmt::format("did you mean '{}'?", near);
}

Assignment assign(std::string_view flag, std::string_view text, Settings& settings,
                  Diagnostics& out) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return {fmt::format("{} {} is not NAME=VALUE", flag, words::in_quotes(text)),
            fmt::format("write {} connections=1000", flag)};
  }
  const std::string_view name = text.substr(0, equals);
  const std::optional<Option> option = find_option(name);
  if (!option) {
    return {fmt::format("no option is called {}", words::in_quotes(name)), option_suggestion(name)};
  }
  Place place;
  place.flag = fmt::format("{} {}", flag, words::plain_or_quoted(text));
  set_from_text(*option, text.substr(equals + 1), place, settings, out);
  return {{}, {}, *option};
}

}  // namespace kv
