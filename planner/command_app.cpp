#include "planner/command_app.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

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
  const std::string unknown = unknown_flag_message(*app_);
  if (!unknown.empty()) return fail(unknown);
  for (const Choice& choice : choices_) {
    if (choice.target->empty() && choice.required) {
      return fail(fmt::format("{} is missing", choice.name));
    }
    const auto& words = choice.words;
    const bool known = std::find(words.begin(), words.end(), *choice.target) != words.end();
    if (words.empty() || known) continue;
    const std::string near = nearest(*choice.target, words);
    return fail(fmt::format("unknown value '{}' of {}", *choice.target, choice.name),
                near.empty() ? fmt::format("it is one of {}", fmt::join(words, ", "))
                             : fmt::format("did you mean '{}'?", near));
  }
  color_ = color_word_ == "always"  ? ColorMode::always
           : color_word_ == "never" ? ColorMode::never
                                    : ColorMode::automatic;
  return std::nullopt;
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
