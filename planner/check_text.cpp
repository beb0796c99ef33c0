// The report as people read it, and what all formats say in the same words.
#include <fmt/format.h>

#include "planner/check_report.hpp"
#include "planner/judge.hpp"
#include "planner/number_text.hpp"

namespace kv {

namespace {

class TextReport : public CheckReport {
 public:
  std::string file(const CheckedFile& file) override {
    std::string out = fmt::format("{:<5} {}: {}\n", word_of(file.verdict), file.name, what(file));
    for (const ManifestLimit& limit : file.limits) out += spare_text(file, limit);
    const bool over =
        has_rule(file.findings, Rule::over_budget) || has_rule(file.findings, Rule::policy_budget);
    if (over && file.edits.empty()) return out + "      no single edit makes it fit\n";
    if (file.edits.empty()) return out;
    out += "      any one of these makes it fit:\n";
    for (const Edit& edit : file.edits) out += fmt::format("        {}\n", describe(edit));
    return out;
  }

  std::string end(const CheckTotals& totals, const std::vector<CheckFailure>&) override {
    return totals.files == 0 ? std::string() : totals_sentence(totals) + '\n';
  }

 private:
  static std::string_view word_of(ExitCode verdict) {
    return verdict == ExitCode::fits ? "ok" : verdict == ExitCode::does_not_fit ? "FAIL" : "?";
  }

  /// Of a limit that holds the plan; what is wrong with another is a finding.
  static std::string spare_text(const CheckedFile& file, const ManifestLimit& limit) {
    if (limit.bytes == UINT64_MAX || limit.bytes < file.container_bytes) return {};
    return fmt::format("      {}: {} may take {} bytes, {} more than the plan's {}\n",
                       file.manifest, limit.name, grouped(limit.bytes),
                       grouped(limit.bytes - file.container_bytes), grouped(file.container_bytes));
  }

  static std::string what(const CheckedFile& file) {
    if (file.planned) return size_sentence(file);
    return file.verdict == ExitCode::could_not_judge ? "not judged" : "no plan";
  }
};

}  // namespace

std::unique_ptr<CheckReport> make_text_report() { return std::make_unique<TextReport>(); }

std::unique_ptr<CheckReport> make_check_report(std::string_view format) {
  if (format == "json") return make_json_report();
  if (format == "sarif") return make_sarif_report();
  if (format == "github") return make_github_report();
  return format == "junit" ? make_junit_report() : make_text_report();
}

std::string_view verdict_word(ExitCode verdict) {
  return verdict == ExitCode::fits           ? "fits"
         : verdict == ExitCode::does_not_fit ? "does_not_fit"
                                             : "could_not_judge";
}

std::string_view severity_word(Severity severity) {
  return severity == Severity::error ? "error" : "warning";
}

std::string full_message(const Diagnostic& diagnostic) {
  return diagnostic.hint.empty() ? diagnostic.message : diagnostic.message + "; " + diagnostic.hint;
}

std::string size_sentence(const CheckedFile& file) {
  std::string out =
      fmt::format("{} bytes ({})", grouped(file.arena_bytes), human_size(file.arena_bytes));
  if (file.budget_bytes == unset) return out + ", no budget";
  const bool over = file.arena_bytes > file.budget_bytes;
  const uint64_t difference =
      over ? file.arena_bytes - file.budget_bytes : file.budget_bytes - file.arena_bytes;
  return out + fmt::format(", {} {} than the budget of {}", grouped(difference),
                           over ? "more" : "less", grouped(file.budget_bytes));
}

std::string totals_sentence(const CheckTotals& totals) {
  std::string out = fmt::format("{}: {} {}", counted(totals.files, "file"), grouped(totals.fit),
                                totals.fit == 1 ? "fits" : "fit");
  if (totals.do_not_fit > 0) {
    out += fmt::format(", {} {} not", grouped(totals.do_not_fit),
                       totals.do_not_fit == 1 ? "does" : "do");
  }
  if (totals.not_judged > 0) {
    out += fmt::format(", {} could not be judged", grouped(totals.not_judged));
  }
  return out + fmt::format("; {}, {}", counted(totals.errors, "error"),
                           counted(totals.warnings, "warning"));
}

}  // namespace kv
