#include "bench/echo/reply.hpp"

#include <doctest/doctest.h>

#include <string>

#include "bench/load/replies.hpp"

namespace kv::bench {
namespace {

std::string text_of(std::span<const char> bytes) { return {bytes.begin(), bytes.end()}; }

TEST_CASE("each whole request is answered once, and the rest waits for more") {
  const Replies replies(/*request_bytes=*/10, /*reply_bytes=*/7);
  uint64_t received = 9;
  CHECK(replies.take(received).empty());
  CHECK(received == 9);
  received += 15;
  CHECK(text_of(replies.take(received)) == "$1\r\nx\r\n$1\r\nx\r\n");
  CHECK(received == 4);
}

TEST_CASE("a reply has the bytes that were asked for, and is one reply") {
  for (uint64_t bytes = Replies::reply_bytes_min; bytes < 3000; ++bytes) {
    const Replies replies(/*request_bytes=*/1, bytes);
    uint64_t received = 1;
    const std::span<const char> reply = replies.take(received);
    ReplyCounter counter;
    CAPTURE(bytes);
    CHECK(reply.size() == bytes);
    CHECK(counter.feed(reply) == 1);
    CHECK(counter.errors() + counter.misses() == 0);
  }
}

TEST_CASE("what the buffer does not hold is left for the next time") {
  const Replies replies(/*request_bytes=*/1, /*reply_bytes=*/100'000);
  uint64_t received = 5;
  CHECK(replies.take(received).size() == 200'000);
  CHECK(received == 3);
}

TEST_CASE("a reply larger than the buffer is sent whole") {
  const Replies replies(/*request_bytes=*/1, /*reply_bytes=*/1'000'000);
  uint64_t received = 2;
  CHECK(replies.take(received).size() == 1'000'000);
  CHECK(received == 1);
}

}  // namespace
}  // namespace kv::bench
