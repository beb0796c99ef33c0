// kvplan doctor: load, read the host's facts, ask the server where there is one, report.
#include <CLI/CLI.hpp>
#include <cstdlib>

#include "planner/command_line.hpp"
#include "planner/commands.hpp"
#include "planner/doctor_report.hpp"
#include "planner/planned_file.hpp"

namespace kv {

namespace {

struct DoctorFlags {
  DoctorFlags()
      : line({"doctor",
              "Says whether this machine satisfies a config, and what mends it where not; "
              "for a running kvd also what could be lowered, and what that would save."}) {
    CLI::App& app = line.app();
    line.add_word(file, "FILE", "TOML or JSON config; - is standard input");
    line.add_choice(format, "-f,--format", "how the report is written", {"table", "json"});
    app.add_option("--address", address, "a running kvd, such as 127.0.0.1:6379")
        ->type_name("HOST:PORT");
    app.add_option("--pid", pid, "process of a running kvd, on this machine")->type_name("PID");
    app.footer(
        "A password for --address is taken from the environment: KVD_PASSWORD.\n"
        "Exit codes: 0 no failure (there may be warnings); 1 a failure; 2 not judged.");
  }

  CommandLine line;
  std::string file;
  std::string format;
  std::string address;
  uint64_t pid = 0;
};

/// Empty, or why the server could not be examined.
std::string look_at_server(const DoctorFlags& flags, DoctorReport& report) {
  if (!flags.address.empty()) {
    const char* password = std::getenv("KVD_PASSWORD");
    const auto info = ask_for_info(flags.address, password == nullptr ? "" : password);
    if (info.index() == 1) return std::get<1>(info);
    auto server = parse_info(std::get<0>(info));
    if (server.index() == 1) return flags.address + ": " + std::get<1>(server);
    report.server = std::get<0>(server);
  }
  if (flags.pid != 0) {
    const auto residence = read_residence(flags.pid, *report.allocation);
    if (residence.index() == 1) return std::get<1>(residence);
    report.residence = std::get<0>(residence);
  }
  return {};
}

}  // namespace

void show_doctor(const FlagsVisitor& look) { look(DoctorFlags().line.app()); }

ExitCode run_doctor(std::span<char* const> arguments) {
  DoctorFlags flags;
  CommandLine& line = flags.line;
  if (const std::optional<ExitCode> done = line.parse(arguments)) return *done;
  PlannedFile file;
  if (const auto failed = load_plan(flags.file, line.color(), file)) return *failed;

  DoctorReport report;
  report.allocation = &file.allocation;
  const HostFacts facts = read_host_facts();
  report.findings = examine(facts, file.allocation);
  add_lowering(report.findings, facts, file.settings.config, file.allocation);
  const std::string failure = look_at_server(flags, report);
  if (!failure.empty()) {
    print_error(failure, "", line.color());
    return ExitCode::could_not_judge;
  }
  for (Finding& finding : examine_server(report)) report.findings.push_back(std::move(finding));
  if (report.server) {
    report.savings = possible_savings(file.settings.config, *report.server);
    report.all_savings = all_savings(file.settings.config, report.savings);
  }
  const bool fails = worst(report.findings) == Verdict::fail;
  return line.finish(
      flags.format == "json" ? doctor_json(report) : doctor_text(report, line.report_in_color()),
      {}, fails ? ExitCode::does_not_fit : ExitCode::fits);
}

}  // namespace kv
