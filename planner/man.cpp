// kvplan's manual page: every command with its flags, and the exit codes.
#include "kvcore/load/man.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "planner/commands.hpp"
#include "planner/docs.hpp"

namespace kv {

std::string kvplan_man_page() {
  ManPage page("kvplan", "plans the memory of kvd, to the byte, before anything is started");
  page.section("SYNOPSIS");
  page.paragraph("kvplan [COMMAND] [OPTIONS]");
  page.section("DESCRIPTION");
  page.paragraph(
      "kvplan tells how many bytes kvd will take with a config, component by component, and "
      "refuses a config that does not fit. Reports go to standard output, diagnostics to standard "
      "error. Without a command it prints the plan.");
  page.section("COMMANDS");
  for (const CommandRow& row : command_rows()) page.item(row.name, row.summary);
  bool first = true;
  for (const CommandRow& row : command_rows()) {
    page.section(fmt::format("kvplan {}", row.name));
    row.show([&](const CLI::App& app) {
      page.paragraph(app.get_description());
      page.flags(app, /*only_own=*/!first);
      if (!first && !app.get_footer().empty()) page.lines(app.get_footer());
    });
    first = false;
  }
  page.section("EXIT STATUS");
  page.item("0", "It fits.");
  page.item("1", "It does not fit: the config is invalid or over budget.");
  page.item("2", "It could not be judged: usage, a file that cannot be read or written.");
  page.section("SEE ALSO");
  page.paragraph("kvd(1)");
  return page.text();
}

}  // namespace kv
