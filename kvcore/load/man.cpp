#include "kvcore/load/man.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "kvcore/load/flags.hpp"
#include "kvcore/plan/version.hpp"

namespace kv {

namespace {

/// The text with what roff would interpret escaped, and the sign of multiplication in ASCII. A line
/// may not begin with a control character, and a hyphen is a minus so that flags can be copied.
std::string escaped(std::string_view text) {
  std::string out;
  bool line_begins = true;
  constexpr std::string_view times = "×";
  for (uint64_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (text.substr(i).starts_with(times)) {
      out += "\\(mu";
      i += times.size() - 1;
      continue;
    }
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    line_begins = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

std::string term_of(const CLI::Option& option) {
  std::string names = option.get_name(false, /*all_options=*/true);
  for (auto at = names.find(','); at != std::string::npos; at = names.find(',', at + 2)) {
    names.insert(at + 1, " ");
  }
  const OptionInfo* info = option_of_flag(names);
  if (info != nullptr && !info->alias.empty()) names += ", " + flag_alias(*info);
  const std::string type = option.get_type_name();
  return type.empty() ? names : names + ' ' + type;
}

}  // namespace

ManPage::ManPage(std::string_view name, std::string_view summary)
    : text_(
          fmt::format(".TH {} 1 \"\" \"{} {}\" \"User Commands\"\n", upper(name), name, version)) {
  section("NAME");
  text_ += fmt::format("{} \\- {}\n", escaped(name), escaped(summary));
}

void ManPage::section(std::string_view title) {
  text_ += fmt::format(".SH {}\n", escaped(upper(title)));
}

void ManPage::subsection(std::string_view title) {
  text_ += fmt::format(".SS {}\n", escaped(title));
}

void ManPage::paragraph(std::string_view text) { text_ += fmt::format(".PP\n{}\n", escaped(text)); }

void ManPage::lines(std::string_view text) {
  text_ += fmt::format(".PP\n.nf\n{}\n.fi\n", escaped(text));
}

void ManPage::item(std::string_view term, std::string_view text) {
  text_ += fmt::format(".TP\n\\fB{}\\fR\n{}\n", escaped(term), escaped(text));
}

void ManPage::flags(const CLI::App& app, bool only_own) {
  for (const std::string& group : app.get_groups()) {
    bool begun = false;
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_group() != group || option->get_positional()) continue;
      const std::string name = option->get_name(false, /*all_options=*/true);
      const OptionInfo* info = option_of_flag(name);
      if (info != nullptr && (only_own || flag_alias(*info) == name)) continue;
      if (!begun && !only_own && group != "Options") subsection(group);
      begun = true;
      const std::string help = option->get_description();
      item(term_of(*option), help);
      if (info != nullptr) text_ += fmt::format(".br\n{}\n", escaped(info->explanation));
    }
  }
}

std::string man_page(const CLI::App& app) {
  std::string summary = app.get_description();
  if (summary.ends_with('.')) summary.pop_back();
  ManPage page(app.get_name(), summary);
  page.section("SYNOPSIS");
  page.paragraph(app.get_name() + " [OPTIONS]");
  page.section("OPTIONS");
  page.flags(app);
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    page.section(fmt::format("{} {}", app.get_name(), command->get_name()));
    page.paragraph(command->get_description());
    page.flags(*command);
  }
  if (!app.get_footer().empty()) {
    page.section("NOTES");
    page.lines(app.get_footer());
  }
  return page.text();
}

}  // namespace kv
