// Lists through execute(). Replies are those of redis-server 7.0.15, compared whole, except
// where a limit of ours answers.

#include "fixture.hpp"

using kv::Config;
using kv::Outcome;
using kv::test::Client;
using namespace kv::test::replies;

namespace {

const std::string not_positive = "-ERR value is out of range, must be positive\r\n";

}  // namespace

TEST_CASE("RPUSH appends and LPUSH prepends one by one") {
  Client c;
  CHECK(c.run({"rpush", "l", "b"}) == ":1\r\n");
  CHECK(c.run({"LPUSH", "l", "a", "0"}) == ":3\r\n");
  CHECK(c.run({"lrange", "l", "0", "-1"}) == "*3\r\n$1\r\n0\r\n$1\r\na\r\n$1\r\nb\r\n");
  CHECK(c.run({"llen", "l"}) == ":3\r\n");
  CHECK(c.run({"llen", "nope"}) == ":0\r\n");
  CHECK(c.run({"rpush", "l"}) == "-ERR wrong number of arguments for 'rpush' command\r\n");
  CHECK(c.run({"rpush", "l", "x"}) ==
        "-ERR list of 4 elements would exceed list_length_max (3)\r\n");
  CHECK(c.run({"lpush", "m", "1", "2", "3"}) == ":3\r\n");
  CHECK(c.run({"set", "s", "1"}) == "+OK\r\n");
  CHECK(c.run({"rpush", "s", "x"}) == wrong_type);
}

TEST_CASE("Pops take from their end, and the last one takes the key") {
  Client c;
  c.run({"rpush", "l", "a", "b", "c"});
  CHECK(c.run({"lpop", "l"}) == "$1\r\na\r\n");
  CHECK(c.run({"rpop", "l"}) == "$1\r\nc\r\n");
  CHECK(c.run({"rpop", "l", "0"}) == "*0\r\n");
  CHECK(c.run({"rpop", "l", "9"}) == "*1\r\n$1\r\nb\r\n");
  CHECK(c.run({"exists", "l"}) == ":0\r\n");
  c.run({"rpush", "l", "a", "b", "c"});
  CHECK(c.run({"rpop", "l", "2"}) == "*2\r\n$1\r\nc\r\n$1\r\nb\r\n");
  CHECK(c.run({"lpop", "l", "2"}) == "*1\r\n$1\r\na\r\n");
  CHECK(c.run({"rpop", "l"}) == "$-1\r\n");
  CHECK(c.run({"rpop", "l", "2"}) == "*-1\r\n");
  CHECK(c.run({"lpop", "l", "0"}) == "*-1\r\n");
}

TEST_CASE("A pop's count is checked before the key") {
  Client c;
  c.run({"set", "s", "1"});
  CHECK(c.run({"rpop", "nope", "-1"}) == not_positive);
  CHECK(c.run({"rpop", "nope", "x"}) == not_positive);
  CHECK(c.run({"rpop", "nope", "99999999999999999999"}) == not_positive);
  CHECK(c.run({"lpop", "s", "x"}) == not_positive);
  CHECK(c.run({"lpop", "s", "0"}) == wrong_type);
  CHECK(c.run({"lpop", "s"}) == wrong_type);
  CHECK(c.run({"lpop", "s", "1", "2"}) == "-ERR wrong number of arguments for 'lpop' command\r\n");
  CHECK(c.run({"rpop", "s", "1", "2"}) == "-ERR wrong number of arguments for 'rpop' command\r\n");
}

TEST_CASE("LRANGE cuts the range to the list") {
  Config config = kv::test::small_config();
  config.list_length_max = 10;
  Client c(config);
  c.run({"rpush", "l", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
  const auto range = [&](const std::string& first, const std::string& last) {
    std::string out;
    std::string reply = c.run({"lrange", "l", first, last});
    const uint64_t header = reply.find("\r\n");
    // Every element is "$1\r\nX\r\n": its digit is the fifth of seven bytes.
    for (uint64_t at = header + 2 + 4; at < reply.size(); at += 7) out += reply[at];
    CHECK(reply[0] == '*');
    CHECK(reply.substr(1, header - 1) == std::to_string(out.size()));
    return out;
  };
  CHECK(range("0", "-1") == "0123456789");
  CHECK(range("-100", "100") == "0123456789");
  CHECK(range("2", "4") == "234");
  CHECK(range("7", "8") == "78");
  CHECK(range("-3", "-2") == "78");
  CHECK(range("-1", "-1") == "9");
  CHECK(range("5", "4").empty());
  CHECK(range("10", "20").empty());
  CHECK(range("0", "-11").empty());
  CHECK(range("-9223372036854775808", "9223372036854775807") == "0123456789");
  CHECK(c.run({"lrange", "nope", "0", "1"}) == "*0\r\n");
  CHECK(c.run({"lrange", "nope", "x", "1"}) == not_an_integer);
  CHECK(c.run({"lrange", "l", "0", "+1"}) == not_an_integer);
  c.run({"set", "s", "1"});
  CHECK(c.run({"lrange", "s", "0", "0"}) == wrong_type);
}

TEST_CASE("LINDEX looks from either end") {
  Client c;
  c.run({"rpush", "l", "a", "b", "c"});
  c.run({"set", "s", "1"});
  CHECK(c.run({"lindex", "l", "0"}) == "$1\r\na\r\n");
  CHECK(c.run({"lindex", "l", "2"}) == "$1\r\nc\r\n");
  CHECK(c.run({"lindex", "l", "-3"}) == "$1\r\na\r\n");
  CHECK(c.run({"lindex", "l", "3"}) == "$-1\r\n");
  CHECK(c.run({"lindex", "l", "-4"}) == "$-1\r\n");
  CHECK(c.run({"lindex", "l", "x"}) == not_an_integer);
  CHECK(c.run({"lindex", "nope", "x"}) == "$-1\r\n");
  CHECK(c.run({"lindex", "s", "x"}) == wrong_type);
}

TEST_CASE("The largest list reply is as large as planned, and is written into exactly its room") {
  const Config config;
  Client c(config);
  CHECK(c.allocation.terms.list_reply_bytes_max == 205255);
  std::vector<std::string> push = {"rpush", "l"};
  for (int i = 0; i < 50; ++i) push.push_back(std::string(4096, static_cast<char>('a' + i % 26)));
  CHECK(c.run(push) == ":50\r\n");
  c.room.resize(205254);
  CHECK(c.run({"lrange", "l", "0", "-1"}).empty());
  CHECK(c.outcome == Outcome::needs_room);
  CHECK(c.room_bytes == 205255);
  CHECK(c.run({"rpop", "l", "50"}).empty());
  CHECK(c.run({"llen", "l"}) == ":50\r\n");
  c.room.resize(205255);
  CHECK(c.run({"lrange", "l", "0", "-1"}).size() == 205255);
  CHECK(c.run({"rpop", "l", "50"}).size() == 205255);
  CHECK(c.run({"exists", "l"}) == ":0\r\n");
  CHECK(c.store.use(kv::Part::list_nodes).used_max == 50);
}
