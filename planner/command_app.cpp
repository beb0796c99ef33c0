#include "planner/command_app.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "kvcore/load/words.hpp"

namespace kv {

CommandApp::CommandApp(std::string_view name, std::string_view summary)
    : app_(std::make_unique<CLI::App>(std::string(summary), fmt::format("kvplan {}", name))) {
  set_up_help(*app_);
  app_->allow_extras();
  app_->set_help_flag("-h,--help", "print this and exit");
  app_->add_option("-o,--output", output_, "file to write to")->type_name("FILE");
  add_choice(color_word_, "--color", "when to colour", {"auto", "always", "never"});
}

CommandApp::~CommandApp() = default;

void CommandApp::add_word(std::string& target, std::string_view name, std::string_view help,
                          std::vector<std::string_view> choices) {
  CLI::Option* word = app_->add_option(std::string(name), target, std::string(help));
  word->required()->type_name(choices.empty() ? "" : fmt::format("{}", fmt::join(choices, "|")));
  choices_.push_back({&target, std::string(name), std::move(choices), /*required=*/true});
}

void CommandApp::add_choice(std::string& target, std::string_view flag, std::string_view help,
                            std::vector<std::string_view> choices) {
  target = choices.front();
  app_->add_option(std::string(flag), target, fmt::format("{} [default {}]", help, target))
      ->type_name(fmt::format("{}", fmt::join(choices, "|")));
  const auto dashes = flag.rfind("--");
  choices_.push_back(
      {&target, std::string(flag.substr(dashes)), std::move(choices), /*required=*/false});
}

std::optional<ExitCode> CommandApp::parse(std::span<char* const> arguments) {
  const std::string name = app_->get_name();
  std::vector<const char*> words = {name.c_str()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  try {
    app_->parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::CallForHelp&) {
    write_report(app_->help(), "");
    return ExitCode::fits;
  } catch (const CLI::RequiredError&) {
    return check_words();
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string message = error.what();
    return fail(fmt::format("{} needs a value", message.substr(0, message.find(':'))));
  } catch (const CLI::ParseError& error) {
    return fail(error.what());
  }
  return check_words();
}

std::optional<ExitCode> CommandApp::check_words() {
  color_ = color_word_ == "always"  ? ColorMode::always
           : color_word_ == "never" ? ColorMode::never
                                    : ColorMode::automatic;
  bool is_color = true;  // the first of the choices
  for (const Choice& choice : choices_) {
    const std::string unknown = is_color ? "" : unknown_flag_message(*app_);
    if (!unknown.empty()) return fail(unknown);
    is_color = false;
    if (choice.target->empty() && choice.required) {
      return fail(fmt::format("{} is missing", choice.name));
    }
    const auto& words = choice.words;
    const bool known = std::find(words.begin(), words.end(), *choice.target) != words.end();
    if (words.empty() || known) continue;
    const std::string near = nearest(*choice.target, words);
    const std::string value = words::in_quotes(*choice.target);
    return fail(choice.name == "--format"
                    ? fmt::format("unknown format {}", value)
                    : fmt::format("unknown value {} of {}", value, choice.name),
                near.empty() ? fmt::format("it is one of {}", fmt::join(words, ", "))
                             : fmt::format("did you mean '{}'?", near));
  }
  const std::string unknown = unknown_flag_message(*app_);
  if (!unknown.empty()) return fail(unknown);
  return std::nullopt;
}

bool CommandApp::report_in_color() const {
  const bool to_terminal = output_.empty() || output_ == "-";
  return to_terminal ? use_color(color_, STDOUT_FILENO) : color_ == ColorMode::always;
}

ExitCode CommandApp::write(std::string_view text) const {
  const std::string failure = write_report(text, output_);
  if (failure.empty()) return ExitCode::fits;
  print_error(failure, "", color_);
  return ExitCode::could_not_judge;
}

ExitCode CommandApp::fail(const std::string& message, const std::string& hint) const {
  const std::string help = fmt::format("{} --help lists the flags", app_->get_name());
  print_error(message, hint.empty() ? help : hint, color_);
  return ExitCode::could_not_judge;
}

}  // namespace kv
