#include "bench/load/replies.hpp"

#include <doctest/doctest.h>

#include <string_view>

namespace kv::bench {
namespace {

struct Counted {
  uint64_t replies = 0;
  ReplyCounter counter;
};

/// The bytes in pieces of a size.
Counted count(std::string_view bytes, size_t piece) {
  Counted out;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    out.replies += out.counter.feed(bytes.substr(at, piece));
  }
  return out;
}

void check_count(std::string_view bytes, uint64_t replies, uint64_t errors = 0,
                 uint64_t misses = 0) {
  CAPTURE(bytes);
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, bytes.size()}) {
    CAPTURE(piece);
    const Counted counted = count(bytes, piece);
    CHECK(counted.replies == replies);
    CHECK(counted.counter.errors() == errors);
    CHECK(counted.counter.misses() == misses);
    CHECK_FALSE(counted.counter.malformed());
  }
}

TEST_CASE("every kind of reply counts once, in whatever pieces it comes") {
  check_count("+PONG\r\n", 1);
  check_count(":-12\r\n", 1);
  check_count("$5\r\nhello\r\n", 1);
  check_count("$0\r\n\r\n", 1);
  check_count("*2\r\n$1\r\na\r\n:1\r\n", 1);
  check_count("*0\r\n", 1);
  check_count("+OK\r\n+OK\r\n$1\r\nx\r\n:7\r\n", 4);
}

TEST_CASE("an array is complete with its last element, nested ones too") {
  check_count("*2\r\n*2\r\n:1\r\n:2\r\n*1\r\n$1\r\na\r\n+OK\r\n", 2);
  check_count("*2\r\n*0\r\n:1\r\n", 1);
  check_count("*3\r\n:1\r\n:2\r\n", 0);
}

TEST_CASE("what is in a bulk string is not looked at") {
  check_count("$14\r\n-ERR\r\n*3\r\n$9\r\n\r\n", 1);
  check_count("$4\r\n\r\n\r\n\r\n", 1);
}

TEST_CASE("an unfinished reply is not counted") {
  check_count("$5\r\nhello\r", 0);
  check_count("+OK\r", 0);
  check_count("*1\r\n", 0);
}

TEST_CASE("nil replies and nil elements are misses") {
  check_count("$-1\r\n", 1, 0, 1);
  check_count("*-1\r\n", 1, 0, 1);
  check_count("*3\r\n$-1\r\n$1\r\na\r\n$-1\r\n", 1, 0, 2);
}

TEST_CASE("errors are counted and the first is kept") {
  const std::string_view bytes = "-OOM no room\r\n+OK\r\n-ERR other\r\n";
  check_count(bytes, 3, 2);
  for (const size_t piece : {size_t{1}, size_t{5}, bytes.size()}) {
    CHECK(count(bytes, piece).counter.first_error() == "OOM no room");
  }
  check_count("*2\r\n-ERR inside\r\n:1\r\n", 1, 1);
}

TEST_CASE("what is no reply is found out, and nothing counts from then on") {
  Counted counted = count("+OK\r\nHTTP/1.1 400\r\n+OK\r\n", 5);
  CHECK(counted.counter.malformed());
  CHECK(counted.replies == 1);
  CHECK(counted.counter.first_error() == "no reply of RESP2 begins or goes on with byte 72");
  CHECK(counted.counter.feed(std::string_view("+OK\r\n")) == 0);
  CHECK(count("$1x\r\n", 9).counter.malformed());
}

}  // namespace
}  // namespace kv::bench
