#include "bench/load/workload.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "bench/load/keys.hpp"

namespace kv::bench {

namespace {

/// A value that is neither all the same byte nor different from run to run.
std::string value_of(uint32_t bytes) {
  std::string value(bytes, ' ');
  for (uint32_t i = 0; i < bytes; ++i) value[i] = static_cast<char>('a' + i % 26);
  return value;
}

uint64_t bulk_bytes(uint64_t length) { return 1 + std::to_string(length).size() + 4 + length; }

uint64_t reply_bytes(const Workload& workload) {
  switch (workload.test->answer) {
    case Answer::status:  // +OK, but PING has +PONG
      return workload.test->shape == Shape::no_key ? 7 : 5;
    case Answer::integer:
      return 5;
    case Answer::value:
      return bulk_bytes(workload.value_bytes);
    case Answer::values:
      return 3 + std::to_string(workload.elements).size() +
             workload.elements * bulk_bytes(workload.value_bytes);
  }
  return 0;
}

/// Appends to a request: words, values, and keys whose places are remembered.
struct Writer {
  explicit Writer(const Workload& of) : workload(of), value(value_of(of.value_bytes)) {}

  void count(uint64_t words) { request.bytes += fmt::format("*{}\r\n", words); }

  void word(std::string_view text) {
    request.bytes += fmt::format("${}\r\n{}\r\n", text.size(), text);
  }

  void key() {
    std::string name(workload.test->key_prefix);
    name.resize(workload.key_bytes, '0');
    word(name);
    request.key_places.push_back(static_cast<uint32_t>(request.bytes.size() - 2 - key_digits));
  }

  const Workload& workload;
  std::string value;
  Request request = {};
};

}  // namespace

const std::vector<Test>& all_tests() {
  static const std::vector<Test> tests = {
      {"ping", "PING", "", Shape::no_key, Answer::status, 1},
      {"get", "GET", "key:", Shape::key, Answer::value, 1},
      {"set", "SET", "key:", Shape::value, Answer::status, 1},
      {"incr", "INCR", "ctr:", Shape::key, Answer::integer, 1},
      {"lpush", "LPUSH", "lst:", Shape::elements, Answer::integer, 1},
      {"rpush", "RPUSH", "lst:", Shape::elements, Answer::integer, 1},
      {"lpop", "LPOP", "lst:", Shape::key, Answer::value, 1},
      {"lrange", "LRANGE", "lst:", Shape::range, Answer::values, 100},
      {"mset", "MSET", "key:", Shape::pairs, Answer::status, 10},
      {"mget", "MGET", "key:", Shape::keys, Answer::values, 10},
      {"del", "DEL", "key:", Shape::key, Answer::integer, 1},
  };
  return tests;
}

const Test* find_test(std::string_view name) {
  const auto& tests = all_tests();
  const auto found =
      std::find_if(tests.begin(), tests.end(), [&](const Test& t) { return t.name == name; });
  return found == tests.end() ? nullptr : &*found;
}

Request encode(const Workload& workload) {
  Writer out(workload);
  const uint32_t n = workload.elements;
  const auto begin = [&](uint64_t arguments) {
    out.count(1 + arguments);
    out.word(workload.test->command);
  };
  switch (workload.test->shape) {
    case Shape::no_key:
      begin(0);
      break;
    case Shape::key:
      begin(1);
      out.key();
      break;
    case Shape::value:
      begin(2);
      out.key();
      out.word(out.value);
      break;
    case Shape::elements:
      begin(1 + uint64_t{n});
      out.key();
      for (uint32_t i = 0; i < n; ++i) out.word(out.value);
      break;
    case Shape::range:
      begin(3);
      out.key();
      out.word("0");
      out.word(std::to_string(n - 1));
      break;
    case Shape::keys:
      begin(n);
      for (uint32_t i = 0; i < n; ++i) out.key();
      break;
    case Shape::pairs:
      begin(2 * uint64_t{n});
      for (uint32_t i = 0; i < n; ++i) {
        out.key();
        out.word(out.value);
      }
      break;
  }
  out.request.reply_bytes = reply_bytes(workload);
  return out.request;
}

}  // namespace kv::bench
