// GitHub's workflow commands: the runner turns "::error file=…::…" on standard output into an
// annotation of the changed file, at most ten errors and ten warnings for a step.
// Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "planner/check_report.hpp"
#include "planner/escape.hpp"
#include "planner/number_text.hpp"

namespace kv {

namespace {

constexpr uint64_t annotations_max = 10;
/// GitHub drops a summary of more than 1 MiB whole.
constexpr uint64_t summary_bytes_max = 1000000;
/// Edits that an annotation names; all of them are in the summary.
constexpr uint64_t edits_in_annotation = 3;

/// A finding that may be shown, with what makes it worse than another.
struct Ranked {
  uint64_t excess_bytes;
  std::string command;
};

/// Keeps the worst `annotations_max`: the most bytes too many first, then the order of files.
class Worst {
 public:
  void add(Ranked ranked) {
    ++count_;
    const auto behind = std::find_if(kept_.begin(), kept_.end(), [&](const Ranked& other) {
      return other.excess_bytes < ranked.excess_bytes;
    });
    kept_.insert(behind, std::move(ranked));
    if (kept_.size() > annotations_max) kept_.pop_back();
  }

  std::string text() const {
    std::string out;
    for (const Ranked& ranked : kept_) out += ranked.command;
    return out;
  }

  uint64_t left_out() const { return count_ - kept_.size(); }

 private:
  std::vector<Ranked> kept_;
  uint64_t count_ = 0;
};

/// The file that GitHub shows below the job. Not there, nothing is written.
class Summary {
 public:
  Summary() {
    const char* path = std::getenv("GITHUB_STEP_SUMMARY");
    if (path != nullptr && *path != '\0') file_ = std::fopen(path, "abe");
  }
  ~Summary() {
    if (file_ != nullptr) std::fclose(file_);
  }
  Summary(const Summary&) = delete;
  Summary& operator=(const Summary&) = delete;

  void add_row(std::string_view text) {
    if (bytes_ + text.size() > summary_bytes_max) {
      ++left_out_;
      return;
    }
    add(text);
  }

  void add(std::string_view text) {
    if (file_ != nullptr) std::fwrite(text.data(), 1, text.size(), file_);
    bytes_ += text.size();
  }

  uint64_t left_out() const { return left_out_; }

 private:
  std::FILE* file_ = nullptr;
  uint64_t bytes_ = 0;
  uint64_t left_out_ = 0;
};

std::string command_text(const CheckedFile& file, const Diagnostic& finding) {
  const Place& place = finding.place;
  std::string out = fmt::format("::{} ", severity_word(finding.severity));
  if (place.file != "<stdin>") out += fmt::format("file={},", github_property(place.file));
  if (place.line > 0) {
    const std::string_view line = place.source_line;
    const std::string_view before = line.substr(0, place.caret);
    const uint64_t begin = place.column - (before.size() - code_points(before));
    const uint64_t length = code_points(line.substr(before.size(), place.length));
    out += fmt::format("line={},col={},endColumn={},", place.line, begin,
                       begin + std::max<uint64_t>(length, 1));
  }
  std::string message = full_message(finding);
  const bool budget = finding.rule == Rule::over_budget || finding.rule == Rule::policy_budget;
  const uint64_t named = budget ? std::min(file.edits.size(), edits_in_annotation) : 0;
  if (named > 0) message += "\nAny one of these makes it fit:";
  for (uint64_t i = 0; i < named; ++i) message += "\n- " + describe(file.edits[i]);
  return out + fmt::format("title={}::{}\n",
                           github_property(fmt::format("kvplan {}", rule_info(finding.rule).name)),
                           github_message(message));
}

std::string summary_row(const CheckedFile& file) {
  std::string findings;
  for (const Diagnostic& finding : file.findings) {
    if (!findings.empty()) findings += "<br>";
    std::string line = finding.place.file == file.name ? "" : finding.place.file + ": ";
    if (finding.place.line > 0) line += fmt::format("line {}: ", finding.place.line);
    findings += markdown_cell(fmt::format("{}{}: {} [{}]", line, severity_word(finding.severity),
                                          full_message(finding), rule_info(finding.rule).name));
  }
  for (const Edit& edit : file.edits) {
    findings += "<br>makes it fit: " + markdown_cell(describe(edit));
  }
  const std::string arena = file.planned ? grouped(file.arena_bytes) : "";
  const std::string budget = file.budget_bytes != unset ? grouped(file.budget_bytes) : "";
  const std::string_view verdict = file.verdict == ExitCode::fits           ? "fits"
                                   : file.verdict == ExitCode::does_not_fit ? "**does not fit**"
                                                                            : "**not judged**";
  return fmt::format("| {} | {} | {} | {} | {} |\n", markdown_cell(file.name), verdict, arena,
                     budget, findings);
}

class GithubReport : public CheckReport {
 public:
  std::string begin() override {
    summary_.add(
        "### kvplan check\n\n| file | verdict | arena bytes | budget | findings |\n"
        "|---|---|---:|---:|---|\n");
    return {};
  }

  std::string file(const CheckedFile& file) override {
    for (const Diagnostic& finding : file.findings) {
      const bool error = finding.severity == Severity::error;
      const bool budget = finding.rule == Rule::over_budget || finding.rule == Rule::policy_budget;
      (error ? errors_ : warnings_)
          .add({budget ? file.excess_bytes : 0, command_text(file, finding)});
    }
    summary_.add_row(summary_row(file));
    return {};
  }

  std::string end(const CheckTotals& totals, const std::vector<CheckFailure>& failures) override {
    std::string out;
    for (const CheckFailure& failure : failures) {
      out += fmt::format("::error title=kvplan::{}\n", github_message(failure.message));
      summary_.add(fmt::format("\n{}\n", markdown_cell(failure.message)));
    }
    out += errors_.text() + warnings_.text();
    if (errors_.left_out() + warnings_.left_out() > 0) {
      out += fmt::format("{} and {} more\n", counted(errors_.left_out(), "error"),
                         counted(warnings_.left_out(), "warning"));
    }
    if (summary_.left_out() > 0) {
      summary_.add(fmt::format("\n{} more\n", counted(summary_.left_out(), "file")));
    }
    if (totals.files == 0) return out;
    summary_.add(fmt::format("\n{}\n", totals_sentence(totals)));
    return out + totals_sentence(totals) + "\n";
  }

 private:
  Worst errors_;
  Worst warnings_;
  Summary summary_;
};

}  // namespace

std::unique_ptr<CheckReport> make_github_report() { return std::make_unique<GithubReport>(); }

}  // namespace kv
