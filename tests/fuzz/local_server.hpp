// A whole server in this process, over a small arena, with time that passes when nothing else
// is to be done: what the fuzzers of commands and of connections drive.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/repl/local_io.hpp"
#include "tests/simulation/whole_server.hpp"

namespace kv::fuzz {

/// Blocks of 32 bytes; 12 keys of up to 40 bytes, values of up to 200, lists of 5;
/// 60 blocks, so that every pool can be full. 3 clients with buffers for 2, and large slots.
Config small_config();

class LocalServer {
 public:
  explicit LocalServer(const Config& config = small_config());
  LocalServer(const LocalServer&) = delete;

  LocalIo& io() { return *io_; }
  Server& server() { return *whole_.server; }
  const Store& store() const { return whole_.instance.store; }
  const Allocation& allocation() const { return whole_.instance.allocation; }

  void turn() { server().turn(); }
  /// Turns until the client has its reply, is closed, or `turns` are over.
  std::string command(int client, const std::vector<std::string>& words, uint64_t turns = 100);

  /// Hangs up every client and checks that no connection, buffer or slot is left in use.
  void end_and_check(int clients);

 private:
  WholeServer whole_;
  std::optional<LocalIo> io_;
};

/// Ends the process with a message when `holds` is false: the fuzzer keeps the input.
void require(bool holds, std::string_view what, std::string_view detail = {});

}  // namespace kv::fuzz
