// Strings, keys and connections through execute(). Replies are those of redis-server 7.0.15,
// compared whole, except where a limit of ours answers.

#include "fixture.hpp"

using kv::Config;
using kv::Outcome;
using kv::test::Client;
using namespace kv::test::replies;

namespace {

std::string arity_error(const std::string& command) {
  return "-ERR wrong number of arguments for '" + command + "' command\r\n";
}

}  // namespace

TEST_CASE("PING and ECHO return what they are given") {
  Client c;
  CHECK(c.run({"PING"}) == "+PONG\r\n");
  CHECK(c.run({"ping", "hello"}) == "$5\r\nhello\r\n");
  CHECK(c.run({"ping", "a", "b"}) == arity_error("ping"));
  CHECK(c.run({"ECHO", ""}) == "$0\r\n\r\n");
  CHECK(c.run({"echo"}) == arity_error("echo"));
  CHECK(c.run({"echo", "a", "b"}) == arity_error("echo"));
  CHECK(c.send("echo \"a\\x00\"\r\n") == std::string("$2\r\na\0\r\n", 8));
}

TEST_CASE("Unknown commands are quoted back, cut and on one line") {
  Client c;
  CHECK(c.run({"foo"}) == "-ERR unknown command 'foo', with args beginning with: \r\n");
  CHECK(c.run({"", "a"}) == "-ERR unknown command '', with args beginning with: 'a' \r\n");
  CHECK(c.run({"foo\r\nbar", "x\ny", ""}) ==
        "-ERR unknown command 'foo  bar', with args beginning with: 'x y' '' \r\n");
  CHECK(c.run({"foo", std::string(60, 'x'), std::string(60, 'y'), std::string(60, 'z')}) ==
        std::string("-ERR unknown command 'foo', with args beginning with: '") +
            std::string(60, 'x') + "' '" + std::string(60, 'y') + "' 'zz' \r\n");
  CHECK(c.view.statistics.error_replies == 4);
  CHECK(c.view.statistics.commands_processed == 4);
}

TEST_CASE("SET and GET store bytes, and nothing is found where there is nothing") {
  Client c;
  CHECK(c.run({"GET", "k"}) == "$-1\r\n");
  CHECK(c.run({"SET", "k", "v"}) == "+OK\r\n");
  CHECK(c.run({"GET", "k"}) == "$1\r\nv\r\n");
  CHECK(c.run({"SET", "k", std::string("\0\r\n", 3)}) == "+OK\r\n");
  CHECK(c.run({"GET", "k"}) == std::string("$3\r\n\0\r\n\r\n", 9));
  CHECK(c.run({"SET", "", ""}) == "+OK\r\n");
  CHECK(c.run({"GET", ""}) == "$0\r\n\r\n");
  CHECK(c.run({"STRLEN", "k"}) == ":3\r\n");
  CHECK(c.run({"STRLEN", "nope"}) == ":0\r\n");
  CHECK(c.run({"get"}) == arity_error("get"));
  CHECK(c.run({"GET", "a", "b"}) == arity_error("get"));
  CHECK(c.run({"set", "a"}) == arity_error("set"));
  CHECK(c.view.statistics.keyspace_hits == 4);
  CHECK(c.view.statistics.keyspace_misses == 2);
}

TEST_CASE("SET knows NX, XX and GET") {
  Client c;
  CHECK(c.run({"set", "a", "b", "get"}) == "$-1\r\n");
  CHECK(c.run({"set", "a", "c", "nx", "get"}) == "$1\r\nb\r\n");
  CHECK(c.run({"set", "a", "c", "NX"}) == "$-1\r\n");
  CHECK(c.run({"get", "a"}) == "$1\r\nb\r\n");
  CHECK(c.run({"set", "zz", "c", "xx"}) == "$-1\r\n");
  CHECK(c.run({"set", "zz", "c", "xx", "get"}) == "$-1\r\n");
  CHECK(c.run({"exists", "zz"}) == ":0\r\n");
  CHECK(c.run({"set", "a", "1", "get", "xx"}) == "$1\r\nb\r\n");
  CHECK(c.run({"set", "a", "2", "XX", "xx"}) == "+OK\r\n");
  CHECK(c.run({"set", "n", "2", "NX"}) == "+OK\r\n");
  CHECK(c.run({"get", "a"}) == "$1\r\n2\r\n");
  CHECK(c.run({"set", "a", "b", "xx", "nx"}) == syntax);
  CHECK(c.run({"set", "a", "b", "foo"}) == syntax);
  CHECK(c.run({"rpush", "l", "x"}) == ":1\r\n");
  CHECK(c.run({"set", "l", "v", "get"}) == wrong_type);
  CHECK(c.run({"set", "l", "v", "nx"}) == "$-1\r\n");
  CHECK(c.run({"set", "l", "v", "xx"}) == "+OK\r\n");
}

TEST_CASE("SET GET that does not fit replies with the error alone") {
  Config config = kv::test::small_config();
  config.store_bytes = 5 * config.block_bytes;
  Client c(config);
  CHECK(c.run({"set", "a", std::string(100, 'a')}) == "+OK\r\n");  // 101 bytes: 3 × 28 + 17
  CHECK(c.run({"rpush", "l", "x"}) == "-OOM blocks are full: 2 needed, 1 free (store_bytes)\r\n");
  CHECK(c.run({"set", "a", "x", "get"}) ==
        std::string("$100\r\n") + std::string(100, 'a') + "\r\n");
  CHECK(c.run({"set", "b", std::string(88, 'b')}) == "+OK\r\n");  // 89: 4 blocks, all 5 used
  CHECK(c.run({"set", "a", std::string(40, 'y'), "get"}) ==
        "-OOM blocks are full: 1 needed, 0 free (store_bytes)\r\n");
  CHECK(c.run({"get", "a"}) == "$1\r\nx\r\n");
  CHECK(c.view.statistics.refused_for_memory == 2);
}

TEST_CASE("Errors of type leave the value alone") {
  Client c;
  c.run({"rpush", "l", "a"});
  c.run({"set", "s", "x"});
  for (const char* command : {"get", "strlen"}) CHECK(c.run({command, "l"}) == wrong_type);
  CHECK(c.run({"llen", "s"}) == wrong_type);
  CHECK(c.run({"type", "l"}) == "+list\r\n");
  CHECK(c.run({"type", "s"}) == "+string\r\n");
  CHECK(c.run({"type", "nope"}) == "+none\r\n");
}

TEST_CASE("MGET returns a value or null for each key") {
  Client c;
  c.run({"set", "a", "1"});
  c.run({"rpush", "l", "x"});
  CHECK(c.run({"mget", "a", "l", "nope", "a"}) == "*4\r\n$1\r\n1\r\n$-1\r\n$-1\r\n$1\r\n1\r\n");
  CHECK(c.run({"mget"}) == arity_error("mget"));
  CHECK(c.view.statistics.keyspace_hits == 2);
  CHECK(c.view.statistics.keyspace_misses == 2);
}

TEST_CASE("MGET of more than the largest reply is refused") {
  Config config;
  config.command_args_max = 100;
  config.list_length_max = 1;
  Client c(config);
  CHECK(c.allocation.terms.reply_bytes_max == 32768);
  c.run({"set", "a", std::string(4096, 'a')});
  // "*7\r\n" 4 and seven times 4105 are 28739 bytes; with eight 32844.
  std::vector<std::string> args(8, "a");
  args[0] = "mget";
  CHECK(c.run(args).size() == 28739);
  args.push_back("a");
  CHECK(c.run(args) == "-ERR reply of 32844 bytes exceeds the largest reply (32768)\r\n");
}

TEST_CASE("MSET sets all or nothing") {
  Client c;
  CHECK(c.run({"mset", "a"}) == arity_error("mset"));
  CHECK(c.run({"mset", "a", "b", "c"}) == arity_error("mset"));
  CHECK(c.run({"mset", "k", "1", "k", "2"}) == "+OK\r\n");
  CHECK(c.run({"get", "k"}) == "$1\r\n2\r\n");
  CHECK(c.run({"mset", "a", "1", "b", "2"}) == "+OK\r\n");
  CHECK(c.run({"mset", "k", "x", "c", "3", "d", "4"}) ==
        "-OOM map is full: 2 keys needed, 1 free (key_count)\r\n");
  CHECK(c.run({"get", "k"}) == "$1\r\n2\r\n");
  CHECK(c.run({"mset", "c", "3", "k", "x"}) == "+OK\r\n");
  CHECK(c.run({"set", "d", "4"}) == "-OOM map is full: all 4 keys (key_count) are in use\r\n");
  CHECK(c.run({"mset", "c", "4", "d", "4"}) ==
        "-OOM map is full: all 4 keys (key_count) are in use\r\n");
  CHECK(c.run({"dbsize"}) == ":4\r\n");
}

TEST_CASE("DEL, EXISTS, DBSIZE and FLUSHALL") {
  Client c;
  c.run({"mset", "a", "1", "b", "2"});
  c.run({"rpush", "l", "x", "y"});
  CHECK(c.run({"exists", "a", "a", "l", "nope"}) == ":3\r\n");
  CHECK(c.run({"dbsize"}) == ":3\r\n");
  CHECK(c.run({"dbsize", "x"}) == arity_error("dbsize"));
  CHECK(c.run({"del", "a", "a", "l", "nope"}) == ":2\r\n");
  CHECK(c.run({"del"}) == arity_error("del"));
  CHECK(c.run({"flushall", "foo"}) == syntax);
  CHECK(c.run({"flushall", "sync", "x"}) == syntax);
  CHECK(c.run({"dbsize"}) == ":1\r\n");
  CHECK(c.run({"flushall"}) == "+OK\r\n");
  CHECK(c.run({"dbsize"}) == ":0\r\n");
  CHECK(c.run({"flushall", "async"}) == "+OK\r\n");
  CHECK(c.run({"flushall", "SYNC"}) == "+OK\r\n");
}

TEST_CASE("Keys and values beyond their limits are refused by name") {
  Client c;
  const std::string key(41, 'k');
  const std::string value(101, 'v');
  const std::string key_error = "-ERR key of 41 bytes exceeds key_size_max (40)\r\n";
  const std::string value_error = "-ERR value of 101 bytes exceeds val_size_max (100)\r\n";
  CHECK(c.run({"set", key, "v"}) == key_error);
  CHECK(c.run({"set", "k", value}) == value_error);
  CHECK(c.run({"get", key}) == key_error);
  CHECK(c.run({"del", "a", key}) == key_error);
  CHECK(c.run({"mset", "a", "1", key, "2"}) == key_error);
  CHECK(c.run({"mset", "a", "1", "b", value}) == value_error);
  CHECK(c.run({"rpush", "l", "a", value}) == value_error);
  CHECK(c.run({"rpush", key, "a"}) == key_error);
  CHECK(c.run({"echo", value}) == value_error);
  CHECK(c.run({"set", "k", "v", value}) == syntax);  // An option is neither.
  CHECK(c.run({"dbsize"}) == ":0\r\n");
  CHECK(c.run({"set", std::string(40, 'k'), std::string(100, 'v')}) == "+OK\r\n");
}

TEST_CASE("A reply that does not fit asks for its room and changes nothing") {
  Client c;
  c.run({"set", "k", std::string(100, 'v')});
  c.run({"rpush", "l", std::string(100, 'a'), std::string(100, 'b'), std::string(100, 'c')});
  const std::string ping = "+PONG\r\n";
  c.room.resize(kv::small_reply_bytes_max);
  const auto asks_for = [&](const std::vector<std::string>& args, uint64_t bytes) {
    CHECK(c.run(args).empty());
    CHECK(c.outcome == Outcome::needs_room);
    CHECK(c.room_bytes == bytes);
  };
  CHECK(c.run({"get", "k"}).size() == 108);
  CHECK(c.run({"lrange", "l", "0", "-1"}).size() == 328);  // "*3\r\n" and three times 108
  // Six times 108 and "*6\r\n"; MGET is the one reply here that is beyond 512 bytes.
  asks_for({"mget", "k", "k", "k", "k", "k", "k"}, 652);
  CHECK(c.view.statistics.commands_processed == 4);
  c.room.resize(652);
  CHECK(c.run({"mget", "k", "k", "k", "k", "k", "k"}).size() == 652);
  CHECK(c.run({"ping"}) == ping);
}

TEST_CASE("SELECT knows the one database, and QUIT closes") {
  Client c;
  CHECK(c.run({"select", "0"}) == "+OK\r\n");
  CHECK(c.run({"select", "1"}) == "-ERR DB index is out of range\r\n");
  CHECK(c.run({"select", "-1"}) == "-ERR DB index is out of range\r\n");
  CHECK(c.run({"select", "x"}) == "-ERR value is not an integer or out of range\r\n");
  for (const char* number : {"99999999999", "2147483648", "-2147483649"}) {
    CHECK(c.run({"select", number}) ==
          "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n");
  }
  CHECK(c.outcome == Outcome::done);
  CHECK(c.run({"quit", "x"}) == "+OK\r\n");
  CHECK(c.outcome == Outcome::close);
}

TEST_CASE("HELLO says what the server is") {
  Client c;
  const std::string hello =
      "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:2\r\n"
      "$2\r\nid\r\n:7\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n"
      "$7\r\nmodules\r\n*0\r\n";
  CHECK(c.run({"hello"}) == hello);
  CHECK(c.run({"hello", "2"}) == hello);
  CHECK(c.run({"hello", "2", "auth", "default", "x"}) == hello);
  CHECK(c.run({"hello", "2", "auth", "other", "x"}) ==
        "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
  CHECK(c.run({"hello", "4"}) == "-NOPROTO unsupported protocol version\r\n");
  CHECK(c.run({"hello", "x"}) == "-ERR Protocol version is not an integer or out of range\r\n");
  CHECK(c.run({"hello", "2", "auth", "default"}) == "-ERR Syntax error in HELLO option 'auth'\r\n");
  CHECK(c.run({"hello", "2", "setname"}) == "-ERR Syntax error in HELLO option 'setname'\r\n");
  CHECK(c.run({"hello", "2", "foo"}) == "-ERR Syntax error in HELLO option 'foo'\r\n");
  CHECK(c.run({"hello", "2", "setname", "a b"}) ==
        "-ERR Client names cannot contain spaces, newlines or special characters.\r\n");
  CHECK(c.run({"client", "getname"}) == "$-1\r\n");
  CHECK(c.run({"hello", "2", "setname", "a", "setname", "nn"}) == hello);
  CHECK(c.run({"client", "getname"}) == "$2\r\nnn\r\n");
}

TEST_CASE("CLIENT names the connection") {
  Client c;
  CHECK(c.run({"client"}) == arity_error("client"));
  CHECK(c.run({"client", "foo"}) == "-ERR unknown subcommand 'foo'. Try CLIENT HELP.\r\n");
  CHECK(c.run({"client", "id"}) == ":7\r\n");
  CHECK(c.run({"client", "id", "x"}) == arity_error("client|id"));
  CHECK(c.run({"client", "setname"}) == arity_error("client|setname"));
  CHECK(c.run({"client", "getname", "x"}) == arity_error("client|getname"));
  CHECK(c.run({"client", "setname", "a b"}) ==
        "-ERR Client names cannot contain spaces, newlines or special characters.\r\n");
  CHECK(c.run({"client", "setname", std::string(48, 'n')}) == "+OK\r\n");
  CHECK(c.run({"client", "getname"}) == std::string("$48\r\n") + std::string(48, 'n') + "\r\n");
  CHECK(c.run({"client", "setname", std::string(49, 'n')}) ==
        "-ERR client name of 49 bytes exceeds 48 bytes\r\n");
  CHECK(c.run({"client", "setname", ""}) == "+OK\r\n");
  CHECK(c.run({"client", "getname"}) == "$-1\r\n");
  CHECK(c.run({"client", "setinfo", "lib-name", "redis-py"}) == "+OK\r\n");
  CHECK(c.run({"client", "setinfo", "LIB-VER", "5.0.1"}) == "+OK\r\n");
  CHECK(std::string(c.record.lib_name) == "redis-py");
  CHECK(std::string(c.record.lib_version) == "5.0.1");
  CHECK(c.run({"client", "setinfo", "foo", "x"}) == "-ERR Unrecognized option 'foo'\r\n");
  CHECK(c.run({"client", "setinfo", "lib-name", "a b"}) ==
        "-ERR lib-name cannot contain spaces, newlines or special characters.\r\n");
  CHECK(c.run({"client", "setinfo", "lib-ver", std::string(17, '1')}) ==
        "-ERR lib-ver of 17 bytes exceeds 16 bytes\r\n");
  CHECK(c.run({"client", "setinfo", "lib-name"}) == arity_error("client|setinfo"));
  CHECK(c.run({"client", "help", "x"}) == arity_error("client|help"));
}
