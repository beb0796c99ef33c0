#include "server/start_report.hpp"

#include <fmt/format.h>

#include "kvcore/load/guarantee.hpp"
#include "kvcore/load/words.hpp"
#include "kvcore/load/wrap.hpp"

namespace kv {

using words::grouped;

namespace {

/// The kernel was not asked yet; the line that says ready names the one that serves.
std::string_view io_of(const Config& config) {
  constexpr std::string_view words[] = {"io_uring, or epoll where the kernel refuses it",
                                        "io_uring", "epoll"};
  return words[config.server_io];
}

}  // namespace

std::string start_report(const Allocation& allocation, const Verification& verification) {
  constexpr std::string_view row = "  {:<12}{:>20}{:>20}\n";
  const std::string rule(52, '-');
  std::string text = fmt::format(row, "component", "planned", "carved");
  text += fmt::format("  {}\n", rule);
  for (const ComponentCheck& check : verification.components) {
    text += fmt::format(row, component_info(check.component).name, grouped(check.planned_bytes),
                        grouped(check.carved_bytes));
  }
  text += fmt::format("  {}\n", rule);
  text += fmt::format(row, "arena", grouped(verification.planned_bytes),
                      grouped(verification.carved_bytes));
  text += fmt::format("  container limit: {} bytes\n", grouped(allocation.container_bytes));
  text += fmt::format("  io: {}\n", io_of(allocation.config));
  text += wrap(describe(guarantee(allocation)), /*indent=*/2, /*width=*/96);
  return text;
}

std::string seal_report(const Config& config, IoKind io) {
  const bool writes_files = config.snapshot_enabled != 0;
  const uint64_t call_count = permitted_call_count(io, writes_files);
  const std::string_view ring = writes_files
                                    ? "the ring limited to accept, receive, send, write and sync; "
                                    : "the ring limited to accept, receive and send; ";
  std::string text = "after ready: ";
  switch (static_cast<SandboxMode>(config.server_sandbox)) {
    case SandboxMode::strict:
      text +=
          fmt::format("{} system calls permitted, any other ends the process; {}no capabilities",
                      call_count, io == IoKind::io_uring ? ring : "");
      break;
    case SandboxMode::log:
      text += fmt::format(
          "{} system calls permitted, any other is logged by the kernel; no capabilities",
          call_count);
      break;
    case SandboxMode::off:
      text += "no sandbox, capabilities kept";
      break;
  }
  text +=
      config.server_core_dumps != 0 ? "; core dumps as the system has them\n" : "; no core dumps\n";
  return text;
}

std::string difference_report(const Verification& verification) {
  std::string text;
  for (const ComponentCheck& check : verification.components) {
    if (check.equal()) continue;
    text += fmt::format("kvd: {}: planned {} bytes, carved {} bytes\n",
                        component_info(check.component).name, grouped(check.planned_bytes),
                        grouped(check.carved_bytes));
  }
  return text;
}

}  // namespace kv
