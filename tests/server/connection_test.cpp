// Who a client is, what it may do to others, and what operators ask. Replies are those of
// redis-server 7.0.15, compared whole, except where a limit of ours answers.

#include <array>

#include "fixture.hpp"
#include "server/connection_flags.hpp"

using kv::Config;
using kv::ConnectionRecord;
using kv::Outcome;
using kv::SocketName;
using kv::test::Client;
using namespace kv::test::replies;
namespace client_trait = kv::client_trait;

namespace {

const std::string wrong_password =
    "-WRONGPASS invalid username-password pair or user is disabled.\r\n";

SocketName v4(uint8_t last, uint16_t port) {
  return {
      {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, last}, port, SocketName::Family::v4, 0};
}

/// A server with a password, and a client that has not given it.
struct Stranger : Client {
  Stranger() {
    view.live.server_password = "secret";
    client_trait::set(record, client_trait::unauthenticated);
  }
};

/// Three clients besides the one that asks; they hold no buffers.
struct Crowd : Client {
  Crowd() {
    for (uint32_t i = 0; i < others.size(); ++i) {
      others[i].client_id = 20 + i;
      others[i].socket = static_cast<int32_t>(10 + i);
      others[i].protocol = 2;
      others[i].peer = v4(1, static_cast<uint16_t>(1000 + i));
      others[i].local = v4(1, 6379);
      others[i].request_buffer = others[i].large_request = kv::index_none;
      others[i].reply_buffer = others[i].large_reply = kv::index_none;
      others[i].last_command = static_cast<uint8_t>(kv::Command::get);
    }
    view.records = others;
  }
  bool is_killed(uint64_t index) const {
    return client_trait::has(others[index], client_trait::killed);
  }

  std::array<ConnectionRecord, 3> others = {};
};

}  // namespace

TEST_CASE("Without a password AUTH of the default user is right and others are not") {
  Client c;
  CHECK(c.run({"auth", "x"}) ==
        "-ERR AUTH <password> called without any password configured for the default user. Are "
        "you sure your configuration is correct?\r\n");
  CHECK(c.run({"auth", "default", "x"}) == ok);
  CHECK(c.run({"auth", "foo", "x"}) == wrong_password);
  CHECK(c.run({"auth", "a", "b", "c"}) == syntax);
  CHECK(c.run({"auth"}) == "-ERR wrong number of arguments for 'auth' command\r\n");
}

TEST_CASE("With a password nothing but AUTH, HELLO, RESET and QUIT is done before it is given") {
  Stranger c;
  const std::string noauth = "-NOAUTH Authentication required.\r\n";
  CHECK(c.run({"get", "k"}) == noauth);
  CHECK(c.run({"ping"}) == noauth);
  // As in Redis, what is no command or has too few arguments is told first.
  CHECK(c.run({"get"}) == "-ERR wrong number of arguments for 'get' command\r\n");
  CHECK(c.run({"foo"}) == "-ERR unknown command 'foo', with args beginning with: \r\n");
  CHECK(c.run({"hello", "3"}) ==
        "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
        "protocol version at the same time\r\n");
  CHECK(c.record.protocol == 2);
  for (const char* wrong : {"secre", "secrets", "", "Secret"}) {
    CHECK(c.run({"auth", wrong}) == wrong_password);
    CHECK(c.run({"hello", "2", "auth", "default", wrong}) == wrong_password);
  }
  CHECK(c.run({"auth", std::string(127, 's')}) == wrong_password);
  CHECK(c.run({"auth", "other", "secret"}) == wrong_password);
  CHECK(c.run({"get", "k"}) == noauth);
  CHECK(c.run({"auth", "secret"}) == ok);
  CHECK(c.run({"get", "k"}) == "$-1\r\n");
  CHECK(c.run({"reset"}) == "+RESET\r\n");
  CHECK(c.run({"get", "k"}) == noauth);
  CHECK(c.run({"hello", "3", "auth", "default", "secret", "setname", "me"}).starts_with("%7\r\n"));
  CHECK(c.run({"get", "k"}) == "_\r\n");
  CHECK(c.run({"client", "getname"}) == "$2\r\nme\r\n");
  CHECK(c.run({"quit"}) == ok);
}

TEST_CASE("A client that has not authenticated may send neither many nor long arguments") {
  Stranger c;
  const auto error_of = [&](const std::string& bytes) {
    return std::string(c.parser.parse(bytes, c.record, c.scratch).error);
  };
  CHECK(error_of("*11\r\n") == "Protocol error: unauthenticated multibulk length");
  CHECK(error_of("*2\r\n$20000\r\n") == "Protocol error: unauthenticated bulk length");
  CHECK(error_of("*10\r\n").empty());
}

TEST_CASE("RESET makes the connection as it was when it began") {
  Client c;
  c.run({"hello", "3", "setname", "me"});
  c.run({"client", "reply", "off"});
  CHECK(c.run({"reset"}) == "+RESET\r\n");
  CHECK(c.record.protocol == 2);
  CHECK(c.record.traits == 0);
  CHECK(c.run({"client", "getname"}) == "$-1\r\n");
  CHECK(c.run({"reset", "x"}) == "-ERR wrong number of arguments for 'reset' command\r\n");
}

TEST_CASE("In RESP3 texts, sets and maps have types of their own") {
  Client c;
  c.run({"hello", "3"});
  CHECK(c.run({"client", "info"}).starts_with("="));
  CHECK(c.run({"info", "keyspace"}) == "=16\r\ntxt:# Keyspace\r\n\r\n");
  CHECK(c.run({"config", "get", "save"}) == "%1\r\n$4\r\nsave\r\n$0\r\n\r\n");
  CHECK(c.run({"command", "info", "get", "nope"}) ==
        "*2\r\n*10\r\n$3\r\nget\r\n:2\r\n~2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n"
        "~3\r\n+@read\r\n+@string\r\n+@fast\r\n~0\r\n~0\r\n*0\r\n_\r\n");
  CHECK(c.run({"memory", "usage", "nope"}) == "_\r\n");
  // One key with its value in a block of 32 and an entry of 32 bytes: 64 of an arena of n bytes.
  c.run({"set", "k", "v"});
  CHECK(c.run({"memory", "stats"})
            .find("$13\r\ndataset.bytes\r\n:64\r\n$18\r\ndataset.percentage\r\n,") !=
        std::string::npos);
}

TEST_CASE("CLIENT INFO and LIST show a client in a line") {
  Crowd c;
  c.view.clock_ms = 5000;
  c.others[1].connected_ms = 2000;
  c.others[1].active_ms = 4000;
  const std::string line =
      "id=21 addr=127.0.0.1:1001 laddr=127.0.0.1:6379 fd=11 name= age=3 idle=1 flags=N db=0 sub=0 "
      "psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 "
      "omem=0 tot-mem=320 events=r cmd=get user=default redir=-1 resp=2 lib-name= lib-ver=\n";
  CHECK(c.run({"client", "list", "id", "21"}) == bulk(line));
  CHECK(c.run({"client", "list", "id", "21", "999", "21"}) == bulk(line));
  CHECK(c.run({"client", "list", "id", "999"}) == "$0\r\n\r\n");
  CHECK(c.run({"client", "list", "type", "pubsub"}) == "$0\r\n\r\n");
  CHECK(c.run({"client", "list", "type", "x"}) == "-ERR Unknown client type 'x'\r\n");
  CHECK(c.run({"client", "list", "type"}) == syntax);
  CHECK(c.run({"client", "list", "id"}) == syntax);
  CHECK(c.run({"client", "list", "id", "x"}) == "-ERR Invalid client ID\r\n");
  CHECK(c.run({"client", "list", "foo"}) == syntax);
  c.others[2].socket = -1;  // free
  const std::string all = c.run({"client", "list"});
  CHECK(all == c.run({"client", "list", "type", "normal"}));
  CHECK(all.find("id=20 ") != std::string::npos);
  CHECK(all.find("id=22 ") == std::string::npos);

  SocketName& peer = c.others[0].peer;
  peer = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 7, SocketName::Family::v6, 0};
  CHECK(c.run({"client", "list", "id", "20"}).find(" addr=[::1]:7 ") != std::string::npos);
  peer.family = SocketName::Family::unix_socket;
  c.allocation.config.server_unix_socket = "/run/kvd.sock";
  c.record.protocol = 3;
  CHECK(c.run({"client", "list", "id", "20"}).find(" addr=/run/kvd.sock:0 ") != std::string::npos);
  CHECK(c.run({"client", "list", "id", "20"}).find(" flags=U ") != std::string::npos);
}

TEST_CASE("A list of more clients than the largest reply holds is refused and says what to do") {
  Client c;
  std::vector<ConnectionRecord> many(200);
  c.view.records = many;
  const std::string error = c.run({"client", "list"});
  CHECK(error.starts_with("-ERR the list of 200 clients takes "));
  CHECK(
      error.ends_with(" bytes and the largest reply has 32768; ask for some of them with CLIENT "
                      "LIST ID\r\n"));
  CHECK(c.run({"client", "list", "id", "1"}) == "$0\r\n\r\n");
}

TEST_CASE("CLIENT KILL marks those that its filters name") {
  Crowd c;
  CHECK(c.run({"client", "kill", "1.2.3.4:5"}) == "-ERR No such client\r\n");
  CHECK(c.run({"client", "kill", "id"}) == "-ERR No such client\r\n");
  CHECK(c.run({"client", "kill", "id", "x"}) == "-ERR client-id should be greater than 0\r\n");
  CHECK(c.run({"client", "kill", "id", "0"}) == "-ERR client-id should be greater than 0\r\n");
  CHECK(c.run({"client", "kill", "type", "x"}) == "-ERR Unknown client type 'x'\r\n");
  CHECK(c.run({"client", "kill", "type", "replica"}) == ":0\r\n");
  CHECK(c.run({"client", "kill", "user", "bob"}) == "-ERR No such user 'bob'\r\n");
  CHECK(c.run({"client", "kill", "skipme", "maybe"}) == syntax);
  CHECK(c.run({"client", "kill", "foo", "x"}) == syntax);
  CHECK(c.run({"client", "kill", "id", "20", "addr"}) == syntax);
  CHECK(c.run({"client", "kill"}) ==
        "-ERR wrong number of arguments for 'client|kill' command\r\n");
  CHECK(c.run({"client", "kill", "id", "20", "addr", "127.0.0.1:1001"}) == ":0\r\n");
  CHECK_FALSE(c.view.kills);

  CHECK(c.run({"client", "kill", "127.0.0.1:1001"}) == ok);
  CHECK((!c.is_killed(0) && c.is_killed(1) && !c.is_killed(2)));
  CHECK(c.view.kills);
  CHECK(c.outcome == Outcome::done);
  CHECK(c.run({"client", "kill", "id", "20", "addr", "127.0.0.1:1000", "user", "default"}) ==
        ":1\r\n");
  CHECK(c.is_killed(0));
  CHECK(c.run({"client", "kill", "laddr", "127.0.0.1:6379"}) == ":3\r\n");
}

TEST_CASE("A client that kills itself ends after its reply") {
  Client c;
  c.record.peer = v4(1, 9);
  CHECK(c.run({"client", "kill", "type", "normal"}) == ":0\r\n");  // SKIPME is yes
  CHECK(c.outcome == Outcome::done);
  CHECK(c.run({"client", "kill", "type", "normal", "skipme", "no"}) == ":1\r\n");
  CHECK(c.outcome == Outcome::close);
  Client d;
  d.record.peer = v4(1, 9);
  CHECK(d.run({"client", "kill", "127.0.0.1:9"}) == ok);
  CHECK(d.outcome == Outcome::close);
}

TEST_CASE("CLIENT PAUSE holds commands, those that write or all, until its end") {
  Client c;
  c.view.clock_ms = 1000;
  CHECK(c.run({"client", "pause", "x"}) == "-ERR timeout is not an integer or out of range\r\n");
  CHECK(c.run({"client", "pause", "-1"}) == "-ERR timeout is negative\r\n");
  c.view.now_ms = 1;
  CHECK(c.run({"client", "pause", "9223372036854775807"}) == "-ERR timeout is out of range\r\n");
  CHECK(c.run({"client", "pause", "1", "foo"}) ==
        "-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n");
  CHECK(c.run({"client", "pause", "500", "write"}) == ok);
  const uint64_t processed = c.view.statistics.commands_processed;
  CHECK(c.run({"set", "k", "v"}).empty());
  CHECK(c.outcome == Outcome::paused);
  CHECK(c.view.statistics.commands_processed == processed);
  CHECK(c.run({"get", "k"}) == "$-1\r\n");
  CHECK(c.run({"client", "unpause"}) == ok);
  CHECK(c.run({"set", "k", "v"}) == ok);
  CHECK(c.run({"client", "pause", "500"}) == ok);
  CHECK(c.run({"get", "k"}).empty());
  CHECK(c.outcome == Outcome::paused);
  c.view.clock_ms = 1499;
  CHECK(c.run({"get", "k"}).empty());
  c.view.clock_ms = 1500;
  CHECK(c.run({"get", "k"}) == "$1\r\nv\r\n");
  // What is refused anyway does not wait.
  CHECK(c.run({"client", "pause", "500"}) == ok);
  CHECK(c.run({"get"}) == "-ERR wrong number of arguments for 'get' command\r\n");
}

TEST_CASE("CLIENT NO-EVICT, NO-TOUCH and REPLY take their words and nothing else") {
  Client c;
  CHECK(c.run({"client", "no-evict", "on"}) == ok);
  CHECK(c.run({"client", "no-touch", "on"}) == ok);
  CHECK(c.run({"client", "info"}).find(" flags=eT ") != std::string::npos);
  CHECK(c.run({"client", "no-evict", "off"}) == ok);
  CHECK(c.run({"client", "no-touch", "off"}) == ok);
  CHECK(c.run({"client", "info"}).find(" flags=N ") != std::string::npos);
  CHECK(c.run({"client", "no-evict", "x"}) == syntax);
  CHECK(c.run({"client", "reply", "foo"}) == syntax);
  CHECK(c.run({"client", "reply", "on"}) == ok);
  CHECK(c.run({"client", "reply", "skip"}).empty());
  CHECK(c.record.traits == client_trait::skips_next);
  CHECK(c.run({"client", "reply", "off"}).empty());
  CHECK(client_trait::has(c.record, client_trait::muted));
}

TEST_CASE("COMMAND GETKEYS finds the keys of a whole command") {
  Client c;
  CHECK(c.run({"command", "getkeys", "mset", "a", "b", "c", "d"}) ==
        "*2\r\n$1\r\na\r\n$1\r\nc\r\n");
  CHECK(c.run({"command", "getkeys", "get", "a"}) == "*1\r\n$1\r\na\r\n");
  CHECK(c.run({"command", "getkeys", "memory", "usage", "a"}) == "*1\r\n$1\r\na\r\n");
  CHECK(c.run({"command", "getkeys", "lmpop", "2", "a", "b", "LEFT"}) ==
        "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  for (const char* count : {"5", "x", "0"}) {
    CHECK(c.run({"command", "getkeys", "lmpop", count, "a", "b", "LEFT"}) ==
          "-ERR Invalid arguments specified for command\r\n");
  }
  CHECK(c.run({"command", "getkeys", "mset", "a"}) ==
        "-ERR Invalid number of arguments specified for command\r\n");
  CHECK(c.run({"command", "getkeys", "zork", "x"}) == "-ERR Invalid command specified\r\n");
  CHECK(c.run({"command", "getkeys", "ping", "x"}) == "-ERR The command has no key arguments\r\n");
  CHECK(c.run({"command", "getkeys"}) ==
        "-ERR wrong number of arguments for 'command|getkeys' command\r\n");
}

TEST_CASE("CONFIG SET changes what no memory hangs on, all or none, in Redis's units") {
  Client c;
  const auto failed = [](const std::string& name, const std::string& why) {
    return "-ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + why + "\r\n";
  };
  CHECK(c.run({"config", "set", "timeout", "30", "slowlog-log-slower-than", "-1"}) == ok);
  CHECK(c.view.live.server_idle_timeout_ms == 30000);
  CHECK(c.run({"config", "get", "timeout", "slowlog-log-slower-than"}) ==
        "*4\r\n$23\r\nslowlog-log-slower-than\r\n$2\r\n-1\r\n$7\r\ntimeout\r\n$2\r\n30\r\n");
  CHECK(c.run({"config", "set", "server.stall_timeout_ms", "500"}) == ok);
  CHECK(c.view.live.server_stall_timeout_ms == 500);
  CHECK(c.run({"config", "set", "protected-mode", "no"}) == ok);
  CHECK(c.run({"config", "get", "server.protected_mode"}) ==
        "*2\r\n$21\r\nserver.protected_mode\r\n$3\r\noff\r\n");

  CHECK(c.run({"config", "set", "foo", "1"}) ==
        "-ERR Unknown option or number of arguments for CONFIG SET - 'foo'\r\n");
  CHECK(c.run({"config", "set", "loglevel", "debug"}) ==
        "-ERR Unknown option or number of arguments for CONFIG SET - 'loglevel'\r\n");
  CHECK(c.run({"config", "set", "timeout"}) ==
        "-ERR wrong number of arguments for 'config|set' command\r\n");
  CHECK(c.run({"config", "set", "key_count", "1"}) ==
        failed("key_count", "can't set immutable config"));
  CHECK(c.run({"config", "set", "timeout", "1", "server.idle_timeout_ms", "2"}) ==
        failed("server.idle_timeout_ms", "duplicate parameter"));
  CHECK(c.run({"config", "set", "timeout", "x"}) ==
        failed("timeout", "argument couldn't be parsed into an integer"));
  CHECK(c.run({"config", "set", "timeout", "-1"}) ==
        failed("timeout", "argument must be between 0 and 2147483647 inclusive"));
  CHECK(c.run({"config", "set", "server.protected_mode", "on"}) == ok);
  CHECK(c.run({"config", "get", "protected-mode"}) ==
        "*2\r\n$14\r\nprotected-mode\r\n$3\r\nyes\r\n");
  CHECK(c.run({"config", "set", "server.protected_mode", "yes"}) ==
        failed("server.protected_mode", "argument must be on or off"));
  CHECK(c.run({"config", "set", "protected-mode", "x"}) ==
        failed("protected-mode", "argument must be 'yes' or 'no'"));
  CHECK(
      c.run({"config", "set", "timeout", "5", "slowlog-log-slower-than", "x"}).starts_with("-ERR"));
  CHECK(c.view.live.server_idle_timeout_ms == 30000);
  CHECK(c.run({"config", "rewrite"}) == "-ERR The server is running without a config file\r\n");
}

TEST_CASE("A password can be set while the server runs, and is never shown") {
  Client c;
  CHECK(c.run({"config", "get", "requirepass"}) == "*2\r\n$11\r\nrequirepass\r\n$0\r\n\r\n");
  CHECK(c.run({"config", "set", "requirepass", "hunter2"}) == ok);
  CHECK(
      c.run({"config", "get", "*pass*"}) ==
      "*4\r\n$15\r\nserver.password\r\n$8\r\n(hidden)\r\n$11\r\nrequirepass\r\n$8\r\n(hidden)\r\n");
  CHECK(c.run({"get", "k"}) == "$-1\r\n");  // Who is in stays in.
  c.run({"reset"});
  CHECK(c.run({"get", "k"}) == "-NOAUTH Authentication required.\r\n");
  CHECK(c.run({"auth", "hunter2"}) == ok);
  CHECK(c.run({"config", "set", "requirepass", std::string(128, 'x')}) ==
        "-ERR CONFIG SET failed (possibly related to argument 'requirepass') - argument may have "
        "at most 127 bytes\r\n");
  CHECK(c.run({"config", "set", "requirepass", ""}) == ok);
  c.run({"reset"});
  CHECK(c.run({"get", "k"}) == "$-1\r\n");
}

TEST_CASE("Calls, rejections and failures are counted by command, and RESETSTAT forgets them") {
  Client c;
  c.run({"get", "k"});
  c.run({"get"});
  c.run({"rpush", "l", "x"});
  c.run({"get", "l"});
  c.view.counters.of_command[static_cast<uint64_t>(kv::Command::get)].microseconds = 5;
  CHECK(
      c.run({"info", "commandstats"}) ==
      bulk("# Commandstats\r\n"
           "cmdstat_get:calls=2,usec=5,usec_per_call=2.50,rejected_calls=1,failed_calls=1\r\n"
           "cmdstat_rpush:calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0\r\n"));
  c.run({"set", "e", "v", "px", "100"});
  c.view.now_ms += 101;
  c.run({"get", "e"});
  CHECK(c.store.expired_count() == 1);
  CHECK(c.run({"config", "resetstat"}) == ok);
  CHECK(c.store.expired_count() == 0);
  CHECK(c.view.counters.of_command[static_cast<uint64_t>(kv::Command::get)].calls == 0);
  CHECK(c.view.statistics.keyspace_misses == 0);
}

TEST_CASE("MEMORY USAGE is the entry, its blocks and its nodes") {
  Client c;
  c.run({"set", "k", std::string(32, 'v')});         // entry 32; 33 bytes in 2 blocks of 32
  c.run({"rpush", "l", std::string(33, 'v'), "x"});  // 32 + 32; (16 + 64) + (16 + 32)
  CHECK(c.run({"memory", "usage", "k"}) == ":96\r\n");
  CHECK(c.run({"memory", "usage", "l"}) == ":192\r\n");
  CHECK(c.run({"memory", "usage", "l", "samples", "0"}) == ":192\r\n");
  CHECK(c.run({"memory", "usage", "l", "samples", "1"}) == ":224\r\n");  // twice the first
  CHECK(c.run({"memory", "usage", "nope"}) == "$-1\r\n");
  CHECK(c.run({"memory", "usage", "k", "samples", "-1"}) == syntax);
  CHECK(c.run({"memory", "usage", "k", "foo", "1"}) == syntax);
  CHECK(c.run({"memory", "usage"}) ==
        "-ERR wrong number of arguments for 'memory|usage' command\r\n");
  CHECK(c.run({"memory", "foo"}) == "-ERR unknown subcommand 'foo'. Try MEMORY HELP.\r\n");
}

TEST_CASE("SLOWLOG returns the newest first and keeps as many as planned") {
  Config config = kv::test::small_config();
  config.slowlog_length = 2;
  Client c(config);
  CHECK(c.run({"slowlog", "get"}) == "*0\r\n");
  for (const char* argument : {"one", "two", "three"}) {
    const kv::Slice slices[] = {{"GET", 3}, {argument, std::string_view(argument).size()}};
    kv::SlowCommand* entry = c.view.counters.slow_log.add();
    REQUIRE(entry != nullptr);
    entry->unix_s = 100;
    entry->microseconds = 7;
    entry->peer = v4(1, 5);
    kv::keep_arguments(*entry, std::vector<kv::Slice>(slices, slices + 2));
  }
  CHECK(c.run({"slowlog", "len"}) == ":2\r\n");
  const std::string newest =
      "*6\r\n:2\r\n:100\r\n:7\r\n*2\r\n$3\r\nGET\r\n$5\r\nthree\r\n$11\r\n127.0.0.1:5\r\n$"
      "0\r\n\r\n";
  CHECK(c.run({"slowlog", "get", "1"}) == "*1\r\n" + newest);
  CHECK(c.run({"slowlog", "get", "-1"}).starts_with("*2\r\n" + newest));
  CHECK(c.run({"slowlog", "get", "-2"}) == "-ERR count should be greater than or equal to -1\r\n");
  CHECK(c.run({"slowlog", "get", "1", "2"}) ==
        "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.\r\n");
  CHECK(c.run({"slowlog", "reset"}) == ok);
  CHECK(c.run({"slowlog", "len"}) == ":0\r\n");
}

TEST_CASE("The slow log cuts long arguments and counts those that it leaves out") {
  kv::SlowCommand entry = {};
  const std::string longest(200, 'x');
  kv::keep_arguments(entry, std::vector<kv::Slice>{{"SET", 3}, {longest.data(), 200}});
  CHECK(entry.arguments == 2);
  CHECK(std::string(entry.text + 5, entry.text_bytes - 5U) ==
        std::string(128, 'x') + "... (72 more bytes)");
  entry = {};
  kv::keep_arguments(entry, std::vector<kv::Slice>(40, kv::Slice{"a", 1}));
  CHECK(entry.arguments == 32);  // 31 of them and the rest
  CHECK(std::string(entry.text + 63, entry.text_bytes - 63U) == "... (9 more arguments)");
  entry = {};
  // 147 bytes with their lengths each: one fits beside the words about the other nine.
  kv::keep_arguments(entry, std::vector<kv::Slice>(10, kv::Slice{longest.data(), 200}));
  CHECK(entry.arguments == 2);
  CHECK(std::string(entry.text + 149, entry.text_bytes - 149U) == "... (9 more arguments)");
}

TEST_CASE("LATENCY knows no events, TIME the time, DEBUG to sleep") {
  Client c;
  c.view.unix_us = 1795236247932340;
  CHECK(c.run({"time"}) == "*2\r\n$10\r\n1795236247\r\n$6\r\n932340\r\n");
  CHECK(c.run({"latency", "latest"}) == "*0\r\n");
  CHECK(c.run({"latency", "history", "foo"}) == "*0\r\n");
  CHECK(c.run({"latency", "reset"}) == ":0\r\n");
  CHECK(c.run({"latency", "foo"}) == "-ERR unknown subcommand 'foo'. Try LATENCY HELP.\r\n");
  CHECK(c.run({"debug", "sleep", "0"}) == ok);
  CHECK(c.run({"debug", "sleep", "x"}) == "-ERR value is not a valid float\r\n");
  CHECK(c.run({"debug", "foo"}) == "-ERR unknown subcommand 'foo'. Try DEBUG HELP.\r\n");
}

TEST_CASE("SHUTDOWN ends the connection without a reply; what cannot be done is an error") {
  Client c;
  CHECK(c.run({"shutdown", "foo"}) == syntax);
  CHECK(c.run({"shutdown", "save", "nosave"}) == syntax);
  CHECK(c.run({"shutdown", "abort"}) == "-ERR No shutdown in progress.\r\n");
  CHECK(c.run({"shutdown", "save"}) == "-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
  CHECK_FALSE(c.view.stop_requested);
  CHECK(c.run({"shutdown", "nosave", "now"}).empty());
  CHECK(c.outcome == Outcome::close);
  CHECK(c.view.stop_requested);
}
