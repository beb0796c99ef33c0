// Writing replies to a buffer that is in the cache.

#include <fmt/core.h>

#include <cstring>

#include "bench/micro/micro.hpp"
#include "server/reply.hpp"

namespace kv::bench {

namespace {

template <class Write>
void write_replies(benchmark::State& state, Write write) {
  std::vector<char> room(16384);
  for (auto _ : state) {
    ReplyWriter reply(room, /*protocol=*/2);
    write(reply);
    benchmark::DoNotOptimize(room.data());
    benchmark::ClobberMemory();
  }
}

template <class Write>
void add(const std::string& name, uint64_t reply_bytes, Write write) {
  add_benchmark("reply: " + name, copy_limit(hot, reply_bytes),
                [write](benchmark::State& state) { write_replies(state, write); });
}

}  // namespace

void add_reply_benchmarks() {
  add("+OK", 5, [](ReplyWriter& reply) { reply.ok(); });
  int64_t number = 0;
  add("integers of 1 to 6 digits", 5, [number](ReplyWriter& reply) mutable {
    reply.integer(number);
    number = (number + 99'991) % 1'000'000;
  });
  for (const uint64_t bytes : {64, 4096}) {
    add(fmt::format("bulk of {} B", bytes), bulk_reply_bytes(bytes),
        [value = std::string(bytes, 'x')](ReplyWriter& reply) { reply.bulk(value); });
  }
  add("array of 10 bulks of 64 B", array_reply_bytes(10) + 10 * bulk_reply_bytes(64),
      [value = std::string(64, 'x')](ReplyWriter& reply) {
        reply.array(10);
        for (int i = 0; i < 10; ++i) reply.bulk(value);
      });
}

}  // namespace kv::bench
