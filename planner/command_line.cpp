#include "planner/command_line.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>

#include "kvcore/load/words.hpp"
#include "kvcore/plan/version.hpp"
#include "planner/commands.hpp"
#include "planner/docs.hpp"
#include "planner/explain.hpp"
#include "planner/json_parts.hpp"
#include "planner/plan_json.hpp"
#include "planner/report_line.hpp"

namespace kv {

namespace {

template <typename Value>
struct Word {
  std::string_view name;
  Value value;
};

constexpr auto format_words = std::to_array<Word<Format>>({
    {"table", Format::table},
    {"json", Format::json},
    {"csv", Format::csv},
    {"markdown", Format::markdown},
});

constexpr auto color_words = std::to_array<Word<ColorMode>>({
    {"always", ColorMode::always},
    {"never", ColorMode::never},
    {"auto", ColorMode::automatic},
});

template <typename Words>
std::vector<std::string_view> names_of(const Words& words) {
  std::vector<std::string_view> names;
  for (const auto& word : words) names.push_back(word.name);
  return names;
}

std::string version_text() { return fmt::format("kvplan {}", version); }

/// Sets `out` to the value of the word; says what is wrong if there is none.
template <typename Value, typename Words>
bool choose(std::string_view word, const Words& words, Value& out) {
  for (const auto& candidate : words) {
    if (candidate.name != word) continue;
    out = candidate.value;
    return true;
  }
  return false;
}

}  // namespace

CommandLine::CommandLine(std::string_view summary)
    : app_(std::make_unique<CLI::App>(std::string(summary), "kvplan")) {
  app_->allow_extras();
  set_up_help(*app_);
  app_->set_help_flag("-h,--help", "print this and exit");
  app_->set_version_flag("--version", version_text(), "print the version and exit");
  set_up_man(*app_);
  app_->add_option("-c,--config", request.config, "TOML or JSON file to read; - is standard input")
      ->type_name("FILE");
  app_->add_option("-f,--format", format_, "how the report is written [default table]")
      ->type_name("table|json|csv|markdown");
  app_->add_option("-o,--output", request.output, "file to write the report to")->type_name("FILE");
  app_->add_option("--color", color_, "when to colour [default auto]")
      ->type_name("always|never|auto");
  explain_ = app_->add_option("-e,--explain", request.section,
                              "show where every number comes from, of all or of one component");
  explain_->expected(0, 1)->type_name("[COMPONENT]");
  app_->footer(help_footer());
  flags_.emplace(*app_);
}

CommandLine::~CommandLine() = default;

std::optional<ExitCode> CommandLine::parse(std::span<char* const> arguments) {
  std::vector<const char*> words = {"kvplan"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  if (asks_for_json(arguments)) request.format = Format::json;
  try {
    app_->parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::CallForHelp&) {
    write_report(app_->help(), "");
    return ExitCode::fits;
  } catch (const CLI::CallForAllHelp&) {
    write_report(kvplan_man_page(), "");
    return ExitCode::fits;
  } catch (const CLI::CallForVersion&) {
    write_report(version_text() + "\n", "");
    return ExitCode::fits;
  } catch (const CLI::ArgumentMismatch& error) {
    // CLI11 says "--config: 1 required FILE missing".
    const std::string message = error.what();
    return usage_error(fmt::format("{} needs a value", message.substr(0, message.find(':'))), "");
  } catch (const CLI::ParseError& error) {
    return usage_error(error.what(), "");
  }
  return read_words();
}

std::optional<ExitCode> CommandLine::read_words() {
  // The format first: it decides how the other mistakes are reported.
  if (!choose(format_, format_words, request.format)) {
    const auto known = names_of(format_words);
    const std::string near = words::did_you_mean(nearest(format_, known));
    return usage_error(fmt::format("unknown format {}", words::in_quotes(format_)),
                       near.empty() ? one_of(known) : near);
  }
  if (!choose(color_, color_words, request.color)) {
    const auto known = names_of(color_words);
    const std::string near = words::did_you_mean(nearest(color_, known));
    return usage_error(fmt::format("unknown value {} of --color", words::in_quotes(color_)),
                       near.empty() ? one_of(known) : near);
  }
  if (!app_->remaining().empty()) return usage_error(unknown_flag_message(*app_), "");
  request.explain = explain_->count() > 0;
  const auto known = explainable_names();
  const bool is_known = std::find(known.begin(), known.end(), request.section) != known.end();
  if (!request.section.empty() && !is_known) {
    const std::string near = words::did_you_mean(nearest(request.section, known));
    return usage_error(fmt::format("no component is called '{}'", request.section),
                       near.empty() ? one_of(known) : near);
  }
  return std::nullopt;
}

ExitCode CommandLine::usage_error(const std::string& message, const std::string& hint) const {
  return report_usage_error(message, hint, request);
}

void CommandLine::load(Settings& settings, Diagnostics& out) const {
  if (!request.config.empty()) load_file(request.config, settings, out);
  flags_->apply(settings, out);
}

ExitCode report_usage_error(const std::string& message, const std::string& hint,
                            const Request& request) {
  print_error(message, hint.empty() ? "kvplan --help lists the flags" : hint, request.color);
  if (request.format == Format::json)
    write_report(usage_error_json(message, plan_schema), request.output);
  return ExitCode::could_not_judge;
}

}  // namespace kv
