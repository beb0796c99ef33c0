#include "bench/load/command_line.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

namespace kv::bench {

namespace {

constexpr uint64_t batches_bytes_max = 1ULL << 30;

std::vector<std::string> test_names() {
  std::vector<std::string> names;
  for (const Test& test : all_tests()) names.emplace_back(test.name);
  return names;
}

class Flags {
 public:
  Flags(CLI::App& app, LoadCommand& out) : out_(out) {
    add_server(app);
    add_requests(app);
    add_measure(app);
  }

  /// What the parser cannot see: flags that contradict each other. "" when nothing is wrong.
  std::string finish() {
    Load& load = out_.load;
    load.workload.test = find_test(test_);
    const Shape shape = load.workload.test->shape;
    const bool has_elements =
        shape != Shape::no_key && shape != Shape::key && shape != Shape::value;
    if (elements_->count() == 0) load.workload.elements = load.workload.test->elements;
    if (elements_->count() > 0 && !has_elements) {
      return fmt::format("--elements: a request of {} has one element", test_);
    }
    if (requests_->count() == 0 && seconds_->count() == 0) out_.goal.seconds = 1;
    const uint64_t bytes = encode(load.workload).bytes.size() * load.pipeline * load.connections;
    if (bytes > batches_bytes_max) {
      return fmt::format(
          "{} connections with {} requests of {} bytes each need {} bytes, and the limit is {}",
          load.connections, load.pipeline, encode(load.workload).bytes.size(), bytes,
          batches_bytes_max);
    }
    return "";
  }

 private:
  void add_server(CLI::App& app) {
    Load& load = out_.load;
    CLI::Option* host = app.add_option("--host", load.address.host, "IPv4 address of the server");
    CLI::Option* port =
        app.add_option("-p,--port", load.address.port, "its TCP port")->check(CLI::Range(1, 65535));
    app.add_option("--unix", load.address.unix_path, "path of its Unix socket")
        ->excludes(host)
        ->excludes(port);
    app.add_option("-c,--connections", load.connections, "connections to it")
        ->check(CLI::Range(1, 30000));
    app.add_option("--server-pid", out_.server_pid, "its process, whose CPU time is measured")
        ->check(CLI::PositiveNumber);
  }

  void add_requests(CLI::App& app) {
    Load& load = out_.load;
    Workload& workload = load.workload;
    app.add_option("-t,--test", test_, "which command is sent")->check(CLI::IsMember(test_names()));
    app.add_option("-P,--pipeline", load.pipeline, "requests that are sent at once")
        ->check(CLI::Range(1, 1'000'000));
    app.add_option("-d,--value-bytes", workload.value_bytes, "bytes of a value or element")
        ->check(CLI::Range(1, 16 << 20));
    app.add_option("--key-bytes", workload.key_bytes, "bytes of a key")
        ->check(CLI::Range(key_bytes_min, 1U << 20));
    elements_ = app.add_option("--elements", workload.elements,
                               "elements of a list, or keys of MSET and MGET")
                    ->check(CLI::Range(1, 100'000));
    app.add_option("-k,--keys", load.keys, "how many keys there are")
        ->check(CLI::Range(uint64_t{1}, KeySource::count_max));
    app.add_option("--order", load.order, "in which order keys come")
        ->transform(CLI::CheckedTransformer(std::map<std::string, Order>{
            {"uniform", Order::uniform}, {"sequential", Order::sequential}}));
    app.add_option("--seed", load.seed, "what random keys begin with");
  }

  void add_measure(CLI::App& app) {
    requests_ = app.add_option("-n,--requests", out_.goal.requests, "end after so many requests")
                    ->check(CLI::PositiveNumber);
    seconds_ = app.add_option("-s,--seconds", out_.goal.seconds,
                              "end after so many seconds (1, unless --requests is given)")
                   ->check(CLI::Range(0.001, 86400.0))
                   ->excludes(requests_);
    app.add_option("--warmup", out_.warmup_seconds, "seconds that are not measured, before")
        ->check(CLI::Range(0.0, 3600.0));
    app.add_option("--rate", out_.load.rate,
                   "requests per second, due at fixed times (open loop); without it, as fast as "
                   "they are answered")
        ->check(CLI::Range(0.001, 1e9));
    app.add_flag("--json", out_.json, "print JSON");
    app.add_flag("--describe", out_.describe,
                 "print the bytes of a request and of its reply as JSON, and end");
  }

  LoadCommand& out_;
  std::string test_ = "get";
  CLI::Option* elements_ = nullptr;
  CLI::Option* requests_ = nullptr;
  CLI::Option* seconds_ = nullptr;
};

}  // namespace

std::optional<LoadExit> parse_command_line(int argc, char** argv, LoadCommand& out) {
  CLI::App app("Sends requests to a server that speaks RESP and measures how they are answered.",
               "kvload");
  app.option_defaults()->always_capture_default();
  app.footer(
      "Exit codes: 0 every request was answered; 1 an error reply, or the server is gone;\n"
      "2 usage.");
  Flags flags(app, out);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked_for_help) {
    app.exit(asked_for_help);
    return LoadExit::ok;
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return LoadExit::usage;
  }
  const std::string mistake = flags.finish();
  if (mistake.empty()) return {};
  fmt::print(stderr, "kvload: error: {}\n", mistake);
  return LoadExit::usage;
}

}  // namespace kv::bench
