// The node pool, the index pool and the scratch area.
#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "kvcore/memory/index_pool.hpp"
#include "kvcore/memory/node_pool.hpp"
#include "kvcore/memory/scratch.hpp"
#include "tests/memory/random.hpp"

namespace kv {
namespace {

TEST_CASE("nodes come from the front, and the one given back last comes first") {
  std::vector<ListNode> memory(3);
  NodePool pool{std::span(memory)};
  CHECK(pool.allocate() == 0);
  CHECK(pool.allocate() == 1);
  CHECK(pool.allocate() == 2);
  CHECK(pool.free_count() == 0);
  pool.release(0);
  pool.release(2);
  CHECK(pool.free_count() == 2);
  CHECK(pool.allocate() == 2);
  CHECK(pool.allocate() == 0);
}

TEST_CASE("clearing the node pool gives every node back without touching one") {
  std::vector<ListNode> memory(3, ListNode{9, 9, 9, 9});
  NodePool pool{std::span(memory)};
  pool.allocate();
  pool.allocate();
  pool.clear();
  CHECK(pool.free_count() == 3);
  for (const ListNode& node : memory) CHECK(node.next == 9);
  CHECK(pool.allocate() == 0);
}

TEST_CASE("a carved node pool has a node for each element, but not more than blocks") {
  Config config;
  config.key_count = 10;
  config.list_length_max = 5;
  config.block_bytes = 256;
  Arena arena;
  REQUIRE(!arena.reserve(mebibyte, HugePages::off));
  config.store_bytes = 100 * 256;  // 10 × 5 = 50 elements, 100 blocks
  CHECK(NodePool::carve(arena, config).count() == 50);
  config.store_bytes = 30 * 256;
  CHECK(NodePool::carve(arena, config).count() == 30);
  config.list_length_max = 0;
  CHECK(NodePool::carve(arena, config).count() == 0);
  // 50 nodes and 30 nodes of 16 bytes; a part of no nodes costs nothing.
  CHECK(arena.ledger().part_bytes[static_cast<uint64_t>(Part::list_nodes)] == 1280);
}

TEST_CASE("an index pool hands out every index once, then none") {
  std::vector<uint32_t> memory(4);
  IndexPool pool{std::span(memory)};
  CHECK(pool.acquire() == 0);
  CHECK(pool.acquire() == 1);
  CHECK(pool.acquire() == 2);
  CHECK(pool.acquire() == 3);
  CHECK(pool.acquire() == index_none);
  CHECK(pool.used_count() == 4);
  pool.release(1);
  CHECK(pool.free_count() == 1);
  CHECK(pool.acquire() == 1);
}

TEST_CASE("an index pool over no memory is always empty") {
  IndexPool pool;
  CHECK(pool.count() == 0);
  CHECK(pool.acquire() == index_none);
}

/// Random takes and gives beside a set of what is out. Pool has allocate() and release().
template <class Take, class Pool>
void run_model(uint64_t seed, Pool& pool, Take take) {
  Random random(seed);
  std::vector<uint32_t> out;
  std::vector<bool> is_out(pool.count(), false);
  uint64_t times_full = 0;
  uint64_t times_empty = 0;
  bool filling = true;
  for (uint64_t i = 0; i < 2'000'000; ++i) {
    if (out.size() == pool.count()) filling = false;
    if (out.empty()) filling = true;
    const bool want = random.below(10) < (filling ? 7U : 3U);
    if (want && pool.free_count() > 0) {
      const uint32_t index = take(pool);
      if (index >= pool.count() || is_out[index]) FAIL("handed out twice: " << index);
      is_out[index] = true;
      out.push_back(index);
    } else if (!out.empty()) {
      const uint64_t at = random.below(out.size());
      pool.release(out[at]);
      is_out[out[at]] = false;
      out[at] = out.back();
      out.pop_back();
    }
    if (pool.used_count() != out.size()) FAIL("used " << pool.used_count());
    if (pool.free_count() != pool.count() - out.size()) FAIL("free " << pool.free_count());
    times_full += out.size() == pool.count();
    times_empty += out.empty();
  }
  CHECK(times_full > 0);
  CHECK(times_empty > 0);
}

TEST_CASE("any history of nodes agrees with a set of those in use") {
  const uint64_t seed = test_seed();
  INFO("KV_TEST_SEED=" << seed);
  std::vector<ListNode> memory(300);
  NodePool pool{std::span(memory)};
  run_model(seed, pool, [](NodePool& p) {
    const uint32_t index = p.allocate();
    p[index] = {1, 2, 3, 4};  // the caller's to write
    return index;
  });
}

TEST_CASE("any history of indices agrees with a set of those in use") {
  const uint64_t seed = test_seed();
  INFO("KV_TEST_SEED=" << seed);
  std::vector<uint32_t> memory(300);
  IndexPool pool{std::span(memory)};
  run_model(seed, pool, [](IndexPool& p) { return p.acquire(); });
}

TEST_CASE("the scratch holds the arguments pushed since the last reset") {
  std::vector<Slice> memory(3);
  Scratch scratch{std::span(memory)};
  scratch.push("SET");
  scratch.push("");
  scratch.push("value");
  REQUIRE(scratch.slices().size() == 3);
  CHECK(std::string_view(scratch.slices()[0].data, scratch.slices()[0].bytes) == "SET");
  CHECK(scratch.slices()[1].bytes == 0);
  CHECK(scratch.count() == scratch.capacity());
  scratch.reset();
  CHECK(scratch.slices().empty());
  scratch.push("GET");
  CHECK(scratch.count() == 1);
  CHECK(scratch.count_max_seen() == 3);
}

TEST_CASE("a carved scratch takes 16 bytes for each argument") {
  Config config;
  config.command_args_max = 1024;
  Arena arena;
  REQUIRE(!arena.reserve(mebibyte, HugePages::off));
  CHECK(Scratch::carve(arena, config).capacity() == 1024);
  CHECK(arena.ledger().part_bytes[static_cast<uint64_t>(Part::slices)] == 16384);
}

}  // namespace
}  // namespace kv
