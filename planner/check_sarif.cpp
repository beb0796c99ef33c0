// SARIF 2.1.0: one run, whose rules are all of the table and whose results are the findings.
// Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
#include <fmt/format.h>

#include <map>

#include "kvcore/plan/version.hpp"
#include "planner/check_report.hpp"
#include "planner/escape.hpp"

namespace kv {

namespace {

/// FNV-1a: the same on every machine, and no secret is behind a fingerprint.
uint64_t hash_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::string uri_of(std::string_view file) {
  return (file.substr(0, 1) == "/" ? "file://" : "") + uri_text(file);
}

std::string rule_json(const RuleInfo& rule) {
  return fmt::format(
      R"({{"id": {}, "shortDescription": {{"text": {}}}, "fullDescription": {{"text": {}}}, )"
      R"("help": {{"text": {}}}, "defaultConfiguration": {{"level": {}}}}})",
      json_text(rule.name), json_text(rule.summary), json_text(rule.why), json_text(rule.mend),
      json_text(severity_word(rule.severity)));
}

/// Columns are counted in code points, behind the end for the last.
std::string region_json(const Place& place) {
  const std::string_view line = place.source_line;
  const std::string_view before = line.substr(0, place.caret);
  const std::string_view marked = line.substr(before.size(), place.length);
  const uint64_t begin = place.column - (before.size() - code_points(before));
  const uint64_t length = std::max<uint64_t>(code_points(marked), 1);
  return fmt::format(R"({{"startLine": {}, "startColumn": {}, "endColumn": {}}})", place.line,
                     begin, begin + length);
}

class SarifReport : public CheckReport {
 public:
  std::string begin() override {
    std::string all;
    for (const RuleInfo& rule : rules) {
      all += fmt::format("{}\n            {}", all.empty() ? "" : ",", rule_json(rule));
    }
    return fmt::format(R"({{
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "version": "2.1.0",
  "runs": [
    {{
      "tool": {{
        "driver": {{
          "name": "kvplan",
          "version": {0},
          "semanticVersion": {0},
          "rules": [{1}
          ]
        }}
      }},
      "columnKind": "unicodeCodePoints",
      "results": [)",
                       json_text(version), all);
  }

  std::string file(const CheckedFile& file) override {
    std::string out;
    std::map<uint64_t, uint64_t> seen;  // the same mistake on two equal lines
    for (const Diagnostic& finding : file.findings) {
      out += first_ ? "\n        " : ",\n        ";
      first_ = false;
      out += result_json(file, finding, seen);
    }
    return out;
  }

  std::string end(const CheckTotals& totals, const std::vector<CheckFailure>& failures) override {
    std::string notes;
    for (const CheckFailure& failure : failures) {
      notes += fmt::format(R"({}{{"level": "error", "message": {{"text": {}}}}})",
                           notes.empty() ? "" : ", ", json_text(failure.message));
    }
    const ExitCode code = failures.empty() ? totals.exit_code() : ExitCode::could_not_judge;
    return fmt::format(R"({}],
      "invocations": [
        {{"executionSuccessful": {}, "exitCode": {}, "toolExecutionNotifications": [{}]}}
      ]
    }}
  ]
}}
)",
                       first_ ? "" : "\n      ", code != ExitCode::could_not_judge,
                       static_cast<int>(code), notes);
  }

 private:
  /// The fingerprint holds the rule, the file and the text of the line, not its number: a
  /// finding stays the same one when lines are added above it.
  static std::string result_json(const CheckedFile& file, const Diagnostic& finding,
                                 std::map<uint64_t, uint64_t>& seen) {
    const Place& place = finding.place;
    const std::string_view name = rule_info(finding.rule).name;
    const uint64_t hash =
        hash_of(fmt::format("{}\n{}\n{}", name, place.file, trimmed(place.source_line)));
    std::string text = full_message(finding);
    const bool budget = finding.rule == Rule::over_budget || finding.rule == Rule::policy_budget;
    if (budget && !file.edits.empty()) {
      text += ". Any one of these makes it fit:";
      for (const Edit& edit : file.edits) text += "\n- " + describe(edit);
    }
    return fmt::format(
        R"({{"ruleId": {}, "ruleIndex": {}, "level": {}, "message": {{"text": {}}}, )"
        R"("locations": [{{"physicalLocation": {{"artifactLocation": {{"uri": {}, )"
        R"("uriBaseId": "%SRCROOT%"}}{}}}}}], )"
        R"("partialFingerprints": {{"primaryLocationLineHash": "{:016x}:{}"}}}})",
        json_text(name), static_cast<uint64_t>(finding.rule),
        json_text(severity_word(finding.severity)), json_text(text), json_text(uri_of(place.file)),
        place.line > 0 ? ", \"region\": " + region_json(place) : std::string(), hash, ++seen[hash]);
  }

  bool first_ = true;
};

}  // namespace

std::unique_ptr<CheckReport> make_sarif_report() { return std::make_unique<SarifReport>(); }

}  // namespace kv
