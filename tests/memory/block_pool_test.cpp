#include "kvcore/memory/block_pool.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/memory/random.hpp"

namespace kv {
namespace {

struct PoolFixture {
  PoolFixture(uint64_t count, uint64_t block_bytes)
      : memory(count * block_bytes / 8),
        bytes(block_bytes),
        pool(std::as_writable_bytes(std::span(memory)), block_bytes) {}

  std::string read(uint32_t first, uint64_t size) const {
    std::string out(size, '?');
    pool.read(first, size, out.data());
    return out;
  }

  /// The blocks of a chain, found without the pool's help.
  std::vector<uint32_t> chain(uint32_t first) const {
    std::vector<uint32_t> out;
    for (uint32_t at = first; at != index_none; at = link_of(at)) out.push_back(at);
    return out;
  }
  uint32_t link_of(uint32_t block) const {
    return static_cast<uint32_t>(memory[block * bytes / 8]);
  }

  std::vector<uint64_t> memory;
  uint64_t bytes;
  BlockPool pool;
};

TEST_CASE("a string of n bytes takes ceil(n / payload) blocks, and at least one") {
  const PoolFixture f(/*count=*/4, /*block_bytes=*/32);
  CHECK(f.pool.payload_bytes() == 28);
  CHECK(f.pool.blocks_for(0) == 1);
  CHECK(f.pool.blocks_for(1) == 1);
  CHECK(f.pool.blocks_for(28) == 1);
  CHECK(f.pool.blocks_for(29) == 2);
  CHECK(f.pool.blocks_for(56) == 2);
  CHECK(f.pool.blocks_for(57) == 3);
}

TEST_CASE("what was stored is read back, at every length around a block's end") {
  PoolFixture f(/*count=*/8, /*block_bytes=*/32);
  Random random(7);
  for (uint64_t size = 0; size <= 8 * 28; ++size) {
    const std::string data = random.text(size);
    const uint32_t first = f.pool.store(data);
    REQUIRE(f.pool.used_count() == std::max<uint64_t>(1, (size + 27) / 28));
    REQUIRE(f.read(first, size) == data);
    REQUIRE(f.pool.equals(first, size, data));
    REQUIRE(!f.pool.equals(first, size, data + "x"));
    if (size > 0) {
      std::string other = data;
      other[random.below(size)] ^= 1;
      REQUIRE(!f.pool.equals(first, size, other));
    }
    f.pool.release(first, size);
    REQUIRE(f.pool.used_count() == 0);
  }
}

TEST_CASE("a pool can be filled to its last block, and again after it was emptied") {
  PoolFixture f(/*count=*/10, /*block_bytes=*/64);
  for (int round = 0; round < 3; ++round) {
    std::vector<uint32_t> firsts;
    for (int i = 0; i < 10; ++i) firsts.push_back(f.pool.store(std::string(60, 'a')));
    CHECK(f.pool.free_count() == 0);
    for (const uint32_t first : firsts) f.pool.release(first, 60);
    CHECK(f.pool.free_count() == 10);
  }
  const uint32_t whole = f.pool.store(std::string(600, 'b'));
  CHECK(f.pool.free_count() == 0);
  CHECK(f.read(whole, 600) == std::string(600, 'b'));
}

TEST_CASE("overwriting keeps the first block and takes or gives back only the difference") {
  PoolFixture f(/*count=*/6, /*block_bytes=*/32);
  const uint32_t first = f.pool.store(std::string(50, 'a'));  // 2 blocks
  f.pool.overwrite(first, 50, std::string(100, 'b'));         // 4 blocks
  CHECK(f.pool.used_count() == 4);
  CHECK(f.read(first, 100) == std::string(100, 'b'));
  f.pool.overwrite(first, 100, std::string(99, 'c'));
  CHECK(f.pool.used_count() == 4);
  f.pool.overwrite(first, 99, "");
  CHECK(f.pool.used_count() == 1);
  f.pool.overwrite(first, 0, std::string(6 * 28, 'd'));
  CHECK(f.pool.free_count() == 0);
  CHECK(f.read(first, 6 * 28) == std::string(6 * 28, 'd'));
}

TEST_CASE("a chain grows in place, patched, appended to, and with zeros where nothing was") {
  PoolFixture f(/*count=*/5, /*block_bytes=*/32);
  const uint32_t first = f.pool.store(std::string(28, 'a'));
  f.pool.write(first, 28, 28, "bc");  // Behind a block that is full to its end.
  CHECK(f.pool.used_count() == 2);
  CHECK(f.read(first, 30) == std::string(28, 'a') + "bc");
  f.pool.write(first, 30, 27, "XYZ");  // Across the end of a block.
  CHECK(f.read(first, 30) == std::string(27, 'a') + "XYZ");
  f.pool.write(first, 30, 85, "e");  // Zeros from 30 to 85, which is in the fourth block.
  CHECK(f.pool.used_count() == 4);
  CHECK(f.read(first, 86) == std::string(27, 'a') + "XYZ" + std::string(55, '\0') + "e");
  f.pool.write(first, 86, 0, "");
  CHECK(f.pool.used_count() == 4);
  CHECK(f.chain(first).size() == 4);
}

TEST_CASE("a part of a chain is read, whichever blocks it lies in") {
  PoolFixture f(/*count=*/4, /*block_bytes=*/32);
  Random random(3);
  const std::string data = random.text(100);
  const uint32_t first = f.pool.store(data);
  for (uint64_t offset = 0; offset <= 100; ++offset) {
    for (uint64_t size = 0; offset + size <= 100; ++size) {
      std::string out(size, '?');
      f.pool.read(first, offset, size, out.data());
      REQUIRE(out == data.substr(offset, size));
    }
  }
  std::string read;
  for (BlockPool::Reader at(f.pool, first, 100); !at.empty(); at.pop()) read += at.front();
  CHECK(read == data);
}

TEST_CASE("chains that were given back are used again, the last one first") {
  PoolFixture f(/*count=*/9, /*block_bytes=*/32);
  const uint32_t a = f.pool.store(std::string(84, 'a'));
  const uint32_t b = f.pool.store(std::string(84, 'b'));
  const std::vector<uint32_t> blocks_of_b = f.chain(b);
  f.pool.release(a, 84);
  f.pool.release(b, 84);
  CHECK(f.pool.store("x") == b);
  // The rest of b, then a, then the blocks that were never used.
  const uint32_t all = f.pool.store(std::string(8 * 28, 'c'));
  CHECK(all == blocks_of_b[1]);
  CHECK(f.chain(all)[2] == a);
  CHECK(f.pool.free_count() == 0);
  CHECK(f.read(all, 8 * 28) == std::string(8 * 28, 'c'));
}

TEST_CASE("a full pool still takes an overwrite that needs no more blocks") {
  PoolFixture f(/*count=*/4, /*block_bytes=*/32);
  const uint32_t first = f.pool.store(std::string(4 * 28, 'a'));
  CHECK(f.pool.free_count() == 0);
  f.pool.overwrite(first, 4 * 28, std::string(4 * 28, 'b'));
  CHECK(f.read(first, 4 * 28) == std::string(4 * 28, 'b'));
}

TEST_CASE("a new pool and a cleared one do not touch blocks before they are used") {
  PoolFixture f(/*count=*/100, /*block_bytes=*/32);
  f.pool.store(std::string(3 * 28, 'a'));
  for (uint64_t word = 3 * 32 / 8; word < f.memory.size(); ++word) REQUIRE(f.memory[word] == 0);
  std::fill(f.memory.begin(), f.memory.end(), 0x5555);
  f.pool.clear();
  CHECK(f.pool.free_count() == 100);
  for (const uint64_t word : f.memory) REQUIRE(word == 0x5555);
  CHECK(f.pool.store("again") == 0);
}

TEST_CASE("blocks that do not divide the memory leave the rest unused") {
  std::vector<uint64_t> memory(100 / 8 + 1);
  const BlockPool pool(std::as_writable_bytes(std::span(memory)), 32);
  CHECK(memory.size() * 8 == 104);
  CHECK(pool.count() == 3);
}

TEST_CASE("a carved pool takes store_bytes rounded down to whole blocks") {
  Config config;
  config.store_bytes = 100'000;
  config.block_bytes = 256;
  Arena arena;
  REQUIRE(!arena.reserve(mebibyte, HugePages::off));
  const BlockPool pool = BlockPool::carve(arena, config);
  // 100,000 / 256 = 390.6: 390 blocks are 99,840 bytes.
  CHECK(pool.count() == 390);
  CHECK(arena.ledger().part_bytes[static_cast<uint64_t>(Part::blocks)] == 99840);
}

/// Every block is in one chain of the model at most, each chain is as long as its string
/// needs, and what is not in a chain is free.
void check_chains(const PoolFixture& f, const std::map<uint32_t, std::string>& model) {
  std::vector<bool> used(f.pool.count(), false);
  uint64_t used_count = 0;
  uint64_t broken = 0;
  for (const auto& [first, data] : model) {
    const std::vector<uint32_t> blocks = f.chain(first);
    broken += blocks.size() != f.pool.blocks_for(data.size());
    for (const uint32_t block : blocks) {
      broken += used[block];
      used[block] = true;
    }
    used_count += blocks.size();
  }
  REQUIRE(broken == 0);
  REQUIRE(f.pool.used_count() == used_count);
  REQUIRE(f.pool.free_count() == f.pool.count() - used_count);
}

void run_model(uint64_t seed, uint64_t count, uint64_t block_bytes, uint64_t operations) {
  CAPTURE(block_bytes);
  Random random(seed);
  PoolFixture f(count, block_bytes);
  std::map<uint32_t, std::string> model;
  const uint64_t bytes_max = 6 * f.pool.payload_bytes();
  uint64_t times_full = 0;
  for (uint64_t i = 0; i < operations; ++i) {
    const uint64_t choice = random.below(100);
    // Any chain: the first one at or after a random block.
    auto chosen = model.lower_bound(static_cast<uint32_t>(random.below(count)));
    if (chosen == model.end()) chosen = model.begin();
    if (choice < 40 || model.empty()) {
      const std::string data = random.text(random.below(bytes_max + 1));
      if (f.pool.free_count() >= f.pool.blocks_for(data.size())) {
        REQUIRE(model.emplace(f.pool.store(data), data).second);
      }
    } else if (choice < 60) {
      const std::string data = random.text(random.below(bytes_max + 1));
      auto& [first, old] = *chosen;
      const uint64_t room = f.pool.free_count() + f.pool.blocks_for(old.size());
      if (room >= f.pool.blocks_for(data.size())) {
        f.pool.overwrite(first, old.size(), data);
        old = data;
      }
    } else if (choice < 66) {
      auto& [first, old] = *chosen;
      const uint64_t offset = random.below(bytes_max + 1);
      const std::string data = random.text(random.below(bytes_max + 1 - offset));
      std::string after = old;
      if (after.size() < offset + data.size()) after.resize(offset + data.size());
      if (data.empty()) after.resize(std::max(old.size(), offset));
      after.replace(offset, data.size(), data);
      if (f.pool.free_count() + f.pool.blocks_for(old.size()) >= f.pool.blocks_for(after.size())) {
        f.pool.write(first, old.size(), offset, data);
        old = after;
      }
    } else if (choice < 68) {
      const std::string data = chosen->second;
      if (f.pool.free_count() >= f.pool.blocks_for(data.size())) {
        REQUIRE(model.emplace(f.pool.copy(chosen->first, data.size()), data).second);
      }
    } else if (choice < 78) {
      f.pool.release(chosen->first, chosen->second.size());
      model.erase(chosen);
    } else {
      REQUIRE(f.read(chosen->first, chosen->second.size()) == chosen->second);
      REQUIRE(f.pool.equals(chosen->first, chosen->second.size(), chosen->second));
      const uint64_t offset = random.below(chosen->second.size() + 1);
      std::string part(random.below(chosen->second.size() - offset + 1), '?');
      f.pool.read(chosen->first, offset, part.size(), part.data());
      REQUIRE(part == chosen->second.substr(offset, part.size()));
    }
    times_full += f.pool.free_count() == 0;
    if (i % (operations / 100) == 0) check_chains(f, model);
    if (i == operations / 2) {
      f.pool.clear();
      model.clear();
    }
  }
  CHECK(times_full > 0);
  check_chains(f, model);
  for (const auto& [first, data] : model) f.pool.release(first, data.size());
  CHECK(f.pool.free_count() == count);
}

TEST_CASE("any history of strings agrees with a standard map, and no block is in two chains") {
  const uint64_t seed = test_seed();
  INFO("KV_TEST_SEED=" << seed);
  run_model(seed, /*count=*/40, /*block_bytes=*/32, /*operations=*/1'000'000);
  run_model(seed + 1, /*count=*/3000, /*block_bytes=*/40, /*operations=*/1'000'000);
  run_model(seed + 2, /*count=*/500, /*block_bytes=*/256, /*operations=*/500'000);
}

}  // namespace
}  // namespace kv
