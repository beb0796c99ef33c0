// The string commands beyond GET and SET, with whole replies.

#include "fixture.hpp"

using kv::Config;
using kv::Part;
using kv::test::Client;
using namespace kv::test::replies;

namespace {

const std::string not_a_float = "-ERR value is not a valid float\r\n";

std::string invalid_time(const std::string& command) {
  return join({"-ERR invalid expire time in '", command, "' command\r\n"});
}

struct Strings : Client {
  Strings() : Client(config()) { view.now_ms = 1'000'000; }
  static Config config() {
    Config config = kv::test::small_config();
    config.key_count = 8;
    return config;
  }
};

}  // namespace

TEST_CASE("SET sets, keeps and clears when a key expires") {
  Strings c;
  CHECK(c.run({"set", "a", "1", "ex", "10"}) == ok);
  CHECK(c.run({"pttl", "a"}) == ":10000\r\n");
  CHECK(c.run({"set", "a", "2", "KEEPTTL"}) == ok);
  CHECK(c.run({"pttl", "a"}) == ":10000\r\n");
  CHECK(c.run({"set", "a", "3"}) == ok);
  CHECK(c.run({"pttl", "a"}) == ":-1\r\n");
  CHECK(c.run({"set", "a", "4", "PX", "1500", "GET"}) == bulk("3"));
  CHECK(c.run({"pttl", "a"}) == ":1500\r\n");
  CHECK(c.run({"set", "a", "5", "EXAT", "1234"}) == ok);
  CHECK(c.run({"pexpiretime", "a"}) == ":1234000\r\n");
  CHECK(c.run({"set", "a", "6", "PXAT", "1000001"}) == ok);
  CHECK(c.run({"get", "a"}) == bulk("6"));
  c.view.now_ms = 1'000'001;
  CHECK(c.run({"get", "a"}) == nil);
  CHECK(c.run({"dbsize"}) == zero);
  // A time that is over is no error, but the key is not there.
  CHECK(c.run({"set", "a", "7", "PXAT", "1"}) == ok);
  CHECK(c.run({"get", "a"}) == nil);
  CHECK(c.run({"set", "a", "7", "ex", "10", "ex", "20"}) == ok);
  CHECK(c.run({"ttl", "a"}) == ":20\r\n");
}

TEST_CASE("SET refuses options that do not go together and times that mean nothing") {
  Strings c;
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{"nx", "xx"},
                                             {"ex"},
                                             {"ex", "10", "px", "10"},
                                             {"ex", "10", "keepttl"},
                                             {"keepttl", "ex", "10"},
                                             {"persist"},
                                             {"foo"}}) {
    std::vector<std::string> args = {"set", "a", "1"};
    args.insert(args.end(), options.begin(), options.end());
    CAPTURE(options[0]);
    CHECK(c.run(args) == syntax);
  }
  CHECK(c.run({"set", "a", "1", "ex", "ten"}) == not_an_integer);
  for (const char* time : {"0", "-1", "9223372036854775807", "9223372036854775"}) {
    CAPTURE(time);
    CHECK(c.run({"set", "a", "1", "ex", time}) == invalid_time("set"));
  }
  CHECK(c.run({"set", "a", "1", "px", "9223372036854775807"}) == invalid_time("set"));
  CHECK(c.run({"setex", "a", "0", "1"}) == invalid_time("setex"));
  CHECK(c.run({"psetex", "a", "-5", "1"}) == invalid_time("psetex"));
  CHECK(c.run({"exists", "a"}) == zero);
  CHECK(c.run({"set", "a", "1", "pxat", "9223372036854775807"}) == ok);
  CHECK(c.run({"pexpiretime", "a"}) == ":9223372036854775807\r\n");
}

TEST_CASE("SETNX, SETEX, PSETEX, GETSET and GETDEL set and get in one step") {
  Strings c;
  CHECK(c.run({"setnx", "a", "1"}) == one);
  CHECK(c.run({"setnx", "a", "2"}) == zero);
  CHECK(c.run({"getset", "a", "3"}) == bulk("1"));
  CHECK(c.run({"getset", "b", "4"}) == nil);
  CHECK(c.run({"setex", "b", "100", "5"}) == ok);
  CHECK(c.run({"psetex", "a", "2500", "6"}) == ok);
  CHECK(c.run({"pttl", "b"}) == ":100000\r\n");
  CHECK(c.run({"getset", "b", "7"}) == bulk("5"));
  CHECK(c.run({"ttl", "b"}) == ":-1\r\n");
  CHECK(c.run({"getdel", "a"}) == bulk("6"));
  CHECK(c.run({"getdel", "a"}) == nil);
  c.run({"rpush", "l", "x"});
  CHECK(c.run({"getset", "l", "1"}) == wrong_type);
  CHECK(c.run({"getdel", "l"}) == wrong_type);
  CHECK(c.run({"setnx", "l", "1"}) == zero);
}

TEST_CASE("a value behind a time is held to the value's limit, and the time is not") {
  Config config = Strings::config();
  config.val_size_max = 2;
  Client c(config);
  CHECK(c.run({"setex", "a", "1000", "12"}) == ok);
  CHECK(c.run({"setex", "a", "1000", "123"}) ==
        "-ERR value of 3 bytes exceeds val_size_max (2)\r\n");
}

TEST_CASE("GETEX returns a string and changes only when it expires") {
  Strings c;
  c.run({"set", "a", "1"});
  CHECK(c.run({"getex", "a", "ex", "10"}) == bulk("1"));
  CHECK(c.run({"pttl", "a"}) == ":10000\r\n");
  CHECK(c.run({"getex", "a"}) == bulk("1"));
  CHECK(c.run({"pttl", "a"}) == ":10000\r\n");
  CHECK(c.run({"getex", "a", "persist"}) == bulk("1"));
  CHECK(c.run({"pttl", "a"}) == ":-1\r\n");
  CHECK(c.run({"getex", "a", "persist", "ex", "10"}) == syntax);
  CHECK(c.run({"getex", "a", "keepttl"}) == syntax);
  CHECK(c.run({"getex", "a", "px", "0"}) == invalid_time("getex"));
  CHECK(c.run({"getex", "none", "px", "0"}) == nil);
  CHECK(c.run({"getex", "a", "pxat", "5"}) == bulk("1"));
  CHECK(c.run({"exists", "a"}) == zero);
  c.run({"rpush", "l", "x"});
  CHECK(c.run({"getex", "l", "px", "0"}) == wrong_type);
}

TEST_CASE("APPEND and SETRANGE grow a string in place up to the value's limit") {
  Strings c;
  CHECK(c.run({"append", "a", "Hello"}) == ":5\r\n");
  CHECK(c.run({"append", "a", " World"}) == ":11\r\n");
  CHECK(c.run({"setrange", "a", "6", "there"}) == ":11\r\n");
  CHECK(c.run({"get", "a"}) == bulk("Hello there"));
  CHECK(c.run({"setrange", "b", "3", "x"}) == ":4\r\n");
  CHECK(c.run({"get", "b"}) == bulk(std::string("\0\0\0x", 4)));
  CHECK(c.run({"setrange", "none", "5", ""}) == zero);
  CHECK(c.run({"setrange", "a", "50", ""}) == ":11\r\n");
  CHECK(c.run({"exists", "none"}) == zero);
  CHECK(c.run({"setrange", "a", "-1", "x"}) == "-ERR offset is out of range\r\n");
  CHECK(c.run({"setrange", "a", "x", "x"}) == not_an_integer);
  CHECK(c.run({"append", "a", std::string(90, 'x')}) ==
        "-ERR value of 101 bytes exceeds val_size_max (100)\r\n");
  CHECK(c.run({"setrange", "a", "100", "x"}) ==
        "-ERR value of 101 bytes exceeds val_size_max (100)\r\n");
  CHECK(c.run({"append", "a", std::string(89, 'x')}) == ":100\r\n");
  c.run({"rpush", "l", "x"});
  CHECK(c.run({"append", "l", "x"}) == wrong_type);
  CHECK(c.run({"setrange", "l", "0", "x"}) == wrong_type);
}

TEST_CASE("a string that grows takes blocks, and is refused where there are none") {
  Config config = Strings::config();
  config.store_bytes = 4 * 32;
  Client c(config);
  CHECK(c.run({"set", "a", std::string(20, 'a'), "ex", "100"}) == ok);
  CHECK(c.run({"append", "a", std::string(80, 'b')}) == ":100\r\n");  // 101 bytes
  CHECK(c.store.use(Part::blocks).used == 4);
  CHECK(c.run({"ttl", "a"}) == ":100\r\n");
  CHECK(c.run({"append", "b", "x"}) == "-OOM blocks are full: 1 needed, 0 free (store_bytes)\r\n");
  CHECK(c.run({"setrange", "a", "99", "c"}) == ":100\r\n");
  CHECK(c.run({"getrange", "a", "98", "99"}) == bulk("bc"));
}

TEST_CASE("GETRANGE and SUBSTR return the part between two positions") {
  Strings c;
  const std::string text = "This is a string that takes more than one block of the store";
  c.run({"set", "a", text});
  CHECK(c.run({"getrange", "a", "0", "3"}) == bulk("This"));
  CHECK(c.run({"getrange", "a", "-5", "-1"}) == bulk("store"));
  CHECK(c.run({"substr", "a", "20", "40"}) == bulk(text.substr(20, 21)));
  CHECK(c.run({"getrange", "a", "0", "-1"}) == bulk(text));
  CHECK(c.run({"getrange", "a", "58", "9223372036854775807"}) == bulk("re"));
  CHECK(c.run({"getrange", "a", "-9223372036854775808", "0"}) == bulk("T"));
  CHECK(c.run({"getrange", "a", "5", "4"}) == bulk(""));
  CHECK(c.run({"getrange", "a", "100", "200"}) == bulk(""));
  CHECK(c.run({"getrange", "none", "0", "1"}) == bulk(""));
  CHECK(c.run({"getrange", "a", "x", "1"}) == not_an_integer);
  c.run({"rpush", "l", "x"});
  CHECK(c.run({"getrange", "l", "0", "1"}) == wrong_type);
}

TEST_CASE("INCR and its kin count in 64 bits and refuse to overflow") {
  Strings c;
  CHECK(c.run({"incr", "a"}) == one);
  CHECK(c.run({"incrby", "a", "41"}) == ":42\r\n");
  CHECK(c.run({"decrby", "a", "50"}) == ":-8\r\n");
  CHECK(c.run({"decr", "a"}) == ":-9\r\n");
  CHECK(c.run({"get", "a"}) == bulk("-9"));
  CHECK(c.run({"expire", "a", "10"}) == one);
  CHECK(c.run({"incr", "a"}) == ":-8\r\n");
  CHECK(c.run({"ttl", "a"}) == ":10\r\n");
  CHECK(c.run({"set", "a", "9223372036854775807"}) == ok);
  CHECK(c.run({"incr", "a"}) == "-ERR increment or decrement would overflow\r\n");
  CHECK(c.run({"decrby", "a", "-9223372036854775808"}) == "-ERR decrement would overflow\r\n");
  CHECK(c.run({"incrby", "a", "x"}) == not_an_integer);
  for (const char* value : {" 1", "01", "1.5", "", "9223372036854775808", "x"}) {
    c.run({"set", "a", value});
    CHECK(c.run({"incr", "a"}) == not_an_integer);
    CHECK(c.run({"get", "a"}) == bulk(value));
  }
  c.run({"rpush", "l", "x"});
  CHECK(c.run({"incr", "l"}) == wrong_type);
}

TEST_CASE("INCRBYFLOAT adds as Redis does and writes numbers as people do") {
  Strings c;
  CHECK(c.run({"incrbyfloat", "a", "10.50"}) == bulk("10.5"));
  CHECK(c.run({"incrbyfloat", "a", "0.1"}) == bulk("10.6"));
  CHECK(c.run({"incrbyfloat", "a", "-10.6"}) == bulk("0"));
  CHECK(c.run({"set", "a", "5.0e3"}) == ok);
  CHECK(c.run({"incrbyfloat", "a", "2.0e2"}) == bulk("5200"));
  CHECK(c.run({"incrbyfloat", "a", "abc"}) == not_a_float);
  CHECK(c.run({"incrbyfloat", "a", " 1"}) == not_a_float);
  CHECK(c.run({"incrbyfloat", "a", ""}) == not_a_float);
  CHECK(c.run({"incrbyfloat", "a", "nan"}) == not_a_float);
  CHECK(c.run({"incrbyfloat", "a", "inf"}) == "-ERR increment would produce NaN or Infinity\r\n");
  // 3 × 10^110 has 111 digits.
  CHECK(c.run({"incrbyfloat", "a", "3e110"}) ==
        "-ERR value of 111 bytes exceeds val_size_max (100)\r\n");
  CHECK(c.run({"get", "a"}) == bulk("5200"));
  c.run({"set", "a", "x"});
  CHECK(c.run({"incrbyfloat", "a", "1"}) == not_a_float);
}

TEST_CASE("MSETNX sets all or, where one key exists, none") {
  Strings c;
  CHECK(c.run({"msetnx", "a", "1", "b", "2"}) == one);
  CHECK(c.run({"msetnx", "c", "3", "b", "4"}) == zero);
  CHECK(c.run({"mget", "a", "b", "c"}) == join({"*3\r\n", bulk("1"), bulk("2"), nil}));
  CHECK(c.run({"msetnx", "c"}) == "-ERR wrong number of arguments for 'msetnx' command\r\n");
  CHECK(c.run({"msetnx", "c", "1", "d"}) ==
        "-ERR wrong number of arguments for 'msetnx' command\r\n");
}
