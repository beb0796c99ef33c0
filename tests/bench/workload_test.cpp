#include "bench/load/workload.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "bench/load/keys.hpp"

namespace kv::bench {
namespace {

/// A request of keys of 12 bytes, values of 3 and 2 elements.
Request request_of(std::string_view test) {
  Workload workload;
  workload.test = find_test(test);
  REQUIRE(workload.test != nullptr);
  workload.key_bytes = 12;
  workload.value_bytes = 3;
  workload.elements = 2;
  return encode(workload);
}

void check_request(std::string_view test, std::string_view bytes, std::string_view usual_reply) {
  CAPTURE(test);
  const Request request = request_of(test);
  CHECK(request.bytes == bytes);
  CHECK(request.reply_bytes == usual_reply.size());
}

TEST_CASE("requests are what clients of Redis send") {
  check_request("ping", "*1\r\n$4\r\nPING\r\n", "+PONG\r\n");
  check_request("get", "*2\r\n$3\r\nGET\r\n$12\r\nkey:00000000\r\n", "$3\r\nabc\r\n");
  check_request("set", "*3\r\n$3\r\nSET\r\n$12\r\nkey:00000000\r\n$3\r\nabc\r\n", "+OK\r\n");
  check_request("incr", "*2\r\n$4\r\nINCR\r\n$12\r\nctr:00000000\r\n", ":12\r\n");
  check_request("lpush", "*4\r\n$5\r\nLPUSH\r\n$12\r\nlst:00000000\r\n$3\r\nabc\r\n$3\r\nabc\r\n",
                ":12\r\n");
  check_request("rpush", "*4\r\n$5\r\nRPUSH\r\n$12\r\nlst:00000000\r\n$3\r\nabc\r\n$3\r\nabc\r\n",
                ":12\r\n");
  check_request("lpop", "*2\r\n$4\r\nLPOP\r\n$12\r\nlst:00000000\r\n", "$3\r\nabc\r\n");
  check_request("lrange", "*4\r\n$6\r\nLRANGE\r\n$12\r\nlst:00000000\r\n$1\r\n0\r\n$1\r\n1\r\n",
                "*2\r\n$3\r\nabc\r\n$3\r\nabc\r\n");
  check_request("mset",
                "*5\r\n$4\r\nMSET\r\n$12\r\nkey:00000000\r\n$3\r\nabc\r\n"
                "$12\r\nkey:00000000\r\n$3\r\nabc\r\n",
                "+OK\r\n");
  check_request("mget", "*3\r\n$4\r\nMGET\r\n$12\r\nkey:00000000\r\n$12\r\nkey:00000000\r\n",
                "*2\r\n$3\r\nabc\r\n$3\r\nabc\r\n");
  check_request("del", "*2\r\n$3\r\nDEL\r\n$12\r\nkey:00000000\r\n", ":12\r\n");
}

TEST_CASE("another key goes in place of the first") {
  Request request = request_of("mget");
  REQUIRE(request.key_places.size() == 2);
  write_key(request.bytes.data() + request.key_places[0], 0x1234);
  write_key(request.bytes.data() + request.key_places[1], 0xdeadbeef);
  CHECK(request.bytes == "*3\r\n$4\r\nMGET\r\n$12\r\nkey:00001234\r\n$12\r\nkey:deadbeef\r\n");
}

TEST_CASE("a longer key has more zeros") {
  Workload workload;
  workload.test = find_test("get");
  workload.key_bytes = 16;
  const Request request = encode(workload);
  CHECK(request.bytes == "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000000\r\n");
  // 4 + 4 + 5 + 5 bytes of "*2", "$3", "GET", "$16", and 8 of the key before its digits.
  CHECK(request.key_places == std::vector<uint32_t>{26});
}

TEST_CASE("there is no test of another name") { CHECK(find_test("flushall") == nullptr); }

TEST_CASE("keys in sequence come once each and then again") {
  KeySource keys(Order::sequential, 3, /*seed=*/1);
  for (const uint64_t expected : {0, 1, 2, 0, 1}) CHECK(keys.next() == expected);
}

TEST_CASE("random keys are all there are, about equally often, and the same for the same seed") {
  KeySource keys(Order::uniform, 10, /*seed=*/7);
  KeySource same(Order::uniform, 10, /*seed=*/7);
  std::array<uint64_t, 10> counts = {};
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t key = keys.next();
    REQUIRE(key < 10);
    REQUIRE(key == same.next());
    ++counts[key];
  }
  for (const uint64_t count : counts) {
    CHECK(count > 9'000);
    CHECK(count < 11'000);
  }
}

}  // namespace
}  // namespace kv::bench
