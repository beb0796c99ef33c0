#include "kvcore/load/flags.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "kvcore/load/man.hpp"
#include "kvcore/load/words.hpp"

namespace kv {

namespace {

using words::did_you_mean;
using words::exact_size;
using words::exact_time;
using words::grouped;
using words::in_quotes;
using words::plain_or_quoted;

constexpr uint64_t help_columns = 80;
constexpr uint64_t names_columns = 28;

std::string type_name(const OptionInfo& option) {
  switch (option.kind) {
    case OptionKind::count:
      return "COUNT";
    case OptionKind::bytes:
      return "SIZE";
    case OptionKind::milliseconds:
      return "TIME";
    case OptionKind::toggle:
      return "on|off";
    case OptionKind::choice:
      return std::string(option.choices);
    case OptionKind::text:
    case OptionKind::secret:
      break;
  }
  if (option.id == Option::server_address) return "ADDRESS";
  return option.id == Option::server_unix_socket ? "PATH" : "TEXT";
}

/// A number as one would write it after the flag.
std::string number_text(const OptionInfo& option, uint64_t value) {
  if (option.kind == OptionKind::bytes) return exact_size(value);
  if (option.kind == OptionKind::toggle) return value == 0 ? "off" : "on";
  if (option.kind == OptionKind::choice) return std::string(choice_word(option, value));
  if (option.kind == OptionKind::milliseconds) return exact_time(value);
  return value < 10000 ? std::to_string(value) : grouped(value);
}

std::string default_of(const OptionInfo& option) {
  const Config config;
  if (option.is_text()) {
    const std::string_view text = shown_text(config, option);
    return std::string(text.empty() ? "none" : text);
  }
  const uint64_t value = config.*option.number;
  return value == unset ? std::string(option.default_text) : number_text(option, value);
}

/// "clients served at once [1 to 32,000; default 1000]".
std::string help_of(const OptionInfo& option) {
  const bool bounded = option.kind == OptionKind::count || option.kind == OptionKind::bytes ||
                       option.kind == OptionKind::milliseconds;
  std::string limits;
  if (bounded) {
    limits = fmt::format("{} to {}; ", number_text(option, option.minimum),
                         number_text(option, option.maximum));
  }
  if (option.multiple_of > 1) limits += fmt::format("a multiple of {}; ", option.multiple_of);
  return fmt::format("{} [{}default {}]", option.help, limits, default_of(option));
}

std::string group_of(const OptionInfo& option) {
  if (option.section().empty()) return "Limits, storage and buffers";
  std::string name(option.section());
  name[0] = static_cast<char>(name[0] - 'a' + 'A');
  return name;
}

/// Words of `text`, broken so that lines behind `indent` columns fit; no trailing newline.
std::string wrapped(std::string_view text, uint64_t indent) {
  std::string out;
  uint64_t column = indent;
  for (uint64_t begin = 0; begin < text.size();) {
    const uint64_t end = std::min<uint64_t>(text.find_first_of(" \n", begin), text.size());
    const uint64_t bytes = end - begin;
    if (column > indent && column + 1 + bytes > help_columns) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += text.substr(begin, bytes);
    column += bytes;
    if (end < text.size() && text[end] == '\n') {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    }
    begin = end + 1;
  }
  return out;
}

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    if (mode == CLI::AppFormatMode::All) return man_page(*app);
    std::string text = CLI::Formatter::make_help(app, name, mode);
    for (auto at = text.find("\n\n\n"); at != std::string::npos; at = text.find("\n\n\n")) {
      text.erase(at, 1);
    }
    while (text.size() > 1 && text[text.size() - 2] == '\n') text.pop_back();
    return text;
  }

  /// "FILE", "[FILE...]": a word of the usage line.
  std::string make_option_usage(const CLI::Option* word) const override {
    const std::string name =
        word->get_name(true) + (word->get_items_expected_max() > 1 ? "..." : "");
    return word->get_required() ? name : "[" + name + "]";
  }

  std::string make_description(const CLI::App* app) const override {
    const std::string text = app->get_description();
    return text.empty() ? text : wrapped(text, 0) + "\n";
  }

  std::string make_footer(const CLI::App* app) const override {
    const std::string text = app->get_footer();
    return text.empty() ? text : "\n" + text + "\n";
  }

  std::string make_subcommand(const CLI::App* app) const override {
    return two_columns("  " + app->get_display_name(true), app->get_description());
  }

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    std::string names = is_positional ? option->get_name(true) : option->get_name(false, true);
    if (const OptionInfo* info = option_of_flag(names); info && !info->alias.empty()) {
      if (names == flag_alias(*info)) return {};  // it stands beside the name
      names = flag_alias(*info) + ", " + names;
    } else if (const auto comma = names.find(','); comma != std::string::npos) {
      names.insert(comma + 1, " ");  // "-c,--config"
    }
    if (names.substr(0, 2) == "--") names = "    " + names;
    std::string value = make_option_opts(option);
    value.resize(std::min(value.find(" REQUIRED"), value.size()));  // the usage line says so
    return two_columns("  " + names + value, option->get_description());
  }

 private:
  static std::string two_columns(std::string left, const std::string& right) {
    if (left.size() + 2 > names_columns) {
      left += '\n' + std::string(names_columns, ' ');
    } else {
      left.append(names_columns - left.size(), ' ');
    }
    const auto bracket = right.rfind(" [");
    std::string text = wrapped(right, names_columns);
    if (bracket != std::string::npos && text.find('\n') != std::string::npos &&
        right.size() - bracket - 1 <= help_columns - names_columns) {
      text = wrapped(right.substr(0, bracket) + "\n" + right.substr(bracket + 1), names_columns);
    }
    return left + text + "\n";
  }
};

/// What one flag was given, in the order of the command line.
void collect(const CLI::Option* flag, std::vector<std::pair<std::string, std::string>>& given) {
  if (!flag) return;
  for (const std::string& text : flag->results()) given.emplace_back(flag->get_name(), text);
}

}  // namespace

std::string flag_name(const OptionInfo& option) {
  std::string name = "--" + std::string(option.name);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::string flag_alias(const OptionInfo& option) {
  return option.alias.empty() ? std::string() : "--" + std::string(option.alias);
}

const OptionInfo* option_of_flag(const std::string& name) {
  for (const OptionInfo& option : options) {
    if (flag_name(option) == name || flag_alias(option) == name) return &option;
  }
  return nullptr;
}

ConfigFlags::ConfigFlags(CLI::App& app) {
  const auto add = [&app](const std::string& name, const OptionInfo& option) {
    CLI::Option* flag = app.add_option(
        name, [](const CLI::results_t&) { return true; }, help_of(option));
    flag->type_name(type_name(option));
    flag->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    return flag;
  };
  for (const OptionInfo& option : options) {
    Flag& flag = flags_[static_cast<uint64_t>(option.id)];
    flag.name = add(flag_name(option), option)->group(group_of(option));
    if (option.alias.empty()) continue;
    flag.alias = add(flag_alias(option), option)->group(group_of(option));
  }
}

bool ConfigFlags::apply(Settings& settings, Diagnostics& out) const {
  const uint64_t before = out.size();
  for (const OptionInfo& option : options) {
    const Flag& flag = flags_[static_cast<uint64_t>(option.id)];
    std::vector<std::pair<std::string, std::string>> given;
    collect(flag.name, given);
    collect(flag.alias, given);
    if (given.empty()) continue;
    Place place;
    const auto shown = [&option](const std::string& text) {
      return option.is_secret() ? std::string("(hidden)") : plain_or_quoted(text);
    };
    place.flag = given[0].first + " " + shown(given[0].second);
    if (given.size() > 1) {
      out.push_back({Rule::duplicate_key,
                     Severity::error,
                     place,
                     fmt::format("{} is given twice, the other time as {} {}", option.key,
                                 given[1].first, shown(given[1].second)),
                     {}});
      continue;
    }
    set_from_text(option.id, given[0].second, place, settings, out);
  }
  return out.size() == before;
}

void set_up_help(CLI::App& app) { app.formatter(std::make_shared<HelpFormatter>()); }

void set_up_man(CLI::App& app) {
  app.set_help_all_flag("--man", "print the manual page, for man -l, and exit");
}

std::string unknown_flag_message(const CLI::App& app) {
  const std::vector<std::string> extras = app.remaining(/*recurse=*/true);
  if (extras.empty()) return {};
  const std::string word = extras[0].substr(0, extras[0].find('='));
  if (word.empty() || word[0] != '-') {
    return fmt::format("unexpected argument {}", in_quotes(extras[0]));
  }
  std::vector<std::string> names;
  const CLI::App* scope = &app;
  for (const CLI::App* sub : app.get_subcommands()) scope = sub;
  for (const CLI::App* level : {&app, scope}) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  std::string near;
  for (const std::string& name : names) {  // "--budget" for "--memory-budget"
    const auto at = name.rfind(word.substr(1));
    const bool is_end = at != std::string::npos && at + word.size() - 1 == name.size();
    if (near.empty() && is_end && word.size() > 3) near = name;
  }
  if (near.empty()) near = nearest(word, known);
  return fmt::format("unknown flag {}{}{}", in_quotes(word), near.empty() ? "" : "; ",
                     did_you_mean(near));
}

}  // namespace kv
