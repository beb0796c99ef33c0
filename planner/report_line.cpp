#include "planner/report_line.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>

#include "kvcore/load/flags.hpp"
#include "kvcore/load/words.hpp"
#include "kvcore/memory/assert.hpp"
#include "planner/json_parts.hpp"

namespace kv {

namespace {

constexpr std::array<std::string_view, 6> format_names = {"table",    "json",   "csv",
                                                          "markdown", "github", "svg"};

constexpr std::array<std::string_view, 3> color_names = {"auto", "always", "never"};

std::vector<std::string_view> names_of(const std::vector<Format>& formats) {
  std::vector<std::string_view> names;
  for (const Format format : formats) names.push_back(format_name(format));
  return names;
}

bool is_json(std::string_view word) { return word == "json"; }

}  // namespace

std::string_view format_name(Format format) {
  return format_names[static_cast<std::size_t>(format)];
}

bool asks_for_json(std::span<char* const> words) {
  for (uint64_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--format=json" || word == "-fjson") return true;
    const bool is_format = word == "--format" || word == "-f";
    if (is_format && i + 1 < words.size() && is_json(words[i + 1])) return true;
  }
  return false;
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
  const std::string near = nearest(word, known);
  return near.empty() ? "" : fmt::format("did you mean '{}'?", near);
}

std::string one_of(const std::vector<std::string_view>& words) {
  return fmt::format("it is one of {}", fmt::join(words, ", "));
}

ReportLine::ReportLine(ReportSpec spec)
    : spec_(std::move(spec)),
      app_(std::make_unique<CLI::App>(std::string(spec_.summary),
                                      fmt::format("kvplan {}", spec_.command))),
      format_(spec_.formats.front()),
      format_word_(format_name(format_)) {
  app_->allow_extras();
  app_->set_help_flag("-h,--help", "print this and exit");
  if (spec_.formats.size() > 1) {
    app_->add_option("-f,--format", format_word_,
                     fmt::format("how the report is written [default {}]", format_word_))
        ->type_name(fmt::format("{}", fmt::join(names_of(spec_.formats), "|")));
  }
  app_->add_option("-o,--output", output_, "file to write to; - is standard output")
      ->type_name("FILE");
  app_->add_option("--color", color_word_, "when to colour [default auto]")
      ->type_name(fmt::format("{}", fmt::join(color_names, "|")));
  set_up_help(*app_);
}

ReportLine::~ReportLine() = default;

std::optional<ExitCode> ReportLine::parse(std::span<char* const> arguments) {
  const std::string name = app_->get_name();
  std::vector<const char*> words = {name.c_str()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  if (!spec_.schema.empty() && asks_for_json(arguments)) format_ = Format::json;
  try {
    app_->parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::CallForHelp&) {
    write_report(app_->help(), "");
    return ExitCode::fits;
  } catch (const CLI::RequiredError&) {
    return read_words(arguments);  // the command says which word is missing
  } catch (const CLI::ArgumentMismatch& error) {
    // CLI11 says "--output: 1 required FILE missing".
    const std::string message = error.what();
    return usage_error(fmt::format("{} needs a value", message.substr(0, message.find(':'))), "");
  } catch (const CLI::ParseError& error) {
    return usage_error(error.what(), "");
  }
  return read_words(arguments);
}

std::optional<ExitCode> ReportLine::read_words(std::span<char* const> arguments) {
  const std::vector<std::string_view> known = names_of(spec_.formats);
  const auto found = std::find(known.begin(), known.end(), format_word_);
  if (found == known.end()) {
    const std::string near = suggestion(format_word_, known);
    return usage_error(fmt::format("unknown format {}", words::in_quotes(format_word_)),
                       near.empty() ? one_of(known) : near);
  }
  format_ = spec_.formats[static_cast<std::size_t>(found - known.begin())];
  const auto color = std::find(color_names.begin(), color_names.end(), color_word_);
  if (color == color_names.end()) {
    const std::vector<std::string_view> all(color_names.begin(), color_names.end());
    const std::string near = suggestion(color_word_, all);
    return usage_error(fmt::format("unknown value {} of --color", words::in_quotes(color_word_)),
                       near.empty() ? one_of(all) : near);
  }
  color_ = static_cast<ColorMode>(color - color_names.begin());
  if (!app_->remaining().empty()) return usage_error(unknown_flag_message(*app_), "");
  for (const char* word : arguments) {
    if (*word == '\0') return usage_error("an argument is empty", "");
  }
  return std::nullopt;
}

ExitCode ReportLine::usage_error(const std::string& message, const std::string& hint) const {
  const std::string help = fmt::format("kvplan {} --help lists the flags", spec_.command);
  print_error(message, hint.empty() ? help : hint, color_);
  if (format_ == Format::json) write_report(usage_error_json(message, spec_.schema), output_);
  return ExitCode::could_not_judge;
}

bool ReportLine::report_in_color() const {
  const bool to_terminal = output_.empty() || output_ == "-";
  return to_terminal ? use_color(color_, STDOUT_FILENO) : color_ == ColorMode::always;
}

ExitCode ReportLine::finish(std::string_view report, const Diagnostics& diagnostics,
                            ExitCode code) const {
  const std::string failure = report.empty() ? "" : write_report(report, output_);
  print_diagnostics(diagnostics, color_);
  if (failure.empty()) return code;
  print_error(failure, "", color_);
  return ExitCode::could_not_judge;
}

}  // namespace kv
