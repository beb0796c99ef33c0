// The commands that change or search the inside of a list, and those that move elements between
// lists. Replies are those of redis-server 7.0.15, compared whole, except where a limit answers.

#include "fixture.hpp"

using kv::Config;
using kv::Outcome;
using kv::test::Client;
using namespace kv::test::replies;

namespace {

/// Lists of up to ten elements.
Config long_lists() {
  Config config = kv::test::small_config();
  config.list_length_max = 10;
  return config;
}

/// The whole list, its elements separated by blanks.
std::string contents(Client& c, const std::string& key) {
  const kv::Store::Found found = c.store.find(key);
  if (!found) return "(none)";
  std::string out;
  const kv::Entry& entry = c.store.entry(found);
  for (uint64_t i = 0; i < entry.length; ++i) {
    const kv::ListNode& node = c.store.node(c.store.node_at(entry, i));
    std::string element(node.bytes, '\0');
    c.store.read(node, element.data());
    out.append(out.empty() ? "" : " ").append(element);
  }
  return out;
}

uint64_t used(Client& c, kv::Part part) { return c.store.use(part).used; }

}  // namespace

TEST_CASE("LPUSHX and RPUSHX push only onto a list that exists") {
  Client c;
  CHECK(c.run({"lpushx", "l", "a"}) == ":0\r\n");
  CHECK(c.run({"rpushx", "l", "a"}) == ":0\r\n");
  CHECK(c.run({"exists", "l"}) == ":0\r\n");
  c.run({"rpush", "l", "b"});
  CHECK(c.run({"lpushx", "l", "a"}) == ":2\r\n");
  CHECK(c.run({"rpushx", "l", "c"}) == ":3\r\n");
  CHECK(contents(c, "l") == "a b c");
  CHECK(c.run({"rpushx", "l", "d"}) ==
        "-ERR list of 4 elements would exceed list_length_max (3)\r\n");
  c.run({"set", "s", "1"});
  CHECK(c.run({"lpushx", "s", "a"}) == wrong_type);
  CHECK(c.run({"lpushx", "l"}) == "-ERR wrong number of arguments for 'lpushx' command\r\n");
}

TEST_CASE("LSET replaces an element by its index from either end") {
  Client c;
  c.run({"rpush", "l", "a", "b", "c"});
  CHECK(c.run({"lset", "l", "0", "x"}) == "+OK\r\n");
  CHECK(c.run({"lset", "l", "-1", "z"}) == "+OK\r\n");
  CHECK(contents(c, "l") == "x b z");
  CHECK(c.run({"lset", "l", "3", "v"}) == "-ERR index out of range\r\n");
  CHECK(c.run({"lset", "l", "-4", "v"}) == "-ERR index out of range\r\n");
  CHECK(c.run({"lset", "l", "x", "v"}) == not_an_integer);
  CHECK(c.run({"lset", "nope", "x", "v"}) == "-ERR no such key\r\n");
  c.run({"set", "s", "1"});
  CHECK(c.run({"lset", "s", "x", "v"}) == wrong_type);
  CHECK(c.run({"lset", "l", "0", std::string(101, 'v')}) ==
        "-ERR value of 101 bytes exceeds val_size_max (100)\r\n");
  // The index is no value, however long it is.
  CHECK(c.run({"lset", "l", std::string(101, '1'), "v"}) == not_an_integer);
}

TEST_CASE("LSET works in a full store when it needs no more blocks") {
  Config config = kv::test::small_config();
  // A key of one block, and two elements of 28 + 32 bytes.
  config.store_bytes = 5 * 32;
  Client c(config);
  CHECK(c.run({"rpush", "l", std::string(60, 'a'), std::string(60, 'b')}) == ":2\r\n");
  CHECK(used(c, kv::Part::blocks) == 5);
  CHECK(c.run({"lset", "l", "0", std::string(60, 'c')}) == "+OK\r\n");
  CHECK(c.run({"lset", "l", "0", std::string(61, 'c')}) ==
        "-OOM blocks are full: 1 needed, 0 free (store_bytes)\r\n");
  CHECK(contents(c, "l") == std::string(60, 'c') + " " + std::string(60, 'b'));
  CHECK(c.run({"lset", "l", "1", "d"}) == "+OK\r\n");
  CHECK(used(c, kv::Part::blocks) == 4);
  CHECK(c.run({"lset", "l", "0", std::string(61, 'c')}) == "+OK\r\n");
}

TEST_CASE("LINSERT inserts beside the first element that equals the pivot") {
  Client c(long_lists());
  c.run({"rpush", "l", "a", "b", "a"});
  CHECK(c.run({"linsert", "l", "before", "a", "1"}) == ":4\r\n");
  CHECK(c.run({"linsert", "l", "AFTER", "b", "2"}) == ":5\r\n");
  CHECK(c.run({"linsert", "l", "after", "2", "3"}) == ":6\r\n");
  CHECK(contents(c, "l") == "1 a b 2 3 a");
  c.run({"rpop", "l"});
  CHECK(c.run({"linsert", "l", "after", "3", "end"}) == ":6\r\n");
  CHECK(contents(c, "l") == "1 a b 2 3 end");
  CHECK(c.run({"lindex", "l", "-1"}) == "$3\r\nend\r\n");
  CHECK(c.run({"linsert", "l", "before", "z", "x"}) == ":-1\r\n");
  CHECK(c.run({"linsert", "nope", "before", "z", "x"}) == ":0\r\n");
  CHECK(c.run({"linsert", "nope", "beside", "z", "x"}) == syntax);
  c.run({"set", "s", "1"});
  CHECK(c.run({"linsert", "s", "before", "1", "x"}) == wrong_type);
}

TEST_CASE("LINSERT keeps to list_length_max, and both of its values to val_size_max") {
  Client c;
  c.run({"rpush", "l", "a", "b", "c"});
  CHECK(c.run({"linsert", "l", "before", "a", "x"}) ==
        "-ERR list of 4 elements would exceed list_length_max (3)\r\n");
  CHECK(c.run({"linsert", "l", "before", "z", "x"}) == ":-1\r\n");
  c.run({"rpop", "l"});
  const std::string long_value(101, 'v');
  const std::string refusal = "-ERR value of 101 bytes exceeds val_size_max (100)\r\n";
  CHECK(c.run({"linsert", "l", "before", "a", long_value}) == refusal);
  CHECK(c.run({"linsert", "l", "before", long_value, "x"}) == refusal);
  CHECK(contents(c, "l") == "a b");
}

TEST_CASE("LREM removes from the head, from the tail or everywhere") {
  Client c(long_lists());
  c.run({"rpush", "l", "a", "b", "a", "c", "a", "a"});
  CHECK(c.run({"lrem", "l", "2", "a"}) == ":2\r\n");
  CHECK(contents(c, "l") == "b c a a");
  CHECK(c.run({"lrem", "l", "-1", "a"}) == ":1\r\n");
  CHECK(contents(c, "l") == "b c a");
  CHECK(c.run({"lrem", "l", "0", "z"}) == ":0\r\n");
  CHECK(c.run({"lrem", "l", "0", "c"}) == ":1\r\n");
  CHECK(contents(c, "l") == "b a");
  CHECK(c.run({"lrem", "l", "-9223372036854775808", "a"}) == ":1\r\n");
  CHECK(c.run({"lrem", "l", "9", "b"}) == ":1\r\n");
  CHECK(c.run({"exists", "l"}) == ":0\r\n");
  CHECK(used(c, kv::Part::blocks) == 0);
  CHECK(used(c, kv::Part::list_nodes) == 0);
  CHECK(c.run({"lrem", "nope", "0", "a"}) == ":0\r\n");
  CHECK(c.run({"lrem", "nope", "x", "a"}) == not_an_integer);
  c.run({"set", "s", "1"});
  CHECK(c.run({"lrem", "s", "0", "1"}) == wrong_type);
}

TEST_CASE("LTRIM keeps a range, and the key goes when the range is empty") {
  Client c(long_lists());
  c.run({"rpush", "l", "0", "1", "2", "3", "4", "5"});
  CHECK(c.run({"ltrim", "l", "1", "-2"}) == "+OK\r\n");
  CHECK(contents(c, "l") == "1 2 3 4");
  CHECK(c.run({"ltrim", "l", "-3", "99"}) == "+OK\r\n");
  CHECK(contents(c, "l") == "2 3 4");
  CHECK(c.run({"ltrim", "l", "0", "0"}) == "+OK\r\n");
  CHECK(contents(c, "l") == "2");
  CHECK(c.run({"ltrim", "l", "1", "0"}) == "+OK\r\n");
  CHECK(contents(c, "l") == "(none)");
  CHECK(used(c, kv::Part::blocks) == 0);
  CHECK(c.run({"ltrim", "nope", "0", "1"}) == "+OK\r\n");
  CHECK(c.run({"ltrim", "nope", "x", "1"}) == not_an_integer);
  c.run({"set", "s", "1"});
  CHECK(c.run({"ltrim", "s", "0", "1"}) == wrong_type);
}

TEST_CASE("LPOS finds by rank from either end, within MAXLEN, one or COUNT") {
  Client c(long_lists());
  c.run({"rpush", "l", "a", "b", "c", "1", "2", "3", "c", "c"});
  CHECK(c.run({"lpos", "l", "c"}) == ":2\r\n");
  CHECK(c.run({"lpos", "l", "c", "rank", "2"}) == ":6\r\n");
  CHECK(c.run({"lpos", "l", "c", "rank", "-1"}) == ":7\r\n");
  CHECK(c.run({"lpos", "l", "c", "rank", "4"}) == "$-1\r\n");
  CHECK(c.run({"lpos", "l", "c", "count", "2"}) == "*2\r\n:2\r\n:6\r\n");
  CHECK(c.run({"lpos", "l", "c", "count", "0"}) == "*3\r\n:2\r\n:6\r\n:7\r\n");
  CHECK(c.run({"lpos", "l", "c", "count", "2", "rank", "-1"}) == "*2\r\n:7\r\n:6\r\n");
  CHECK(c.run({"lpos", "l", "c", "maxlen", "2"}) == "$-1\r\n");
  CHECK(c.run({"lpos", "l", "c", "maxlen", "2", "count", "0"}) == "*0\r\n");
  CHECK(c.run({"lpos", "l", "c", "maxlen", "7", "count", "0"}) == "*2\r\n:2\r\n:6\r\n");
  CHECK(c.run({"lpos", "nope", "c"}) == "$-1\r\n");
  CHECK(c.run({"lpos", "nope", "c", "count", "1"}) == "*0\r\n");
  c.run({"set", "s", "1"});
  CHECK(c.run({"lpos", "s", "1"}) == wrong_type);
}

TEST_CASE("LPOS says what is wrong with its options") {
  Client c;
  c.run({"rpush", "l", "a"});
  CHECK(c.run({"lpos", "l", "a", "rank", "0"}) ==
        "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or "
        "use negative to start from the end of the list\r\n");
  CHECK(c.run({"lpos", "l", "a", "rank", "x"}) == not_an_integer);
  CHECK(c.run({"lpos", "l", "a", "rank", "-9223372036854775808"}) ==
        "-ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807\r\n");
  CHECK(c.run({"lpos", "l", "a", "count", "-1"}) == "-ERR COUNT can't be negative\r\n");
  CHECK(c.run({"lpos", "l", "a", "maxlen", "x"}) == "-ERR MAXLEN can't be negative\r\n");
  CHECK(c.run({"lpos", "l", "a", "rank"}) == syntax);
  CHECK(c.run({"lpos", "l", "a", "first", "1"}) == syntax);
}

TEST_CASE("LMOVE moves between the ends of two lists, or of one") {
  Client c(long_lists());
  c.run({"rpush", "l", "a", "b", "c"});
  CHECK(c.run({"lmove", "l", "m", "left", "right"}) == "$1\r\na\r\n");
  CHECK(c.run({"lmove", "l", "m", "RIGHT", "LEFT"}) == "$1\r\nc\r\n");
  CHECK(contents(c, "l") == "b");
  CHECK(contents(c, "m") == "c a");
  CHECK(c.run({"rpoplpush", "l", "m"}) == "$1\r\nb\r\n");
  CHECK(contents(c, "l") == "(none)");
  CHECK(contents(c, "m") == "b c a");
  CHECK(c.run({"lmove", "m", "m", "left", "right"}) == "$1\r\nb\r\n");
  CHECK(contents(c, "m") == "c a b");
  CHECK(c.run({"rpoplpush", "m", "m"}) == "$1\r\nb\r\n");
  CHECK(c.run({"lmove", "m", "m", "left", "left"}) == "$1\r\nb\r\n");
  CHECK(contents(c, "m") == "b c a");
  CHECK(c.run({"lmove", "m", "m", "up", "left"}) == syntax);
  CHECK(c.run({"lmove", "nope", "m", "left", "left"}) == "$-1\r\n");
  c.run({"set", "s", "1"});
  CHECK(c.run({"lmove", "nope", "s", "left", "left"}) == "$-1\r\n");
  CHECK(c.run({"lmove", "s", "m", "left", "left"}) == wrong_type);
  CHECK(c.run({"lmove", "m", "s", "left", "left"}) == wrong_type);
  CHECK(c.run({"rpoplpush", "m", "s"}) == wrong_type);
  CHECK(contents(c, "m") == "b c a");
  // A list of one that moves onto itself stays.
  c.run({"rpush", "one", "x"});
  CHECK(c.run({"lmove", "one", "one", "left", "right"}) == "$1\r\nx\r\n");
  CHECK(contents(c, "one") == "x");
}

TEST_CASE("LMOVE works in a full store, and takes what its source gives back") {
  Config config = kv::test::small_config();
  config.key_count = 2;
  config.store_bytes = 5 * 32;
  Client c(config);
  // Two keys of a block, three elements of one: five blocks, all in use.
  c.run({"rpush", "l", "a", "b"});
  c.run({"rpush", "m", "c"});
  CHECK(used(c, kv::Part::blocks) == 5);
  CHECK(c.run({"lmove", "l", "m", "left", "left"}) == "$1\r\na\r\n");
  CHECK(c.run({"lmove", "l", "new", "left", "left"}) == "$1\r\nb\r\n");
  CHECK(contents(c, "new") == "b");
  CHECK(contents(c, "l") == "(none)");
  CHECK(c.run({"lmove", "m", "n", "left", "left"}) ==
        "-OOM map is full: all 2 keys (key_count) are in use\r\n");
  // Its source's one block is not enough for a key of two.
  CHECK(c.run({"rpoplpush", "new", std::string(40, 'k')}) ==
        "-OOM blocks are full: 1 needed, 0 free (store_bytes)\r\n");
  CHECK(contents(c, "m") == "a c");
  CHECK(contents(c, "new") == "b");
}

TEST_CASE("LMOVE keeps to list_length_max") {
  Client c;
  c.run({"rpush", "l", "a"});
  c.run({"rpush", "m", "1", "2", "3"});
  CHECK(c.run({"lmove", "l", "m", "left", "left"}) ==
        "-ERR list of 4 elements would exceed list_length_max (3)\r\n");
  CHECK(c.run({"lmove", "m", "m", "left", "right"}) == "$1\r\n1\r\n");
  CHECK(contents(c, "l") == "a");
}

TEST_CASE("LMPOP pops from the first list that is not empty") {
  Client c;
  c.run({"rpush", "l", "a", "b", "c"});
  CHECK(c.run({"lmpop", "2", "nope", "l", "left"}) == "*2\r\n$1\r\nl\r\n*1\r\n$1\r\na\r\n");
  CHECK(c.run({"lmpop", "1", "l", "right", "count", "9"}) ==
        "*2\r\n$1\r\nl\r\n*2\r\n$1\r\nc\r\n$1\r\nb\r\n");
  CHECK(c.run({"lmpop", "1", "l", "left"}) == "*-1\r\n");
  c.run({"set", "s", "1"});
  CHECK(c.run({"lmpop", "2", "s", "l", "left"}) == wrong_type);
  CHECK(c.run({"lmpop", "0", "l", "left"}) == "-ERR numkeys should be greater than 0\r\n");
  CHECK(c.run({"lmpop", "x", "l", "left"}) == "-ERR numkeys should be greater than 0\r\n");
  CHECK(c.run({"lmpop", "2", "l", "left"}) == syntax);
  CHECK(c.run({"lmpop", "9223372036854775807", "l", "left"}) == syntax);
  CHECK(c.run({"lmpop", "1", "l", "up"}) == syntax);
  CHECK(c.run({"lmpop", "1", "l", "left", "count", "0"}) ==
        "-ERR count should be greater than 0\r\n");
  CHECK(c.run({"lmpop", "1", "l", "left", "count", "1", "count", "2"}) == syntax);
  CHECK(c.run({"lmpop", "1", "l", "left", "first", "1"}) == syntax);
}

TEST_CASE("LMPOP of a full list under the longest key is a reply that fits") {
  Config config = kv::test::small_config();
  config.list_length_max = 200;
  Client c(config);
  const std::string key(40, 'k');
  std::vector<std::string> push = {"rpush", key};
  std::string elements;
  for (int i = 0; i < 200; ++i) {
    push.push_back(std::string(100, 'v'));
    elements += "$100\r\n" + push.back() + "\r\n";
  }
  c.run(push);
  CHECK(c.run({"lmpop", "1", key, "left", "count", "200"}) ==
        "*2\r\n$40\r\n" + key + "\r\n*200\r\n" + elements);
  CHECK(c.outcome == Outcome::done);
}
