// JUnit XML, as Jenkins and GitLab read it: a suite and a test for each file. A suite of its
// own, because its attributes count the failures, and stand before them.
#include <fmt/format.h>

#include "planner/check_report.hpp"
#include "planner/escape.hpp"

namespace kv {

namespace {

std::string element(std::string_view tag, std::string_view type, std::string_view message,
                    std::string_view body) {
  return fmt::format("      <{0} type=\"{1}\" message=\"{2}\">{3}</{0}>\n", tag, xml_text(type),
                     xml_text(message), xml_text(body));
}

class JunitReport : public CheckReport {
 public:
  std::string begin() override {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"kvplan check\">\n";
  }

  std::string file(const CheckedFile& file) override {
    std::string errors;
    std::string warnings;
    const Diagnostic* first = nullptr;
    for (const Diagnostic& finding : file.findings) {
      const bool error = finding.severity == Severity::error;
      if (error && first == nullptr) first = &finding;
      (error ? errors : warnings) += render(finding, /*color=*/false);
    }
    for (const Edit& edit : file.edits) errors += "makes it fit: " + describe(edit) + "\n";
    const bool judged = file.verdict != ExitCode::could_not_judge;
    std::string content;
    if (first != nullptr) {
      content += element(judged ? "failure" : "error", rule_info(first->rule).name,
                         full_message(*first), errors);
    }
    if (!warnings.empty()) {
      content += fmt::format("      <system-out>{}</system-out>\n", xml_text(warnings));
    }
    const bool failed = first != nullptr;
    return suite(file.name, failed && judged, failed && !judged, content);
  }

  std::string end(const CheckTotals&, const std::vector<CheckFailure>& failures) override {
    std::string out;
    for (const CheckFailure& failure : failures) {
      out += suite("kvplan check", /*failed=*/false, /*erred=*/true,
                   element("error", failure.rule, failure.message, failure.message));
    }
    return out + "</testsuites>\n";
  }

 private:
  static std::string suite(std::string_view name, bool failed, bool erred,
                           const std::string& content) {
    const std::string text = xml_text(name);
    return fmt::format(
        "  <testsuite name=\"{0}\" tests=\"1\" failures=\"{1}\" errors=\"{2}\" skipped=\"0\">\n"
        "    <testcase classname=\"kvplan.check\" name=\"{0}\"{3}"
        "  </testsuite>\n",
        text, failed ? 1 : 0, erred ? 1 : 0,
        content.empty() ? "/>\n" : ">\n" + content + "    </testcase>\n");
  }
};

}  // namespace

std::unique_ptr<CheckReport> make_junit_report() { return std::make_unique<JunitReport>(); }

}  // namespace kv
