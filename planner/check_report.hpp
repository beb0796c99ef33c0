// The formats of `kvplan check`. A report is made piece by piece, so that ten thousand files
// take no more memory than one; GitHub's keeps the few findings that it will show.
//
//   report->begin();  report->file(f) for each file, in their order;  report->end(totals, …)
//
// Each returns the text that belongs there. Nothing depends on the time, the machine or the
// order in which files were checked.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "planner/check.hpp"

namespace kv {

/// Why nothing, or not all, could be checked: a mistake in the call, a directory without
/// configs, a policy that is none.
struct CheckFailure {
  std::string_view rule = "usage";
  std::string message;
  Place place = {};
};

class CheckReport {
 public:
  CheckReport() = default;
  virtual ~CheckReport() = default;
  CheckReport(const CheckReport&) = delete;
  CheckReport& operator=(const CheckReport&) = delete;

  virtual std::string begin() { return {}; }
  virtual std::string file(const CheckedFile& file) = 0;
  virtual std::string end(const CheckTotals& totals, const std::vector<CheckFailure>& failures) = 0;
};

constexpr std::string_view check_schema = "kvplan/check/1";
constexpr std::string_view check_formats[] = {"text", "json", "sarif", "github", "junit"};

/// REQUIRES: `format` is one of check_formats.
std::unique_ptr<CheckReport> make_check_report(std::string_view format);

std::unique_ptr<CheckReport> make_text_report();
std::unique_ptr<CheckReport> make_json_report();
std::unique_ptr<CheckReport> make_sarif_report();
/// Appends the table of all files to the file that GITHUB_STEP_SUMMARY names, if any.
std::unique_ptr<CheckReport> make_github_report();
std::unique_ptr<CheckReport> make_junit_report();

/// "fits", "does_not_fit", "could_not_judge".
std::string_view verdict_word(ExitCode verdict);

/// "error" or "warning".
std::string_view severity_word(Severity severity);

/// The message with its hint, as one text.
std::string full_message(const Diagnostic& diagnostic);

/// "259,506,176 bytes (247.5 MiB), 49,790,976 more than the budget of 209,715,200".
std::string size_sentence(const CheckedFile& file);

/// "3 files: 1 fits, 2 do not; 4 errors, 1 warning".
std::string totals_sentence(const CheckTotals& totals);

/// The JSON Schema of the JSON report.
std::string check_json_schema();

}  // namespace kv
