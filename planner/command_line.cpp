#include "planner/command_line.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>

#include "kvcore/load/flags.hpp"
#include "kvcore/load/words.hpp"
#include "planner/docs.hpp"
#include "planner/json_parts.hpp"

namespace kv {

namespace {

constexpr std::array<std::string_view, 6> format_names = {"table",    "json",   "csv",
                                                          "markdown", "github", "svg"};

WordList names_of(const std::vector<Format>& formats) {
  WordList names;
  for (const Format format : formats) names.push_back(format_name(format));
  return names;
}

std::string type_of(const WordList& choices) { return fmt::format("{}", fmt::join(choices, "|")); }

std::string_view output_help(const CommandSpec& spec) {
  if (spec.formats.empty()) return "file to write to";
  return spec.name.empty() ? "file to write the report to"
                           : "file to write to; - is standard output";
}

}  // namespace

CommandLine::CommandLine(CommandSpec spec)
    : spec_(std::move(spec)),
      app_(std::make_unique<CLI::App>(
          std::string(spec_.summary),
          spec_.name.empty() ? "kvplan" : fmt::format("kvplan {}", spec_.name))) {
  app_->allow_extras();
  set_up_help(*app_);
  app_->set_help_flag("-h,--help", "print this and exit");
  if (spec_.first_flags) spec_.first_flags(*app_);
  if (spec_.formats.size() > 1) {
    add_choice(format_word_, "-f,--format", "how the report is written", names_of(spec_.formats));
  }
  app_->add_option("-o,--output", output_, std::string(output_help(spec_)))->type_name("FILE");
  add_choice(color_word_, "--color", "when to colour", spec_.color_words);
  common_choices_ = choices_.size();
}

CommandLine::~CommandLine() = default;

void CommandLine::add_word(std::string& target, std::string_view name, std::string_view help,
                           WordList choices) {
  app_->add_option(std::string(name), target, std::string(help))
      ->required()
      ->type_name(type_of(choices));
  choices_.push_back({&target, std::string(name), std::move(choices), /*required=*/true});
}

void CommandLine::add_choice(std::string& target, std::string_view flag, std::string_view help,
                             WordList choices) {
  if (target.empty()) target = choices.front();
  app_->add_option(std::string(flag), target, fmt::format("{} [default {}]", help, target))
      ->type_name(type_of(choices));
  flag.remove_prefix(flag.rfind("--"));
  choices_.push_back({&target, std::string(flag), std::move(choices), /*required=*/false});
}

std::optional<ExitCode> CommandLine::parse(std::span<char* const> arguments) {
  if (asks_for_json(arguments)) format_ = Format::json;
  const ParsedWords parsed = parse_words(*app_, arguments);
  if (parsed.done) return ExitCode::fits;
  color_ = color_mode(color_word_);
  if (!parsed.mistake.empty()) return usage_error(parsed.mistake);
  return check_words(arguments);
}

std::optional<ExitCode> CommandLine::check(std::span<const Choice> choices) const {
  for (const Choice& choice : choices) {
    if (choice.required && choice.target->empty()) {
      return usage_error(fmt::format("{} is missing", choice.name));
    }
    if (choice.words.empty()) continue;
    const auto unknown = find_unknown(*choice.target, choice.name, choice.words);
    if (unknown) return usage_error(unknown->message, unknown->hint);
  }
  return std::nullopt;
}

std::optional<ExitCode> CommandLine::check_words(std::span<char* const> arguments) {
  // "--format --keys 10" is told as an unknown format, not as a stray 10.
  const std::span<const Choice> choices(choices_);
  if (const auto done = check(choices.first(common_choices_))) return done;
  if (const std::string stray = unknown_flag_message(*app_); !stray.empty()) {
    return usage_error(stray);
  }
  if (const auto done = check(choices.subspan(common_choices_))) return done;
  for (const Format format : spec_.formats) {
    if (format_name(format) == format_word_) format_ = format;
  }
  // In a report an empty word is a variable of a shell that was not set. The options of a
  // config may be empty texts.
  const bool may_be_empty = spec_.name.empty() || spec_.formats.empty();
  for (const char* word : arguments) {
    if (*word == '\0' && !may_be_empty) return usage_error("an argument is empty");
  }
  return std::nullopt;
}

ExitCode CommandLine::usage_error(const std::string& message, const std::string& hint) const {
  const std::string help = fmt::format("{} --help lists the flags", app_->get_name());
  print_error(message, hint.empty() ? help : hint, color_);
  if (format_ == Format::json && !spec_.schema.empty()) {
    write_report(usage_error_json(message, spec_.schema), output_);
  }
  return ExitCode::could_not_judge;
}

bool CommandLine::report_in_color() const {
  const bool to_terminal = output_.empty() || output_ == "-";
  return to_terminal ? use_color(color_, STDOUT_FILENO) : color_ == ColorMode::always;
}

ExitCode CommandLine::finish(std::string_view report, const Diagnostics& diagnostics,
                             ExitCode code) const {
  const std::string failure = report.empty() ? "" : write_report(report, output_);
  print_diagnostics(diagnostics, color_);
  if (failure.empty()) return code;
  print_error(failure, "", color_);
  return ExitCode::could_not_judge;
}

ParsedWords parse_words(CLI::App& app, std::span<char* const> arguments) {
  const std::string name = app.get_name();
  std::vector<const char*> words = {name.c_str()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  try {
    app.parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::CallForHelp&) {
    write_report(app.help(), "");
    return {/*done=*/true, {}};
  } catch (const CLI::CallForAllHelp&) {
    write_report(kvplan_man_page(), "");
    return {/*done=*/true, {}};
  } catch (const CLI::CallForVersion& version) {
    write_report(fmt::format("{}\n", version.what()), "");
    return {/*done=*/true, {}};
  } catch (const CLI::RequiredError&) {
    return {};  // the command says which word is missing
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string message = error.what();  // "--output: 1 required FILE missing"
    return {false, fmt::format("{} needs a value", message.substr(0, message.find(':')))};
  } catch (const CLI::ParseError& error) {
    return {false, error.what()};
  }
  return {};
}

std::optional<UnknownWord> find_unknown(std::string_view word, std::string_view name,
                                        const WordList& known) {
  if (std::find(known.begin(), known.end(), word) != known.end()) return std::nullopt;
  const std::string shown = words::in_quotes(word);
  return UnknownWord{name == "--format" ? fmt::format("unknown format {}", shown)
                                        : fmt::format("unknown value {} of {}", shown, name),
                     suggestion(word, known)};
}

ColorMode color_mode(std::string_view word) {
  return word == "always"  ? ColorMode::always
         : word == "never" ? ColorMode::never
                           : ColorMode::automatic;
}

std::string_view format_name(Format format) {
  return format_names[static_cast<std::size_t>(format)];
}

bool asks_for_json(std::span<char* const> words) {
  for (uint64_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--format=json" || word == "-fjson") return true;
    const bool is_format = word == "--format" || word == "-f";
    if (is_format && i + 1 < words.size() && std::string_view(words[i + 1]) == "json") return true;
  }
  return false;
}

std::string suggestion(std::string_view word, const WordList& known) {
  const std::string near = nearest(word, known);
  return near.empty() ? fmt::format("it is one of {}", fmt::join(known, ", "))
                      : words::did_you_mean(near);
}

}  // namespace kv
