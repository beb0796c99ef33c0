// kvplan-docs DIR: writes what follows from the tables into DIR: pages, JSON Schemas, man/kvplan.1.
#include <cstdio>
#include <string>

#include "planner/advise_report.hpp"
#include "planner/check_report.hpp"
#include "planner/config_schema.hpp"
#include "planner/diff_report.hpp"
#include "planner/docs.hpp"
#include "planner/exit_code.hpp"
#include "planner/output.hpp"
#include "planner/plan_json.hpp"
#include "planner/rule_pages.hpp"
#include "planner/solve_report.hpp"
#include "planner/sweep_report.hpp"

namespace {

bool write(const std::string& directory, const char* name, const std::string& page) {
  const std::string failure = kv::write_report(page, directory + "/" + name);
  if (!failure.empty()) std::fprintf(stderr, "kvplan-docs: error: %s\n", failure.c_str());
  return failure.empty();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: kvplan-docs DIR\n");
    return static_cast<int>(kv::ExitCode::could_not_judge);
  }
  const std::string directory = argv[1];
  const bool written = write(directory, "options.md", kv::options_page()) &&
                       write(directory, "commands.md", kv::commands_page()) &&
                       write(directory, "rules.md", kv::rules_page()) &&
                       write(directory, "advise.schema.json", kv::advise_json_schema()) &&
                       write(directory, "plan.schema.json", kv::plan_json_schema()) &&
                       write(directory, "check.schema.json", kv::check_json_schema()) &&
                       write(directory, "config.schema.json", kv::config_json_schema()) &&
                       write(directory, "diff.schema.json", kv::diff_json_schema()) &&
                       write(directory, "lock.schema.json", kv::lock_json_schema()) &&
                       write(directory, "solve.schema.json", kv::solve_json_schema()) &&
                       write(directory, "sweep.schema.json", kv::sweep_json_schema()) &&
                       write(directory, "man/kvplan.1", kv::kvplan_man_page());
  return static_cast<int>(written ? kv::ExitCode::fits : kv::ExitCode::could_not_judge);
}
