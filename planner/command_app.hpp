// The frame of a command that is not a plan: its flags, --help, --output, --color, mistakes.
//
//   CommandApp command("init", "writes a commented config to start from");
//   command.app().add_option(…);
//   if (const auto done = command.parse(arguments)) return *done;
//   return command.write(text);
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "planner/command_line.hpp"

namespace kv {

class CommandApp {
 public:
  CommandApp(std::string_view name, std::string_view summary);
  ~CommandApp();
  CommandApp(const CommandApp&) = delete;
  CommandApp& operator=(const CommandApp&) = delete;

  CLI::App& app() { return *app_; }
  const CLI::App& app() const { return *app_; }

  /// A required word without a flag, one of `choices` where there are any.
  void add_word(std::string& target, std::string_view name, std::string_view help,
                std::vector<std::string_view> choices = {});

  /// A flag with a value that is one of `choices`; the first of them is the default.
  void add_choice(std::string& target, std::string_view flag, std::string_view help,
                  std::vector<std::string_view> choices);

  /// Parses the words behind the command's name. Returns nothing where the command should
  /// run, else the exit code: --help was printed, or a mistake was reported.
  std::optional<ExitCode> parse(std::span<char* const> arguments);

  /// Whether what write() writes should be coloured.
  bool report_in_color() const;

  /// Writes to --output or standard output; a failure is reported.
  ExitCode write(std::string_view text) const;

  /// Reports a mistake of the caller; the exit code is that of what could not be judged.
  ExitCode fail(const std::string& message, const std::string& hint = {}) const;

  const std::string& output() const { return output_; }
  ColorMode color() const { return color_; }

 private:
  struct Choice {
    std::string* target;
    std::string name;
    std::vector<std::string_view> words;
    bool required;
  };

  std::optional<ExitCode> check_words();

  std::unique_ptr<CLI::App> app_;
  std::vector<Choice> choices_;
  std::string output_;
  std::string color_word_;
  ColorMode color_ = ColorMode::automatic;
};

}  // namespace kv
