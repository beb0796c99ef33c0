#include "planner/rule_pages.hpp"

#include <fmt/format.h>

#include "kvcore/load/wrap.hpp"
#include "planner/check_report.hpp"
#include "planner/style.hpp"
#include "planner/table.hpp"

namespace kv {

namespace {

constexpr uint64_t terminal_width = 80;
constexpr uint64_t page_columns = 98;

constexpr std::string_view policy_mark = "# kvplan-policy.toml\n";
constexpr std::string_view manifest_mark = "# deployment.yaml\n";

bool begins(std::string_view text, std::string_view with) {
  return text.substr(0, with.size()) == with;
}

/// What the example is, and its language for a Markdown fence.
std::string_view language_of(const RuleInfo& rule) {
  if (begins(rule.example, "kvplan ")) return "sh";
  return begins(rule.example, manifest_mark) ? "yaml" : "toml";
}

std::string_view example_title(const RuleInfo& rule) {
  if (begins(rule.example, "kvplan ")) {
    return rule.example.find('\n') == std::string_view::npos ? "A command that breaks it:"
                                                             : "Commands that break it:";
  }
  if (begins(rule.example, manifest_mark))
    return "A manifest that is too small for an empty config:";
  return begins(rule.example, policy_mark) ? "A policy that an empty config breaks:"
                                           : "A config that breaks it:";
}

std::string indented(std::string_view text, std::string_view indent) {
  std::string out;
  while (!text.empty()) {
    const uint64_t end = std::min(text.find('\n'), text.size());
    out += fmt::format("{}{}\n", indent, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

std::string rule_page(const RuleInfo& rule, bool color) {
  std::string out =
      fmt::format("{} ({})\n", styled(rule.name, Style::bold, color), severity_word(rule.severity));
  out += wrap(rule.summary, /*indent=*/2, terminal_width) + '\n';
  out += wrap(rule.why, /*indent=*/2, terminal_width) + '\n';
  out += fmt::format("  {}\n\n{}\n", example_title(rule), indented(rule.example, "      "));
  out += wrap(rule.mend, /*indent=*/2, terminal_width);
  return out;
}

std::string rule_list(bool color) {
  uint64_t width = 0;
  for (const RuleInfo& rule : rules) width = std::max<uint64_t>(width, rule.name.size());
  std::string out;
  for (const RuleInfo& rule : rules) {
    out += fmt::format("{}{}  {:<7}  {}\n", styled(rule.name, Style::bold, color),
                       std::string(width - rule.name.size(), ' '), severity_word(rule.severity),
                       rule.summary);
  }
  return out;
}

std::string rules_page() {
  std::string out =
      "# Rules\n\n"
      "<!-- Written by kvplan-docs from kvcore/plan/rules.def; `ninja docs` renews it. -->\n\n"
      "What `kvplan check` holds a config to; `kvplan explain RULE` prints the same. With an "
      "error, kvd\nrefuses to start, or a policy refuses the file; with a warning, it runs, but "
      "hardly as meant. A\npolicy can set warnings and the rules of policies to `off`, `warn` or "
      "`error`.\n\n| rule | severity | summary |\n|---|---|---|\n";
  for (const RuleInfo& rule : rules) {
    out += fmt::format("| [{0}](#{0}) | {1} | {2} |\n", rule.name, severity_word(rule.severity),
                       rule.summary);
  }
  for (const RuleInfo& rule : rules) {
    out += fmt::format("\n## {}\n\n*{}.* {}\n\n", rule.name, severity_word(rule.severity),
                       rule.summary);
    out += wrap(rule.why, /*indent=*/0, page_columns);
    out += fmt::format("\n{}\n\n```{}\n{}{}```\n\n", example_title(rule), language_of(rule),
                       rule.example, rule.example.back() == '\n' ? "" : "\n");
    out += wrap(rule.mend, /*indent=*/0, page_columns);
  }
  return out;
}

}  // namespace kv
