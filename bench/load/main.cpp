// kvload: parse, connect, warm up, measure, report.

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "bench/load/command_line.hpp"
#include "bench/load/process_cpu.hpp"

namespace {

using kv::bench::LoadExit;

struct Measured {
  kv::bench::Outcome outcome;
  std::optional<uint64_t> server_cpu_ns;
  uint64_t own_cpu_ns = 0;
};

LoadExit fail(const std::string& message) {
  fmt::print(stderr, "kvload: error: {}\n", message);
  return LoadExit::failed;
}

LoadExit describe(const kv::bench::LoadCommand& command) {
  const kv::bench::Request request = kv::bench::encode(command.load.workload);
  fmt::print("{{\"request_bytes\": {}, \"reply_bytes\": {}}}\n", request.bytes.size(),
             request.reply_bytes);
  return LoadExit::ok;
}

std::string measure(const kv::bench::LoadCommand& command, kv::bench::Client& client,
                    Measured& out) {
  const auto server_before = kv::bench::cpu_ns_of(command.server_pid);
  const uint64_t own_before = kv::bench::own_cpu_ns();
  const std::string failure = client.run(command.goal, out.outcome);
  out.own_cpu_ns = kv::bench::own_cpu_ns() - own_before;
  const auto server_after = kv::bench::cpu_ns_of(command.server_pid);
  if (server_before && server_after) out.server_cpu_ns = *server_after - *server_before;
  return failure;
}

void print(const Measured& measured, const std::string& first_error, bool json) {
  const kv::bench::Outcome& out = measured.outcome;
  const auto requests = static_cast<double>(out.requests);
  const auto per_request_us = [&](uint64_t ns) { return static_cast<double>(ns) / 1e3 / requests; };
  const auto us = [&](double fraction) {
    return static_cast<double>(out.latency.percentile(fraction)) / 1e3;
  };
  nlohmann::ordered_json report = {
      {"requests", out.requests},
      {"seconds", out.seconds},
      {"errors", out.errors},
      {"misses", out.misses},
      {"rps", requests / out.seconds},
      {"p50_us", us(0.5)},
      {"p99_us", us(0.99)},
      {"p99_9_us", us(0.999)},
      {"max_us", static_cast<double>(out.latency.max()) / 1e3},
      {"generator_cpu_us", per_request_us(measured.own_cpu_ns)},
  };
  if (measured.server_cpu_ns) report["server_cpu_us"] = per_request_us(*measured.server_cpu_ns);
  if (!first_error.empty()) report["first_error"] = first_error;
  if (json) {
    fmt::print("{}\n", report.dump(/*indent=*/-1, ' ', /*ensure_ascii=*/true,
                                   nlohmann::json::error_handler_t::replace));
    return;
  }
  for (const auto& [name, value] : report.items()) {
    if (value.is_number_float()) {
      fmt::print("{:<17} {:>14.3f}\n", name, value.get<double>());
    } else {
      fmt::print("{:<17} {:>14}\n", name,
                 value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  kv::bench::LoadCommand command;
  if (const auto done = kv::bench::parse_command_line(argc, argv, command))
    return static_cast<int>(*done);
  if (command.describe) return static_cast<int>(describe(command));
  if (command.server_pid != 0 && !kv::bench::cpu_ns_of(command.server_pid)) {
    return static_cast<int>(fail(fmt::format(
        "--server-pid: no processor time of process {} is to be had", command.server_pid)));
  }
  kv::bench::Client client(command.load);
  if (const std::string failure = client.open(); !failure.empty()) {
    return static_cast<int>(fail(failure));
  }
  kv::bench::Outcome warm;
  Measured measured;
  std::string failure;
  if (command.warmup_seconds > 0) failure = client.run({0, command.warmup_seconds}, warm);
  if (failure.empty()) failure = measure(command, client, measured);
  if (!failure.empty()) return static_cast<int>(fail(failure));
  client.leave();
  print(measured, client.first_error(), command.json);
  const bool errors = warm.errors + measured.outcome.errors > 0;
  return static_cast<int>(
      errors ? fail("the server answered with errors, the first of them: " + client.first_error())
             : LoadExit::ok);
}
