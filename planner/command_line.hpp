// The flags of a command that plans: --config, one flag per option, and those of the report.
//
//   CommandLine line("plan");
//   if (const auto done = line.parse(arguments)) return *done;   // --help, or a mistake
//   … line.request …
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kvcore/load/flags.hpp"
#include "planner/exit_code.hpp"
#include "planner/output.hpp"

namespace kv {

/// What the user asked for, beside the values of options.
struct Request {
  std::string config;  ///< path of the file, "-" for standard input; empty for none
  Format format = Format::table;
  std::string output;  ///< path, or empty for standard output
  ColorMode color = ColorMode::automatic;
  bool explain = false;
  std::string section;  ///< what to explain, empty for everything
};

class CommandLine {
 public:
  explicit CommandLine(std::string_view summary);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// Parses the words behind the command's name. Returns nothing where the command should
  /// run, else the exit code: --help and --version were printed, or a mistake was reported.
  std::optional<ExitCode> parse(std::span<char* const> arguments);

  /// The flags, as they are declared.
  const CLI::App& flags() const { return *app_; }

  Request request;

  /// Loads the file that was named and applies the flags, which win. Everything wrong with
  /// the config is added to `out`.
  void load(Settings& settings, Diagnostics& out) const;

 private:
  std::optional<ExitCode> read_words();
  ExitCode usage_error(const std::string& message, const std::string& hint) const;

  std::unique_ptr<CLI::App> app_;
  std::optional<ConfigFlags> flags_;
  CLI::Option* explain_ = nullptr;
  std::string format_ = "table";
  std::string color_ = "auto";
};

/// Reports a mistake in how kvplan was called: on standard error, and where JSON is asked for
/// as JSON too.
ExitCode report_usage_error(const std::string& message, const std::string& hint,
                            const Request& request);

}  // namespace kv
