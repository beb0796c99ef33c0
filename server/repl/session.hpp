// A session: one client of a server in the same process, a command at a time.
//
// The connection is like any other: it can be in a transaction, wait for a list, speak RESP3.
// A command that closes it is followed by a new connection.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/instance.hpp"
#include "server/repl/local_io.hpp"
#include "server/server.hpp"

namespace kv {

class Session {
 public:
  explicit Session(Instance& instance);

  /// Runs a command and returns its reply in RESP; empty where the server closed the
  /// connection, the client turned replies off, or `interrupted` became true meanwhile.
  std::string run(const std::vector<std::string>& words);

  /// Between MULTI and EXEC.
  bool in_transaction() const { return in_transaction_; }
  bool stopped() const { return server_.stopping(); }
  const Instance& instance() const { return instance_; }

 private:
  void reconnect();
  void follow(const std::vector<std::string>& words, std::string_view reply);
  bool expects_reply(const std::vector<std::string>& words);

  Instance& instance_;
  LocalIo io_;
  ServerView view_;
  Server server_;
  int client_ = -1;
  bool in_transaction_ = false;
  bool replies_off_ = false;
  int replies_to_skip_ = 0;
};

/// Set by Ctrl-C while a command runs: it ends the wait.
void catch_interrupts();
bool take_interrupt();

}  // namespace kv
