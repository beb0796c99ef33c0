// The commands on keys, with whole replies, and that a scan misses nothing.

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "fixture.hpp"
#include "tests/memory/random.hpp"

using kv::Config;
using kv::Outcome;
using kv::Part;
using kv::test::Client;
using namespace kv::test::replies;

namespace {

std::string numbered(const char* name, uint64_t number) {
  return join({name, std::to_string(number)});
}

struct Keys : Client {
  explicit Keys(uint64_t key_count = 8) : Client(config(key_count)) { view.now_ms = 1'000'000; }
  static Config config(uint64_t key_count) {
    Config config = kv::test::small_config();
    config.key_count = key_count;
    return config;
  }
};

/// The bulk strings of a reply, whatever they are nested in.
std::vector<std::string> bulks(const std::string& reply) {
  std::vector<std::string> out;
  for (uint64_t at = 0; at < reply.size();) {
    const uint64_t line = reply.find("\r\n", at);
    const uint64_t bytes = reply[at] == '$' ? std::stoull(reply.substr(at + 1)) : 0;
    if (reply[at] == '$') out.push_back(reply.substr(line + 2, bytes));
    at = line + 2 + (reply[at] == '$' ? bytes + 2 : 0);
  }
  return out;
}

}  // namespace

TEST_CASE("EXPIRE and its kin say when a key expires, and it does") {
  Keys c;
  c.run({"set", "a", "1"});
  CHECK(c.run({"ttl", "a"}) == ":-1\r\n");
  CHECK(c.run({"ttl", "none"}) == ":-2\r\n");
  CHECK(c.run({"expire", "none", "10"}) == zero);
  CHECK(c.run({"expire", "a", "10"}) == one);
  CHECK(c.run({"ttl", "a"}) == ":10\r\n");
  CHECK(c.run({"pttl", "a"}) == ":10000\r\n");
  CHECK(c.run({"expiretime", "a"}) == ":1010\r\n");
  CHECK(c.run({"pexpiretime", "a"}) == ":1010000\r\n");
  CHECK(c.run({"pexpire", "a", "1499"}) == one);
  CHECK(c.run({"ttl", "a"}) == ":1\r\n");  // Rounded to the nearest second, as in Redis.
  CHECK(c.run({"expireat", "a", "2000"}) == one);
  CHECK(c.run({"pttl", "a"}) == ":1000000\r\n");
  CHECK(c.run({"pexpireat", "a", "1000005"}) == one);
  CHECK(c.run({"persist", "a"}) == one);
  CHECK(c.run({"persist", "a"}) == zero);
  CHECK(c.run({"pexpireat", "a", "1000005"}) == one);
  c.view.now_ms = 1'000'004;
  CHECK(c.run({"exists", "a"}) == one);
  c.view.now_ms = 1'000'005;
  CHECK(c.run({"exists", "a"}) == zero);
  CHECK(c.run({"persist", "a"}) == zero);
  CHECK(c.store.expired_count() == 1);
}

TEST_CASE("EXPIRE with a time that is over deletes the key, and an overflow is an error") {
  Keys c;
  for (const char* time : {"0", "-1", "-9223372036854775"}) {
    c.run({"set", "a", "1"});
    CHECK(c.run({"expire", "a", time}) == one);
    CHECK(c.run({"exists", "a"}) == zero);
  }
  c.run({"set", "a", "1"});
  CHECK(c.run({"pexpireat", "a", "1000000"}) == one);
  CHECK(c.run({"exists", "a"}) == zero);
  CHECK(c.store.expired_count() == 0);  // Deleted, not expired.
  c.run({"set", "a", "1"});
  CHECK(c.run({"expire", "a", "9223372036854775807"}) ==
        "-ERR invalid expire time in 'expire' command\r\n");
  CHECK(c.run({"pexpire", "a", "9223372036854775807"}) ==
        "-ERR invalid expire time in 'pexpire' command\r\n");
  CHECK(c.run({"expireat", "a", "-9223372036854775807"}) ==
        "-ERR invalid expire time in 'expireat' command\r\n");
  CHECK(c.run({"expire", "a", "x"}) == not_an_integer);
  CHECK(c.run({"pexpireat", "a", "9223372036854775807"}) == one);
  CHECK(c.run({"pexpiretime", "a"}) == ":9223372036854775807\r\n");
}

TEST_CASE("EXPIRE's conditions compare with the deadline there is; none is later than any") {
  Keys c;
  c.run({"set", "a", "1"});
  CHECK(c.run({"expire", "a", "10", "xx"}) == zero);
  CHECK(c.run({"expire", "a", "10", "gt"}) == zero);
  CHECK(c.run({"expire", "a", "10", "lt"}) == one);
  CHECK(c.run({"expire", "a", "20", "nx"}) == zero);
  CHECK(c.run({"expire", "a", "10", "gt"}) == zero);
  CHECK(c.run({"expire", "a", "10", "lt"}) == zero);
  CHECK(c.run({"expire", "a", "30", "GT", "XX"}) == one);
  CHECK(c.run({"expire", "a", "-1", "gt"}) == zero);
  CHECK(c.run({"ttl", "a"}) == ":30\r\n");
  CHECK(c.run({"expire", "a", "5", "nx", "xx"}) ==
        "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n");
  CHECK(c.run({"expire", "a", "5", "gt", "lt"}) ==
        "-ERR GT and LT options at the same time are not compatible\r\n");
  CHECK(c.run({"expire", "a", "5", "foo"}) == "-ERR Unsupported option foo\r\n");
}

TEST_CASE("keys that expired are freed a few at a time, and at once where room is needed") {
  Keys c(/*key_count=*/8);
  for (uint64_t i = 0; i < 8; ++i) c.run({"set", numbered("k", i), "v", "px", "100"});
  CHECK(c.run({"set", "new", "v"}) == "-OOM map is full: all 8 keys (key_count) are in use\r\n");
  c.store.set_clock(1'000'100);
  CHECK(c.store.tidy(/*steps=*/16));
  CHECK(c.store.expired_count() == 2);  // Eight steps each.
  CHECK(c.store.key_count() == 6);
  c.view.now_ms = 1'000'100;
  for (uint64_t i = 0; i < 8; ++i) CHECK(c.run({"set", numbered("n", i), "v"}) == ok);
  CHECK(c.store.expired_count() == 8);
  CHECK(c.store.use(Part::timers).used == 0);
  CHECK_FALSE(c.store.tidy(/*steps=*/16));
}

TEST_CASE("without a free timer no more keys expire, whatever the command, and nothing changes") {
  Config config = Keys::config(4);
  config.expiring_keys_max = 1;
  Client c(config);
  c.view.now_ms = 1'000'000;
  const std::string full = "-OOM timers are full: all 1 (expiring_keys_max) are in use\r\n";
  CHECK(c.run({"set", "a", "1", "ex", "10"}) == ok);
  CHECK(c.run({"set", "b", "2", "ex", "10"}) == full);
  CHECK(c.run({"exists", "b"}) == zero);
  CHECK(c.run({"set", "b", "2"}) == ok);
  CHECK(c.run({"set", "b", "3", "px", "100"}) == full);
  CHECK(c.run({"setex", "b", "10", "3"}) == full);
  CHECK(c.run({"set", "b", "3", "get", "ex", "10"}) == full);
  CHECK(c.run({"getex", "b", "ex", "10"}) == full);
  CHECK(c.run({"expire", "b", "10"}) == full);
  CHECK(c.run({"copy", "a", "b", "replace"}) == full);
  CHECK(c.run({"copy", "a", "c"}) == full);
  CHECK(c.run({"exists", "c"}) == zero);
  CHECK(c.run({"get", "b"}) == bulk("2"));
  CHECK(c.run({"ttl", "b"}) == ":-1\r\n");
  CHECK(c.view.statistics.refused_for_memory == 8);
  // What needs no further timer is done.
  CHECK(c.run({"copy", "b", "c"}) == one);
  CHECK(c.run({"expire", "b", "-1"}) == one);
  CHECK(c.run({"getex", "a", "ex", "20"}) == bulk("1"));
  CHECK(c.run({"set", "a", "4", "ex", "30"}) == ok);
  CHECK(c.run({"rename", "a", "c"}) == ok);
  CHECK(c.run({"ttl", "c"}) == ":30\r\n");
  CHECK(c.run({"incr", "c"}) == ":5\r\n");
  CHECK(c.run({"copy", "c", "c2"}) == full);
  CHECK(c.run({"set", "d", "x"}) == ok);
  CHECK(c.run({"rename", "d", "c"}) == ok);
  CHECK(c.store.use(Part::timers).used == 0);
  CHECK(c.run({"pexpire", "c", "100"}) == one);
  // A key that is dead gives its timer to the next.
  c.view.now_ms = 1'000'100;
  CHECK(c.run({"set", "d", "x", "ex", "10"}) == ok);
  CHECK(c.run({"dbsize"}) == one);
}

TEST_CASE("a store without timers keeps every key") {
  Config config = Keys::config(4);
  config.expiring_keys_max = 0;
  Client c(config);
  CHECK(c.run({"set", "a", "1", "ex", "10"}) ==
        "-OOM timers are full: all 0 (expiring_keys_max) are in use\r\n");
  CHECK(c.run({"set", "a", "1"}) == ok);
  CHECK(c.run({"persist", "a"}) == zero);
  CHECK(c.run({"ttl", "a"}) == ":-1\r\n");
}

TEST_CASE("a long list that is deleted is freed piece by piece, or where room is needed") {
  Config config = Keys::config(2);
  config.list_length_max = 100;
  Client c(config);
  std::vector<std::string> push = {"rpush", "l"};
  for (int i = 0; i < 100; ++i) push.push_back(std::to_string(i));
  CHECK(c.run(push) == ":100\r\n");
  CHECK(c.run({"del", "l"}) == one);
  CHECK(c.store.use(Part::list_nodes).used == 100);
  CHECK(c.store.tidy(/*steps=*/40));  // Four steps for an element.
  CHECK(c.store.use(Part::list_nodes).used == 90);
  CHECK(c.store.use(Part::blocks).used == 90);
  c.run(push);
  push[1] = "m";
  CHECK(c.run(push) == ":100\r\n");  // Two lists of 100 need every node.
  CHECK(c.store.use(Part::list_nodes).used == 200);
  CHECK(c.run({"lindex", "l", "99"}) == bulk("99"));
  CHECK(c.run({"set", "l", "x"}) == ok);
  CHECK(c.run({"flushall"}) == ok);
  CHECK_FALSE(c.store.tidy(/*steps=*/40));
  CHECK(c.store.use(Part::list_nodes).used == 0);
}

TEST_CASE("RENAME moves value and deadline, and replaces what is there") {
  Keys c;
  CHECK(c.run({"rename", "none", "b"}) == "-ERR no such key\r\n");
  c.run({"set", "a", "1", "ex", "10"});
  CHECK(c.run({"rename", "a", "a"}) == ok);
  CHECK(c.run({"renamenx", "a", "a"}) == zero);
  CHECK(c.run({"rename", "a", "b"}) == ok);
  CHECK(c.run({"get", "b"}) == bulk("1"));
  CHECK(c.run({"ttl", "b"}) == ":10\r\n");
  CHECK(c.run({"exists", "a"}) == zero);
  c.run({"rpush", "l", "x", "y"});
  CHECK(c.run({"renamenx", "l", "b"}) == zero);
  CHECK(c.run({"rename", "l", "b"}) == ok);
  CHECK(c.run({"lrange", "b", "0", "-1"}) == join({"*2\r\n", bulk("x"), bulk("y")}));
  CHECK(c.run({"ttl", "b"}) == ":-1\r\n");
  CHECK(c.run({"renamenx", "b", std::string(40, 'k')}) == one);  // A key of two blocks.
  CHECK(c.run({"dbsize"}) == one);
  CHECK(c.store.use(Part::blocks).used == 4);
  CHECK(c.store.use(Part::timers).used == 0);
}

TEST_CASE("COPY copies value and deadline, and replaces only when told to") {
  Keys c;
  c.run({"set", "a", std::string(60, 'v'), "ex", "10"});
  CHECK(c.run({"copy", "a", "b"}) == one);
  CHECK(c.run({"copy", "a", "b"}) == zero);
  CHECK(c.run({"get", "b"}) == bulk(std::string(60, 'v')));
  CHECK(c.run({"ttl", "b"}) == ":10\r\n");
  c.run({"rpush", "l", "x", "y"});
  CHECK(c.run({"copy", "l", "b", "REPLACE", "DB", "0"}) == one);
  CHECK(c.run({"lrange", "b", "0", "-1"}) == join({"*2\r\n", bulk("x"), bulk("y")}));
  CHECK(c.run({"ttl", "b"}) == ":-1\r\n");
  c.run({"lpop", "b"});
  CHECK(c.run({"llen", "l"}) == ":2\r\n");
  CHECK(c.run({"copy", "none", "b"}) == zero);
  CHECK(c.run({"copy", "a", "a"}) == "-ERR source and destination objects are the same\r\n");
  CHECK(c.run({"copy", "a", "b", "DB", "1"}) == "-ERR DB index is out of range\r\n");
  CHECK(c.run({"copy", "a", "b", "DB", "x"}) == not_an_integer);
  CHECK(c.run({"copy", "a", "b", "DB"}) == syntax);
  CHECK(c.run({"copy", "a", "b", "foo"}) == syntax);
}

TEST_CASE("KEYS returns what matches, and refuses what no reply can hold") {
  Keys c;
  const std::string long_key = join({"hello", std::string(35, 'x')});  // In two blocks.
  for (const std::string& key : {std::string("hello"), std::string("hallo"), long_key}) {
    c.run({"set", key, "1"});
  }
  CHECK(c.run({"keys", "h[ae]llo"}) == join({"*2\r\n", bulk("hello"), bulk("hallo")}));
  CHECK(c.run({"keys", "h[^e]llo"}) == join({"*1\r\n", bulk("hallo")}));
  CHECK(c.run({"keys", "*xx"}) == join({"*1\r\n", bulk(long_key)}));
  CHECK(c.run({"keys", "H*"}) == "*0\r\n");
  CHECK(bulks(c.run({"keys", "*"})).size() == 3);
  c.run({"pexpire", "hello", "5"});
  c.view.now_ms += 5;
  CHECK(c.run({"keys", "hello"}) == "*0\r\n");

  Keys many(800);
  for (int i = 0; i < 800; ++i) {
    const std::string number = std::to_string(1000 + i);
    many.run({"set", join({std::string(36, 'k'), number}), ""});
  }
  // 800 keys of 40 bytes are 800 × (5 + 40 + 2) and "*800\r\n".
  CHECK(many.run({"keys", "*"}) == "-ERR reply of 37606 bytes exceeds the largest reply (" +
                                       std::to_string(many.allocation.terms.reply_bytes_max) +
                                       ")\r\n");
}

TEST_CASE("SCAN reads its options as Redis does") {
  Keys c;
  CHECK(c.run({"scan", "0"}) == join({"*2\r\n", bulk("0"), "*0\r\n"}));
  c.run({"set", "s", "1"});
  c.run({"rpush", "l", "1"});
  CHECK(c.run({"scan", "0"}) == join({"*2\r\n", bulk("0"), "*2\r\n", bulk("s"), bulk("l")}));
  CHECK(c.run({"scan", "0", "count", "1"}) == join({"*2\r\n", bulk("1"), "*1\r\n", bulk("s")}));
  CHECK(c.run({"scan", "1", "COUNT", "1"}) == join({"*2\r\n", bulk("0"), "*1\r\n", bulk("l")}));
  CHECK(c.run({"scan", "0", "TYPE", "list"}) == join({"*2\r\n", bulk("0"), "*1\r\n", bulk("l")}));
  CHECK(c.run({"scan", "0", "TYPE", "hash"}) == join({"*2\r\n", bulk("0"), "*0\r\n"}));
  CHECK(c.run({"scan", "0", "MATCH", "s*", "TYPE", "string", "COUNT", "5"}) ==
        join({"*2\r\n", bulk("0"), "*1\r\n", bulk("s")}));
  CHECK(c.run({"scan", "99"}) == join({"*2\r\n", bulk("0"), "*0\r\n"}));
  CHECK(c.run({"scan", "x"}) == "-ERR invalid cursor\r\n");
  CHECK(c.run({"scan", "0", "count", "0"}) == syntax);
  CHECK(c.run({"scan", "0", "count", "x"}) == not_an_integer);
  CHECK(c.run({"scan", "0", "count"}) == syntax);
  CHECK(c.run({"scan", "0", "foo", "1"}) == syntax);
}

TEST_CASE("a scan fits the largest reply, however much it asks for") {
  Config config = Keys::config(40);
  config.key_size_max = 2000;
  Client c(config);
  for (int i = 0; i < 40; ++i) {
    CHECK(c.run({"set", join({std::string(1900, 'k'), std::to_string(100 + i)}), ""}) == ok);
  }
  std::set<std::string> seen;
  std::string cursor = "0";
  uint64_t calls = 0;
  do {
    const std::string reply = c.run({"scan", cursor, "count", "1000000"});
    REQUIRE(c.outcome == Outcome::done);
    std::vector<std::string> words = bulks(reply);
    cursor = words[0];
    for (uint64_t i = 1; i < words.size(); ++i) CHECK(seen.insert(words[i]).second);
    ++calls;
  } while (cursor != "0");
  CHECK(seen.size() == 40);
  CHECK(calls > 1);
}

TEST_CASE("a scan asks for the room that its reply takes") {
  Keys c(100);
  for (int i = 0; i < 100; ++i) c.run({"set", join({std::string(30, 'k'), std::to_string(i)}), ""});
  c.room.resize(600);
  CHECK(c.run({"scan", "0", "count", "50"}).empty());
  CHECK(c.outcome == Outcome::needs_room);
  const uint64_t bytes = c.room_bytes;
  c.room.resize(bytes);
  CHECK(c.run({"scan", "0", "count", "50"}).size() == bytes);
}

namespace {

/// Scans with random changes between the calls, and follows what was there all the time.
class ScanRun {
 public:
  explicit ScanRun(uint64_t seed) : random_(seed) {
    for (int i = 0; i < 150; ++i) change();
  }

  void scan_once() {
    std::set<std::string> throughout;
    for (const auto& [key, deadline] : model_) throughout.insert(key);
    std::map<std::string, int> seen;
    std::string cursor = "0";
    do {
      const std::vector<std::string> words =
          bulks(c_.run({"scan", cursor, "count", std::to_string(1 + random_() % 20)}));
      cursor = words[0];
      for (uint64_t i = 1; i < words.size(); ++i) {
        REQUIRE(model_.contains(words[i]));  // Nothing that is not there.
        ++seen[words[i]];
      }
      gone_.clear();
      for (uint64_t i = random_() % 20; i > 0; --i) change();
      for (const std::string& key : gone_) throughout.erase(key);
    } while (cursor != "0");
    for (const std::string& key : throughout) {
      CAPTURE(key);
      REQUIRE(seen[key] == 1);
    }
  }

 private:
  std::string key() { return numbered("k", random_() % 300); }

  void forget(const std::string& key) {
    model_.erase(key);
    gone_.insert(key);
  }

  void change() {
    const std::string k = key();
    switch (random_() % 8) {
      case 0:
      case 1:
        c_.run({"set", k, "v"});
        model_[k] = UINT64_MAX;
        break;
      case 2: {
        const uint64_t ms = 1 + random_() % 500;
        c_.run({"set", k, "v", "px", std::to_string(ms)});
        model_[k] = c_.view.now_ms + ms;
        break;
      }
      case 3:
        c_.run({"del", k});
        forget(k);
        break;
      case 4: {
        const std::string to = key();
        if (!model_.contains(k) || to == k) break;
        REQUIRE(c_.run({"rename", k, to}) == ok);
        const uint64_t deadline = model_[k];
        forget(k);
        model_[to] = deadline;
        break;
      }
      case 5: {
        const std::string to = key();
        if (!model_.contains(k) || to == k) break;
        REQUIRE(c_.run({"copy", k, to, "replace"}) == one);
        model_[to] = model_[k];
        break;
      }
      case 6:
        c_.store.tidy(100);
        break;
      default:
        c_.view.now_ms += random_() % 10;
        for (auto at = model_.begin(); at != model_.end();) {
          const auto next = std::next(at);
          if (at->second <= c_.view.now_ms) forget(std::string(at->first));
          at = next;
        }
        c_.run({"ping"});  // Tells the store what time it is.
    }
  }

  Keys c_{300};
  std::mt19937_64 random_;
  std::map<std::string, uint64_t> model_;  ///< keys and their deadlines
  std::set<std::string> gone_;
};

}  // namespace

TEST_CASE("a scan returns every key that is there all the time exactly once") {
  const uint64_t first_seed = kv::test_seed();
  for (uint64_t seed = first_seed; seed < first_seed + 20; ++seed) {
    CAPTURE(seed);
    ScanRun run(seed);
    for (int i = 0; i < 50; ++i) run.scan_once();
  }
}

TEST_CASE("RANDOMKEY returns any of the keys, and none that expired") {
  Keys c(50);
  CHECK(c.run({"randomkey"}) == nil);
  for (uint64_t i = 0; i < 20; ++i) c.run({"set", numbered("k", i), "", "px", "100"});
  for (uint64_t i = 20; i < 40; ++i) c.run({"set", numbered("k", i), ""});
  c.view.now_ms += 100;
  std::set<std::string> seen;
  for (int i = 0; i < 5000; ++i) seen.insert(c.run({"randomkey"}));
  CHECK(seen.size() == 20);
  CHECK(seen.contains(bulk("k39")));
  CHECK_FALSE(seen.contains(bulk("k0")));
}

TEST_CASE("TOUCH counts keys; OBJECT tells how they are kept and when they were used") {
  Keys c;
  c.run({"set", "n", "12345"});
  c.run({"set", "s", "text"});
  c.run({"set", "r", std::string(45, 'x')});
  c.run({"rpush", "l", "1"});
  CHECK(c.run({"touch", "n", "s", "none", "s"}) == ":3\r\n");
  CHECK(c.run({"object", "encoding", "n"}) == bulk("int"));
  CHECK(c.run({"object", "encoding", "s"}) == bulk("embstr"));
  CHECK(c.run({"object", "encoding", "r"}) == bulk("raw"));
  CHECK(c.run({"object", "encoding", "l"}) == bulk("quicklist"));
  CHECK(c.run({"object", "encoding", "none"}) == nil);
  CHECK(c.run({"object", "refcount", "n"}) == one);
  c.view.now_ms += 7'000;
  CHECK(c.run({"object", "idletime", "n"}) == ":7\r\n");
  CHECK(c.run({"ttl", "n"}) == ":-1\r\n");  // Not a use of the key.
  CHECK(c.run({"object", "idletime", "n"}) == ":7\r\n");
  c.run({"touch", "n"});
  CHECK(c.run({"object", "idletime", "n"}) == zero);
  CHECK(c.run({"object", "freq", "n"}).starts_with("-ERR An LFU maxmemory policy is not selected"));
  CHECK(c.run({"object", "foo", "n"}) == "-ERR unknown subcommand 'foo'. Try OBJECT HELP.\r\n");
  CHECK(c.run({"object", "encoding"}) ==
        "-ERR wrong number of arguments for 'object|encoding' command\r\n");
  CHECK(c.run({"object", "help"}).starts_with("*15\r\n+OBJECT <subcommand>"));
}

TEST_CASE("INFO shows how many keys expire, how soon on average, and how many did") {
  Keys c;
  c.run({"set", "a", "1"});
  c.run({"set", "b", "1", "px", "100"});
  c.run({"set", "c", "1", "px", "300"});
  CHECK(c.run({"info", "keyspace"}) ==
        "$46\r\n# Keyspace\r\ndb0:keys=3,expires=2,avg_ttl=200\r\n\r\n");
  c.view.now_ms += 100;
  c.run({"get", "b"});
  CHECK(c.run({"info", "keyspace"}) ==
        "$46\r\n# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=200\r\n\r\n");
  CHECK(c.run({"info", "stats"}).find("\r\nexpired_keys:1\r\n") != std::string::npos);
}
