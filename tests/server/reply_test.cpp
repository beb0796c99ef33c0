// Writing replies.

#include "server/reply.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

namespace {

using kv::ReplyWriter;

template <class Write>
std::string written(Write write, uint8_t protocol = 2) {
  char room[1024];
  ReplyWriter reply(room, protocol);
  write(reply);
  return {room, reply.written()};
}

}  // namespace

TEST_CASE("Replies are RESP2") {
  CHECK(written([](ReplyWriter& r) { r.ok(); }) == "+OK\r\n");
  CHECK(written([](ReplyWriter& r) { r.status("PONG"); }) == "+PONG\r\n");
  CHECK(written([](ReplyWriter& r) { r.integer(0); }) == ":0\r\n");
  CHECK(written([](ReplyWriter& r) { r.integer(INT64_MIN); }) == ":-9223372036854775808\r\n");
  CHECK(written([](ReplyWriter& r) { r.bulk(""); }) == "$0\r\n\r\n");
  CHECK(written([](ReplyWriter& r) { r.bulk({"a\0b", 3}); }) == std::string("$3\r\na\0b\r\n", 9));
  CHECK(written([](ReplyWriter& r) { r.null(); }) == "$-1\r\n");
  CHECK(written([](ReplyWriter& r) { r.null_array(); }) == "*-1\r\n");
  CHECK(written([](ReplyWriter& r) { r.array(12); }) == "*12\r\n");
  CHECK(written([](ReplyWriter& r) { r.map(3); }) == "*6\r\n");
  CHECK(written([](ReplyWriter& r) { r.set(3); }) == "*3\r\n");
  CHECK(written([](ReplyWriter& r) { r.real(1.5); }) == "$3\r\n1.5\r\n");
  CHECK(written([](ReplyWriter& r) { std::memcpy(r.begin_verbatim(3), "abc", 3); }) ==
        "$3\r\nabc\r\n");
}

TEST_CASE("In RESP3 nulls and maps have types of their own") {
  CHECK(written([](ReplyWriter& r) { r.null(); }, 3) == "_\r\n");
  CHECK(written([](ReplyWriter& r) { r.null_array(); }, 3) == "_\r\n");
  CHECK(written([](ReplyWriter& r) { r.map(3); }, 3) == "%3\r\n");
  CHECK(written([](ReplyWriter& r) { r.set(3); }, 3) == "~3\r\n");
  // As redis-server 7.0.15 writes this double.
  CHECK(written([](ReplyWriter& r) { r.real(1.0917478799819946); }, 3) ==
        ",1.0917478799819946\r\n");
  CHECK(written([](ReplyWriter& r) { std::memcpy(r.begin_verbatim(3), "abc", 3); }, 3) ==
        "=7\r\ntxt:abc\r\n");
  ReplyWriter reply = ReplyWriter::counter(3);
  CHECK(reply.verbatim_bytes(3) == 13);
}

TEST_CASE("An error is one line of at most 500 bytes of text") {
  CHECK(written([](ReplyWriter& r) { r.error("ERR a\r\nb\n"); }) == "-ERR a  b \r\n");
  CHECK(written([](ReplyWriter& r) { r.error(std::string(2000, 'x')); }) ==
        std::string("-") + std::string(500, 'x') + "\r\n");
}

TEST_CASE("A bulk string can be filled in afterwards") {
  CHECK(written([](ReplyWriter& r) {
          char* const content = r.begin_bulk(5);
          r.ok();
          std::memcpy(content, "hello", 5);
        }) == "$5\r\nhello\r\n+OK\r\n");
}

TEST_CASE("What fits is what is left of the room") {
  char room[10];
  ReplyWriter reply(room, 2);
  CHECK(reply.fits(10));
  CHECK_FALSE(reply.fits(11));
  reply.ok();
  CHECK(reply.fits(5));
  CHECK_FALSE(reply.fits(6));
  reply.ok();
  CHECK(reply.fits(0));
  CHECK_FALSE(reply.fits(1));
}

TEST_CASE("A counter writes nothing and knows the size") {
  ReplyWriter counter = ReplyWriter::counter(2);
  counter.array(10);                        // "*10\r\n" 5
  counter.bulk(std::string(100, 'x'));      // "$100\r\n" 6, 100, CRLF 2
  counter.error("ERR");                     // 6
  CHECK(counter.begin_bulk(3) == nullptr);  // "$3\r\n" 4, 3, CRLF 2
  CHECK(counter.written() == 5 + 108 + 6 + 9);
}

TEST_CASE("Sizes of replies count the digits") {
  CHECK(kv::bulk_reply_bytes(0) == 6);
  CHECK(kv::bulk_reply_bytes(9) == 15);
  CHECK(kv::bulk_reply_bytes(10) == 17);
  CHECK(kv::bulk_reply_bytes(4096) == 4105);
  CHECK(kv::array_reply_bytes(0) == 4);
  CHECK(kv::array_reply_bytes(50) == 5);
}
