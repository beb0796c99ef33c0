// The command line of a command with flags of its own: what all of them have (--format,
// --output, --color, --help), and mistakes reported alike.
//
//   ReportLine line({"diff", "Shows …", "kvplan/diff/1", {Format::table, Format::json}});
//   line.app().add_option("files", files, "…");
//   if (const auto done = line.parse(arguments)) return *done;   // --help, or a mistake
//   … return line.finish(text, diagnostics, code);
#pragma once

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

struct ReportSpec {
  std::string_view command;
  std::string_view summary;  ///< one or two sentences, for --help
  std::string_view schema;   ///< of its JSON document; empty where it has none
  /// What --format takes, the default first; the flag exists where there are several.
  std::vector<Format> formats;
};

class ReportLine {
 public:
  explicit ReportLine(ReportSpec spec);
  ~ReportLine();
  ReportLine(const ReportLine&) = delete;
  ReportLine& operator=(const ReportLine&) = delete;

  CLI::App& app() { return *app_; }
  Format format() const { return format_; }
  ColorMode color() const { return color_; }
  const std::string& output() const { return output_; }

  /// Parses the words behind the command's name. Returns nothing where the command should
  /// run, else the exit code: help was printed, or a mistake was reported.
  std::optional<ExitCode> parse(std::span<char* const> arguments);

  /// Reports a mistake in how the command was called; in JSON too where that is asked for.
  ExitCode usage_error(const std::string& message, const std::string& hint) const;

  /// Whether the report that finish() writes should be coloured.
  bool report_in_color() const;

  /// Writes the report, unless it is empty, then the diagnostics. Returns `code`, or that it
  /// could not be judged where the report could not be written.
  ExitCode finish(std::string_view report, const Diagnostics& diagnostics, ExitCode code) const;

 private:
  std::optional<ExitCode> read_words(std::span<char* const> arguments);

  ReportSpec spec_;
  std::unique_ptr<CLI::App> app_;
  Format format_;
  ColorMode color_ = ColorMode::automatic;
  std::string format_word_;
  std::string color_word_ = "auto";
  std::string output_;
};

/// "table" for Format::table.
std::string_view format_name(Format format);

/// Whether the words ask for JSON, for mistakes that are found before they are parsed.
bool asks_for_json(std::span<char* const> words);

/// "did you mean 'word'?" for the nearest of `known`, or empty when none is close.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& known);

/// "it is one of a, b, c"
std::string one_of(const std::vector<std::string_view>& words);

}  // namespace kv
