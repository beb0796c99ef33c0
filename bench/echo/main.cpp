// kvecho: parse, listen, answer.

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <string>

#include "bench/echo/echo.hpp"
#include "bench/net/sockets.hpp"

namespace {

constexpr int failed = 1;
constexpr int usage = 2;

struct Flags {
  kv::bench::Address address = {.host = "127.0.0.1", .port = 0, .unix_path = ""};
  uint64_t request_bytes = 14;  // of PING
  uint64_t reply_bytes = 7;
  uint32_t connections = 1024;
  std::string mode = "ring";
};

void add(CLI::App& app, Flags& flags) {
  app.option_defaults()->always_capture_default();
  CLI::Option* port =
      app.add_option("-p,--port", flags.address.port, "TCP port; 0 lets the system choose");
  CLI::Option* host = app.add_option("--host", flags.address.host, "IPv4 address to listen on");
  app.add_option("--unix", flags.address.unix_path, "path of a Unix socket to listen on instead")
      ->excludes(port)
      ->excludes(host);
  app.add_option("--request-bytes", flags.request_bytes, "bytes of a request")
      ->check(CLI::Range(1, 1 << 30));
  app.add_option("--reply-bytes", flags.reply_bytes, "bytes of the reply to each")
      ->check(CLI::Range(kv::bench::Replies::reply_bytes_min, uint64_t{1} << 30));
  app.add_option("--connections", flags.connections, "connections that the ring has room for")
      ->check(CLI::Range(1, 30000));
  app.add_option("--mode", flags.mode,
                 "how it receives: ring (multishot), ring-single, or epoll without io_uring")
      ->check(CLI::IsMember({"ring", "ring-single", "epoll"}));
}

int fail(const std::string& reason) {
  fmt::print(stderr, "kvecho: error: {}\n", reason);
  return failed;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Answers requests of a fixed size with replies of a fixed size, and does nothing "
      "else: what the loopback costs.",
      "kvecho");
  Flags flags;
  add(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : usage;
  }
  std::string error = kv::bench::allow_descriptors(flags.connections + 64);
  if (!error.empty()) return fail(error);
  const int listener = kv::bench::listen_on(flags.address, error);
  if (listener < 0) return fail(error);
  const kv::bench::Replies replies(flags.request_bytes, flags.reply_bytes);
  fmt::print("ready on {}\n", kv::bench::text_of(flags.address));
  std::fflush(stdout);
  if (flags.mode == "epoll") return fail(kv::bench::serve_with_epoll(listener, replies));
  const auto receive =
      flags.mode == "ring" ? kv::bench::Receive::multishot : kv::bench::Receive::single;
  return fail(kv::bench::serve_with_ring(listener, replies, flags.connections, receive));
}
