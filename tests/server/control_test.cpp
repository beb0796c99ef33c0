// COMMAND, CONFIG GET and INFO: their format, and that they fit where no limit bounds them.

#include "fixture.hpp"

using kv::Config;
using kv::Outcome;
using kv::test::Client;

namespace {

/// The line of INFO that begins with `name` and a colon, without them.
std::string field(const std::string& info, const std::string& name) {
  const uint64_t at = info.find("\r\n" + name + ":");
  REQUIRE_MESSAGE(at != std::string::npos, name);
  const uint64_t begin = at + 2 + name.size() + 1;
  return info.substr(begin, info.find("\r\n", begin) - begin);
}

/// Bytes of the RESP2 value at the front of `reply`; 0 when it is not well formed.
uint64_t value_bytes(std::string_view reply) {
  const uint64_t line = reply.find("\r\n");
  if (line == std::string_view::npos) return 0;
  const char type = reply[0];
  if (type == '+' || type == '-' || type == ':') return line + 2;
  const int64_t count = std::stoll(std::string(reply.substr(1, line - 1)));
  uint64_t bytes = line + 2;
  if (count < 0) return bytes;
  if (type == '$') return bytes + static_cast<uint64_t>(count) + 2;
  if (type != '*') return 0;
  for (int64_t i = 0; i < count; ++i) {
    const uint64_t element = value_bytes(reply.substr(bytes));
    if (element == 0) return 0;
    bytes += element;
  }
  return bytes;
}

/// Every number of the server as wide as it can be.
void make_numbers_wide(Client& c) {
  uint64_t* const begin = reinterpret_cast<uint64_t*>(&c.view.statistics);
  std::fill(begin, begin + sizeof c.view.statistics / sizeof(uint64_t), UINT64_MAX);
  c.view.use.fill({UINT64_MAX, UINT64_MAX});
  c.view.clients = c.view.clients_waiting = UINT64_MAX;
  c.view.now_ms = c.view.unix_us = UINT64_MAX;
  c.view.live = c.allocation.config;
  for (kv::CommandStatistics& counted : c.view.counters.of_command) {
    counted = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
  }
  c.view.port = 65535;
  for (kv::ComponentCheck& check : c.verification.components) {
    check.planned_bytes = check.carved_bytes = UINT64_MAX;
  }
  c.verification.planned_bytes = c.verification.carved_bytes = UINT64_MAX;
  c.ledger.part_bytes.fill(UINT64_MAX);
  c.allocation.parts.fill({UINT64_MAX, UINT64_MAX, UINT64_MAX});
  c.allocation.arena_bytes = c.allocation.container_bytes = UINT64_MAX;
  for (const kv::OptionInfo& option : kv::options) {
    if (option.is_text()) {
      c.allocation.config.*option.text = kv::Text(std::string(kv::Text::bytes_max, 't'));
    } else if (option.kind != kv::OptionKind::choice) {
      c.allocation.config.*option.number = UINT64_MAX - 1;
    }
  }
}

}  // namespace

TEST_CASE("Every control reply fits the planned room with all numbers at their widest") {
  Client c;
  const uint64_t limit = c.allocation.terms.control_reply_bytes;
  make_numbers_wide(c);
  c.room.resize(limit);
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"INFO"},
                                             {"INFO", "everything"},
                                             {"COMMAND"},
                                             {"COMMAND", "DOCS"},
                                             {"COMMAND", "LIST"},
                                             {"COMMAND", "HELP"},
                                             {"CLIENT", "HELP"},
                                             {"CLIENT", "INFO"},
                                             {"MEMORY", "STATS"},
                                             {"CONFIG", "GET", "*"},
                                             {"HELLO"}}) {
    const std::string reply = c.run(args);
    CAPTURE(args[0]);
    CHECK(c.outcome == Outcome::done);
    CHECK(reply.size() > 100);
    CHECK(value_bytes(reply) == reply.size());
  }
}

TEST_CASE("What monitoring asks for fits the send buffer that the rules recommend") {
  Client c;
  const uint64_t limit = c.allocation.terms.monitor_reply_bytes;
  make_numbers_wide(c);
  c.room.resize(limit);
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"INFO"}, {"CONFIG", "GET", "*"}}) {
    CHECK(value_bytes(c.run(args)) > 1000);
    CHECK(c.outcome == Outcome::done);
  }
}

TEST_CASE("A control reply that does not fit asks for its exact room") {
  Client c;
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"INFO"}, {"COMMAND"}, {"COMMAND", "DOCS"}, {"CONFIG", "GET", "*"}}) {
    c.room.resize(kv::small_reply_bytes_max);
    CHECK(c.run(args).empty());
    CHECK(c.outcome == Outcome::needs_room);
    const uint64_t bytes = c.room_bytes;
    c.room.resize(bytes);
    CHECK(c.run(args).size() == bytes);
    CHECK(c.outcome == Outcome::done);
  }
}

TEST_CASE("A control reply that the client makes larger than any buffer is refused") {
  Config config = kv::test::small_config();
  config.val_size_max = 2000;  // so that the request fits
  Client c(config);
  std::vector<std::string> args(402, "get");
  args[0] = "COMMAND";
  args[1] = "INFO";
  // A row of GET has 94 bytes: *10 5, get 9, :2 4, *2 4, +readonly 11, +fast 7, three :1 12,
  // *3 4, +@read 8, +@string 10, +@fast 8, three *0 12. With "*400\r\n": 400 * 94 + 6.
  CHECK(c.run(args) == "-ERR reply of 37606 bytes exceeds the largest reply (32768)\r\n");
}

TEST_CASE("COMMAND describes commands in Redis's format") {
  Client c;
  CHECK(c.run({"command", "count"}) ==
        std::string(":") + std::to_string(kv::command_count) + "\r\n");
  CHECK(c.run({"command", "count", "x"}) ==
        "-ERR wrong number of arguments for 'command|count' command\r\n");
  CHECK(c.run({"command", "foo"}) == "-ERR unknown subcommand 'foo'. Try COMMAND HELP.\r\n");
  CHECK(c.run({"command", "info", "GET", "nope"}) ==
        "*2\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n"
        "*3\r\n+@read\r\n+@string\r\n+@fast\r\n*0\r\n*0\r\n*0\r\n$-1\r\n");
  CHECK(c.run({"command", "docs", "get", "nope"}) ==
        "*2\r\n$3\r\nget\r\n*8\r\n$7\r\nsummary\r\n$34\r\nReturns the string value of a key.\r\n"
        "$5\r\nsince\r\n$5\r\n1.0.0\r\n$5\r\ngroup\r\n$6\r\nstring\r\n"
        "$9\r\narguments\r\n*1\r\n*4\r\n$4\r\nname\r\n$3\r\nkey\r\n$4\r\ntype\r\n$6\r\nstring\r\n");
  CHECK(c.run({"command", "docs", "nope"}) == "*0\r\n");
  CHECK(c.run({"command", "list", "filterby", "pattern", "*get"}) ==
        "*2\r\n$3\r\nget\r\n$4\r\nmget\r\n");
  CHECK(c.run({"command", "list", "filterby", "aclcat", "admin"}) ==
        "*7\r\n$6\r\nconfig\r\n$7\r\nslowlog\r\n$7\r\nlatency\r\n$5\r\ndebug\r\n$4\r\nsave\r\n"
        "$6\r\nbgsave\r\n$8\r\nshutdown\r\n");
  CHECK(c.run({"command", "list", "filterby", "module", "x"}) == "*0\r\n");
  CHECK(c.run({"command", "list", "x"}) == "-ERR syntax error\r\n");
}

TEST_CASE("CONFIG GET knows our options and what tools ask Redis for") {
  Client c;
  CHECK(c.run({"config"}) == "-ERR wrong number of arguments for 'config' command\r\n");
  CHECK(c.run({"config", "get"}) == "-ERR wrong number of arguments for 'config|get' command\r\n");
  CHECK(c.run({"config", "foo"}) == "-ERR unknown subcommand 'foo'. Try CONFIG HELP.\r\n");
  CHECK(c.run({"config", "get", "nope"}) == "*0\r\n");
  CHECK(c.run({"config", "get", "save"}) == "*2\r\n$4\r\nsave\r\n$0\r\n\r\n");
  CHECK(c.run({"config", "GET", "appendonly"}) == "*2\r\n$10\r\nappendonly\r\n$2\r\nno\r\n");
  CHECK(c.run({"config", "get", "databases", "databas*"}) ==
        "*2\r\n$9\r\ndatabases\r\n$1\r\n1\r\n");
  CHECK(c.run({"config", "get", "KEY_[cs]*"}) ==
        "*4\r\n$9\r\nkey_count\r\n$1\r\n4\r\n$12\r\nkey_size_max\r\n$2\r\n40\r\n");
  CHECK(c.run({"config", "get", "memory.*"}) ==
        "*8\r\n$13\r\nmemory.budget\r\n$0\r\n\r\n$15\r\nmemory.populate\r\n$2\r\non\r\n"
        "$11\r\nmemory.lock\r\n$3\r\noff\r\n$17\r\nmemory.huge_pages\r\n$11\r\ntransparent\r\n");
  CHECK(c.run({"config", "help"})
            .starts_with("*9\r\n+CONFIG <subcommand> [<arg> [value] [opt] "
                         "...]. Subcommands are:\r\n+GET <pattern>\r\n"));
  CHECK(c.run({"config", "help"}).ends_with("+HELP\r\n+    Prints this help.\r\n"));
}

TEST_CASE("INFO shows its sections, and only those asked for") {
  Client c;
  CHECK(c.run({"info", "foo"}) == "$0\r\n\r\n");
  CHECK(c.run({"info", "keyspace"}) == "$12\r\n# Keyspace\r\n\r\n");
  c.run({"set", "a", "1"});
  CHECK(c.run({"info", "KEYSPACE"}) ==
        "$44\r\n# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n\r\n");
  c.view.clients = 3;
  CHECK(c.run({"info", "clients", "keyspace", "clients"}) ==
        "$130\r\n# Clients\r\nconnected_clients:3\r\nmaxclients:2\r\nblocked_clients:0\r\n"
        "clients_waiting:0\r\n\r\n# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n\r\n");
  const std::string all = c.run({"info"});
  for (const char* title : {"Server", "Clients", "Memory", "Persistence", "Stats", "Replication",
                            "CPU", "Modules", "Cluster", "Keyspace"}) {
    CHECK(all.find(std::string("# ") + std::string(title) + "\r\n") != std::string::npos);
  }
  CHECK(all.find("# Commandstats") == std::string::npos);
  CHECK(c.run({"info", "all"}).find("# Commandstats") != std::string::npos);
}

TEST_CASE("INFO memory shows plan, arena and use of every component and part") {
  Client c;
  c.run({"set", "a", std::string(32, 'v')});  // 33 bytes, 2 blocks
  c.run({"rpush", "l", "x", "y"});            // 1 + 2 blocks, 2 nodes
  c.run({"rpop", "l"});
  const std::string info = c.run({"info", "memory"});
  // 4 keys of 2 blocks with 3 elements of 4: 4 * 14 = 56 blocks of 32 bytes.
  CHECK(field(info, "part_blocks") ==
        "planned_bytes=1792,carved_bytes=1792,unit_bytes=32,count=56,used=4,used_max=5");
  CHECK(field(info, "component_blocks") ==
        "planned_bytes=1792,carved_bytes=1792,used_bytes=128,used_bytes_max=160");
  CHECK(field(info, "part_list_nodes") ==
        "planned_bytes=192,carved_bytes=192,unit_bytes=16,count=12,used=1,used_max=2");
  // One bucket of 64 bytes, always in use; 4 entries of 32, 2 in use.
  CHECK(field(info, "component_map").ends_with("used_bytes=128,used_bytes_max=128"));
  for (const kv::ComponentInfo& component : kv::components) {
    CHECK_FALSE(field(info, std::string("component_") + std::string(component.id_text)).empty());
  }
  for (const kv::PartInfo& part : kv::parts) {
    CHECK_FALSE(field(info, std::string("part_") + std::string(part.id_text)).empty());
  }
  CHECK(field(info, "maxmemory") == std::to_string(c.allocation.arena_bytes));
  CHECK(field(info, "maxmemory_policy") == "noeviction");
}
