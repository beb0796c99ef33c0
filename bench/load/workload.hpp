// The tests that the generator knows, and the bytes of their requests. All requests of a
// workload have the same length; what differs between two is the digits of their keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kv::bench {

enum class Shape : uint8_t {
  no_key,    // PING
  key,       // GET key
  value,     // SET key value
  elements,  // RPUSH key value value …
  range,     // LRANGE key 0 n-1
  keys,      // MGET key key …
  pairs,     // MSET key value key value …
};

enum class Answer : uint8_t { status, value, integer, values };

struct Test {
  std::string_view name;
  std::string_view command;
  std::string_view key_prefix;  // keys of one kind never meet those of another
  Shape shape;
  Answer answer;
  uint32_t elements;  // unless asked for otherwise
};

/// Every test, in the order of the help.
const std::vector<Test>& all_tests();

/// nullptr where there is none of that name.
const Test* find_test(std::string_view name);

struct Workload {
  const Test* test = nullptr;
  uint32_t key_bytes = 16;    // at least `key_bytes_min`
  uint32_t value_bytes = 64;  // at least 1
  uint32_t elements = 1;      // of a list, keys of MSET and MGET; at least 1
};

constexpr uint32_t key_bytes_min = 12;

struct Request {
  std::string bytes;
  std::vector<uint32_t> key_places;  // where the digits of each key begin
  uint64_t reply_bytes;              // of the usual reply; an integer counts as two digits
};

/// One request in RESP, with key 0 in every place.
Request encode(const Workload& workload);

}  // namespace kv::bench
