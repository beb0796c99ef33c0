// The command line of a command: what all of them have (--help, --format, --output, --color),
// and mistakes reported alike.
//
//   CommandLine line({"diff", "Shows …", "kvplan/diff/1", {Format::table, Format::json}});
//   line.app().add_option("files", files, "…");
//   if (const auto done = line.parse(arguments)) return *done;   // --help, or a mistake
//   … return line.finish(text, diagnostics, code);
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "planner/exit_code.hpp"
#include "planner/output.hpp"

namespace CLI {
class App;
}

namespace kv {

using WordList = std::vector<std::string_view>;

inline const WordList color_words = {"auto", "always", "never"};

struct CommandSpec {
  std::string_view name;         ///< empty for what runs when no command is named
  std::string_view summary;      ///< one or two sentences, for --help
  std::string_view schema = {};  ///< of its JSON document; empty where it has none
  /// What --format takes, the default first; the flag exists where there are several. None
  /// for a command whose output is no report.
  std::vector<Format> formats = {};
  WordList color_words = kv::color_words;  ///< as --help lists them
  /// Adds the flags that --help lists before --format.
  std::function<void(CLI::App&)> first_flags = {};
};

class CommandLine {
 public:
  explicit CommandLine(CommandSpec spec);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  CLI::App& app() { return *app_; }
  Format format() const { return format_; }
  ColorMode color() const { return color_; }
  const std::string& output() const { return output_; }

  /// A required word without a flag, one of `choices` where there are any.
  void add_word(std::string& target, std::string_view name, std::string_view help,
                WordList choices = {});

  /// A flag with a value that is one of `choices`. What `target` holds is the default, or the
  /// first of them where it is empty.
  void add_choice(std::string& target, std::string_view flag, std::string_view help,
                  WordList choices);

  /// Parses the words behind the command's name. Returns nothing where the command should
  /// run, else the exit code: help was printed, or a mistake was reported.
  std::optional<ExitCode> parse(std::span<char* const> arguments);

  /// Reports a mistake in how the command was called; in JSON too where that is asked for.
  ExitCode usage_error(const std::string& message, const std::string& hint = {}) const;

  /// Whether the report that finish() writes should be coloured.
  bool report_in_color() const;

  /// Writes the report, unless it is empty, then the diagnostics. Returns `code`, or that it
  /// could not be judged where the report could not be written.
  ExitCode finish(std::string_view report, const Diagnostics& diagnostics = {},
                  ExitCode code = ExitCode::fits) const;

 private:
  struct Choice {
    std::string* target;
    std::string name;
    WordList words;
    bool required;
  };

  std::optional<ExitCode> check(std::span<const Choice> choices) const;
  std::optional<ExitCode> check_words(std::span<char* const> arguments);

  CommandSpec spec_;
  std::unique_ptr<CLI::App> app_;
  std::vector<Choice> choices_;
  uint64_t common_choices_ = 0;  ///< those of every command, the first of them
  Format format_ = Format::table;
  ColorMode color_ = ColorMode::automatic;
  std::string format_word_;
  std::string color_word_ = "auto";
  std::string output_;
};

/// What CLI11 made of the words: whether --help or the like was printed, or what is wrong with
/// them. Unknown words and missing ones are left to the caller.
struct ParsedWords {
  bool done = false;
  std::string mistake;
};
ParsedWords parse_words(CLI::App& app, std::span<char* const> arguments);

/// That a word for a flag or an argument is none of those that it takes.
struct UnknownWord {
  std::string message;
  std::string hint;  ///< the nearest word, else all of them
};
std::optional<UnknownWord> find_unknown(std::string_view word, std::string_view name,
                                        const WordList& known);

/// What --color was given; automatic for an unknown word.
ColorMode color_mode(std::string_view word);

/// "table" for Format::table.
std::string_view format_name(Format format);

/// Whether the words ask for JSON, for mistakes that are found before they are parsed.
bool asks_for_json(std::span<char* const> words);

/// "did you mean 'word'?" for the nearest of `known`, else "it is one of a, b, c".
std::string suggestion(std::string_view word, const WordList& known);

}  // namespace kv
