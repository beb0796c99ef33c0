// "kvplan/check/1": one document for all files, written as they are checked.
#include <fmt/format.h>

#include "planner/check_report.hpp"
#include "planner/escape.hpp"

namespace kv {

namespace {

std::string text_or_null(std::string_view text) { return text.empty() ? "null" : json_text(text); }
std::string number_or_null(uint64_t number, bool given) {
  return given ? std::to_string(number) : "null";
}

/// One line, so that a finding can be found with grep.
std::string finding_json(std::string_view rule, std::string_view severity, std::string_view message,
                         std::string_view hint, const Place& place) {
  const bool at_line = place.line > 0;
  return fmt::format(
      R"({{"rule": {}, "severity": {}, "message": {}, "hint": {}, "file": {}, "line": {}, )"
      R"("column": {}}})",
      json_text(rule), json_text(severity), json_text(message), text_or_null(hint),
      text_or_null(place.file), number_or_null(place.line, at_line),
      number_or_null(place.column, at_line));
}

std::string edit_json(const Edit& edit) {
  return fmt::format(R"({{"option": {}, "from": {}, "to": {}, "gives_up": {}}})",
                     json_text(option_info(edit.option).key), edit.from, edit.to,
                     json_text(edit.gives_up));
}

std::string limit_json(const ManifestLimit& limit) {
  return fmt::format(R"({{"name": {}, "bytes": {}}})", json_text(limit.name),
                     number_or_null(limit.bytes, limit.bytes != UINT64_MAX));
}

/// "[]", or one item to a line.
std::string array_json(const std::vector<std::string>& items, std::string_view indent) {
  if (items.empty()) return "[]";
  const std::string separator = fmt::format(",\n{}  ", indent);
  return fmt::format("[\n{0}  {1}\n{0}]", indent, fmt::join(items, separator));
}

class JsonReport : public CheckReport {
 public:
  std::string begin() override {
    return fmt::format("{{\n  \"schema\": {},\n  \"files\": [", json_text(check_schema));
  }

  std::string file(const CheckedFile& file) override {
    std::vector<std::string> findings;
    for (const Diagnostic& d : file.findings) {
      findings.push_back(finding_json(rule_info(d.rule).name, severity_word(d.severity), d.message,
                                      d.hint, d.place));
    }
    std::vector<std::string> edits;
    for (const Edit& edit : file.edits) edits.push_back(edit_json(edit));
    std::vector<std::string> limits;
    for (const ManifestLimit& limit : file.limits) limits.push_back(limit_json(limit));
    const std::string_view separator = first_ ? "" : ",";
    first_ = false;
    return fmt::format(
        "{}\n    {{\n      \"file\": {},\n      \"verdict\": {},\n      \"arena_bytes\": {},\n"
        "      \"container_bytes\": {},\n      \"budget_bytes\": {},\n      \"findings\": {},\n"
        "      \"edits\": {},\n      \"manifest_limits\": {}\n    }}",
        separator, json_text(file.name), json_text(verdict_word(file.verdict)),
        number_or_null(file.arena_bytes, file.planned),
        number_or_null(file.container_bytes, file.planned),
        number_or_null(file.budget_bytes, file.budget_bytes != unset),
        array_json(findings, "      "), array_json(edits, "      "), array_json(limits, "      "));
  }

  std::string end(const CheckTotals& totals, const std::vector<CheckFailure>& failures) override {
    std::vector<std::string> problems;
    for (const CheckFailure& failure : failures) {
      problems.push_back(finding_json(failure.rule, "error", failure.message, "", failure.place));
    }
    return fmt::format(
        "{}],\n  \"summary\": {{\"files\": {}, \"fit\": {}, \"do_not_fit\": {}, "
        "\"not_judged\": {}, \"errors\": {}, \"warnings\": {}}},\n  \"failures\": {}\n}}\n",
        first_ ? "" : "\n  ", totals.files, totals.fit, totals.do_not_fit, totals.not_judged,
        totals.errors, totals.warnings, array_json(problems, "  "));
  }

 private:
  bool first_ = true;
};

/// The names of a table, for an enum of the schema.
template <typename Rows, typename Name>
std::string quoted_names(const Rows& rows, Name name) {
  std::string out;
  for (const auto& row : rows) out += (out.empty() ? "" : ", ") + json_text(row.*name);
  return out;
}

std::string finding_schema(std::string_view rule_names) {
  return fmt::format(
      R"({{"type": "object", "additionalProperties": false,
      "required": ["rule", "severity", "message", "hint", "file", "line", "column"],
      "properties": {{
        "rule": {{"enum": [{}]}},
        "severity": {{"enum": ["error", "warning"]}},
        "message": {{"type": "string"}},
        "hint": {{"type": ["string", "null"]}},
        "file": {{"type": ["string", "null"]}},
        "line": {{"type": ["integer", "null"], "minimum": 1}},
        "column": {{"type": ["integer", "null"], "minimum": 1}}}}}})",
      rule_names);
}

}  // namespace

std::unique_ptr<CheckReport> make_json_report() { return std::make_unique<JsonReport>(); }

std::string check_json_schema() {
  const std::string rule_names = quoted_names(rules, &RuleInfo::name);
  const std::string failure_names = "\"usage\", " + rule_names;
  const std::string option_names = quoted_names(options, &OptionInfo::key);
  return fmt::format(R"({{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": {},
  "description": "What `kvplan check --format json` prints, whatever happens.",
  "type": "object",
  "required": ["schema", "files", "summary", "failures"],
  "additionalProperties": false,
  "properties": {{
    "schema": {{"const": {}}},
    "files": {{"type": "array", "items": {{"$ref": "#/definitions/file"}}}},
    "summary": {{
      "type": "object", "additionalProperties": false,
      "required": ["files", "fit", "do_not_fit", "not_judged", "errors", "warnings"],
      "properties": {{
        "files": {{"$ref": "#/definitions/count"}}, "fit": {{"$ref": "#/definitions/count"}},
        "do_not_fit": {{"$ref": "#/definitions/count"}},
        "not_judged": {{"$ref": "#/definitions/count"}},
        "errors": {{"$ref": "#/definitions/count"}},
        "warnings": {{"$ref": "#/definitions/count"}}}}}},
    "failures": {{"type": "array", "items": {{"$ref": "#/definitions/failure"}}}}
  }},
  "definitions": {{
    "count": {{"type": "integer", "minimum": 0}},
    "bytes": {{"type": ["integer", "null"], "minimum": 0}},
    "failure": {},
    "finding": {},
    "edit": {{"type": "object", "additionalProperties": false,
      "required": ["option", "from", "to", "gives_up"],
      "properties": {{
        "option": {{"enum": [{}]}},
        "from": {{"type": "integer"}}, "to": {{"type": "integer"}},
        "gives_up": {{"type": "string"}}}}}},
    "limit": {{"type": "object", "additionalProperties": false,
      "required": ["name", "bytes"],
      "properties": {{
        "name": {{"type": "string"}},
        "bytes": {{"$ref": "#/definitions/bytes"}}}}}},
    "file": {{"type": "object", "additionalProperties": false,
      "required": ["file", "verdict", "arena_bytes", "container_bytes", "budget_bytes",
                   "findings", "edits", "manifest_limits"],
      "properties": {{
        "file": {{"type": "string"}},
        "verdict": {{"enum": ["fits", "does_not_fit", "could_not_judge"]}},
        "arena_bytes": {{"$ref": "#/definitions/bytes"}},
        "container_bytes": {{"$ref": "#/definitions/bytes"}},
        "budget_bytes": {{"$ref": "#/definitions/bytes"}},
        "findings": {{"type": "array", "items": {{"$ref": "#/definitions/finding"}}}},
        "edits": {{"type": "array", "items": {{"$ref": "#/definitions/edit"}}}},
        "manifest_limits": {{"type": "array", "items": {{"$ref": "#/definitions/limit"}}}}}}}}
  }}
}}
)",
                     json_text(check_schema), json_text(check_schema),
                     finding_schema(failure_names), finding_schema(rule_names), option_names);
}

}  // namespace kv
