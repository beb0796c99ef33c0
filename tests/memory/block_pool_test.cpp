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
      : memory(count * block_bytes / 4),
        bytes(block_bytes),
        pool(std::as_writable_bytes(std::span(memory)), block_bytes) {}

  std::string read(uint32_t first, uint64_t size) const {
    std::string out(size, '?');
    pool.read(first, size, 0, size, out.data());
    return out;
  }

  /// The blocks of a chain of so many bytes, found without the pool's help.
  std::vector<uint32_t> chain(uint32_t first, uint64_t size) const {
    std::vector<uint32_t> out = {first};
    for (; size > bytes; size -= bytes - 4) out.push_back(link_of(out.back()));
    return out;
  }
  /// The last four bytes of a block.
  uint32_t link_of(uint32_t block) const { return memory[(block + 1) * bytes / 4 - 1]; }

  std::vector<uint32_t> memory;
  uint64_t bytes;
  BlockPool pool;
};

TEST_CASE("the first block holds all of its bytes, each one before the last four less") {
  const PoolFixture f(/*count=*/4, /*block_bytes=*/32);
  CHECK(f.pool.blocks_for(0) == 1);
  CHECK(f.pool.blocks_for(1) == 1);
  CHECK(f.pool.blocks_for(32) == 1);
  CHECK(f.pool.blocks_for(33) == 2);
  CHECK(f.pool.blocks_for(60) == 2);  // 28 + 32
  CHECK(f.pool.blocks_for(61) == 3);
  CHECK(f.pool.blocks_for(88) == 3);  // 2 × 28 + 32
  CHECK(f.pool.blocks_for(89) == 4);
  CHECK(chain_bytes_max(0, 32) == 0);
  CHECK(chain_bytes_max(1, 32) == 32);
  CHECK(chain_bytes_max(3, 32) == 88);
}

TEST_CASE("what was stored is read back, at every length around a block's end") {
  for (const uint64_t block_bytes : {16U, 20U, 32U}) {
    CAPTURE(block_bytes);
    PoolFixture f(/*count=*/8, block_bytes);
    Random random(7);
    for (uint64_t size = 0; size <= chain_bytes_max(8, block_bytes); ++size) {
      const std::string data = random.text(size);
      const uint64_t cut = random.below(size + 1);
      const uint32_t first = f.pool.store(data.substr(0, cut), data.substr(cut));
      const uint64_t beyond = size - std::min(size, block_bytes);
      REQUIRE(f.pool.used_count() == 1 + (beyond + block_bytes - 5) / (block_bytes - 4));
      REQUIRE(f.read(first, size) == data);
      REQUIRE(f.pool.begins_with(first, size, data));
      REQUIRE(f.pool.begins_with(first, size, data.substr(0, cut)));
      std::string wide(size + BlockPool::wide_bytes, '?');
      f.pool.read_wide(first, size, wide.data());
      REQUIRE(wide.substr(0, size) == data);
      if (size > 0) {
        std::string other = data;
        other[random.below(size)] ^= 1;
        REQUIRE(!f.pool.begins_with(first, size, other));
      }
      f.pool.release(first, size);
      REQUIRE(f.pool.used_count() == 0);
    }
  }
}

TEST_CASE("a value of a block's size lies in one piece at the block's begin") {
  PoolFixture f(/*count=*/2, /*block_bytes=*/64);
  const uint32_t first = f.pool.store(std::string(64, 'v'));
  CHECK(first == 0);
  CHECK(f.pool.used_count() == 1);
  for (uint64_t word = 0; word < 16; ++word) CHECK(f.memory[word] == 0x76767676);
}

TEST_CASE("a pool can be filled to its last block, and again after it was emptied") {
  PoolFixture f(/*count=*/10, /*block_bytes=*/64);
  for (int round = 0; round < 3; ++round) {
    std::vector<uint32_t> firsts;
    for (int i = 0; i < 10; ++i) firsts.push_back(f.pool.store(std::string(64, 'a')));
    CHECK(f.pool.free_count() == 0);
    for (const uint32_t first : firsts) f.pool.release(first, 64);
    CHECK(f.pool.free_count() == 10);
  }
  const uint32_t whole = f.pool.store(std::string(604, 'b'));  // 9 × 60 + 64
  CHECK(f.pool.free_count() == 0);
  CHECK(f.read(whole, 604) == std::string(604, 'b'));
}

TEST_CASE("overwriting keeps the first block and takes or gives back only the difference") {
  PoolFixture f(/*count=*/6, /*block_bytes=*/32);
  const uint32_t first = f.pool.store(std::string(50, 'a'));  // 2 blocks
  f.pool.overwrite(first, 50, 0, std::string(100, 'b'));      // 4 blocks
  CHECK(f.pool.used_count() == 4);
  CHECK(f.read(first, 100) == std::string(100, 'b'));
  f.pool.overwrite(first, 100, 0, std::string(99, 'c'));
  CHECK(f.pool.used_count() == 4);
  f.pool.overwrite(first, 99, 0, "");
  CHECK(f.pool.used_count() == 1);
  f.pool.overwrite(first, 0, 0, std::string(172, 'd'));  // 5 × 28 + 32
  CHECK(f.pool.free_count() == 0);
  CHECK(f.read(first, 172) == std::string(172, 'd'));
}

TEST_CASE("overwriting from an offset keeps what is before it, also where a link comes or goes") {
  Random random(11);
  for (uint64_t offset = 0; offset <= 70; ++offset) {
    for (uint64_t before = 0; before <= 70; ++before) {
      for (uint64_t after = 0; after <= 70; after += 1 + random.below(4)) {
        PoolFixture f(/*count=*/12, /*block_bytes=*/16);
        const std::string head = random.text(offset);
        const std::string old = random.text(before);
        const std::string data = random.text(after);
        const uint32_t first = f.pool.store(head, old);
        f.pool.overwrite(first, offset + before, offset, data);
        REQUIRE(f.read(first, offset + after) == head + data);
        REQUIRE(f.pool.used_count() == f.pool.blocks_for(offset + after));
      }
    }
  }
}

TEST_CASE("another head moves what is behind it, in no more blocks than that needs") {
  Random random(12);
  for (uint64_t before = 0; before <= 70; ++before) {
    for (uint64_t after = 0; after <= 70; ++after) {
      for (const uint64_t size : {0U, 1U, 3U, 4U, 5U, 11U, 12U, 13U, 16U, 28U, 40U, 61U}) {
        const uint64_t blocks = chain_blocks(std::max(before, after) + size, 16);
        PoolFixture f(blocks, /*block_bytes=*/16);
        const std::string tail = random.text(size);
        const std::string head = random.text(after);
        uint32_t first = f.pool.store(random.text(before), tail);
        first = f.pool.replace_head(first, before + size, before, head);
        REQUIRE(f.read(first, after + size) == head + tail);
        REQUIRE(f.pool.used_count() == f.pool.blocks_for(after + size));
        f.pool.release(first, after + size);
        REQUIRE(f.pool.free_count() == blocks);
      }
    }
  }
}

TEST_CASE("a chain grows in place, patched, appended to, and with zeros where nothing was") {
  PoolFixture f(/*count=*/5, /*block_bytes=*/32);
  const uint32_t first = f.pool.store(std::string(32, 'a'));
  f.pool.write(first, 32, 32, "bc");  // Behind a block that is full to its end.
  CHECK(f.pool.used_count() == 2);
  CHECK(f.read(first, 34) == std::string(32, 'a') + "bc");
  f.pool.write(first, 34, 27, "XYZ");  // Across the end of a block.
  CHECK(f.read(first, 34) == std::string(27, 'a') + "XYZ" + "aabc");
  f.pool.write(first, 34, 90, "e");  // Zeros from 34 to 90, which is in the fourth block.
  CHECK(f.pool.used_count() == 4);
  CHECK(f.read(first, 91) == std::string(27, 'a') + "XYZ" + "aabc" + std::string(56, '\0') + "e");
  f.pool.write(first, 91, 0, "");
  CHECK(f.pool.used_count() == 4);
  CHECK(f.chain(first, 91).size() == 4);
}

TEST_CASE("a part of a chain is read, whichever blocks it lies in") {
  PoolFixture f(/*count=*/4, /*block_bytes=*/32);
  Random random(3);
  const std::string data = random.text(100);
  const uint32_t first = f.pool.store(data);
  for (uint64_t offset = 0; offset <= 100; ++offset) {
    for (uint64_t size = 0; offset + size <= 100; ++size) {
      std::string out(size, '?');
      f.pool.read(first, 100, offset, size, out.data());
      REQUIRE(out == data.substr(offset, size));
    }
  }
  for (const uint64_t size : {0U, 1U, 28U, 29U, 31U, 99U, 100U}) {
    std::string read;
    for (BlockPool::Reader at(f.pool, first, 100, size); !at.empty(); at.pop()) read += at.front();
    CHECK(read == data.substr(0, size));
  }
}

TEST_CASE("chains that were given back are used again, the last one first") {
  PoolFixture f(/*count=*/9, /*block_bytes=*/32);
  const uint32_t a = f.pool.store(std::string(88, 'a'));
  const uint32_t b = f.pool.store(std::string(88, 'b'));
  const std::vector<uint32_t> blocks_of_b = f.chain(b, 88);
  f.pool.release(a, 88);
  f.pool.release(b, 88);
  CHECK(f.pool.store("x") == b);
  // The rest of b, then a, then the blocks that were never used: 7 × 28 + 32.
  const uint32_t all = f.pool.store(std::string(228, 'c'));
  CHECK(all == blocks_of_b[1]);
  CHECK(f.chain(all, 228)[2] == a);
  CHECK(f.pool.free_count() == 0);
  CHECK(f.read(all, 228) == std::string(228, 'c'));
}

TEST_CASE("a full pool still takes an overwrite that needs no more blocks") {
  PoolFixture f(/*count=*/4, /*block_bytes=*/32);
  const uint32_t first = f.pool.store(std::string(116, 'a'));  // 3 × 28 + 32
  CHECK(f.pool.free_count() == 0);
  f.pool.overwrite(first, 116, 0, std::string(116, 'b'));
  CHECK(f.read(first, 116) == std::string(116, 'b'));
}

TEST_CASE("a new pool and a cleared one do not touch blocks before they are used") {
  PoolFixture f(/*count=*/100, /*block_bytes=*/32);
  f.pool.store(std::string(88, 'a'));
  for (uint64_t word = 3 * 32 / 4; word < f.memory.size(); ++word) REQUIRE(f.memory[word] == 0);
  std::fill(f.memory.begin(), f.memory.end(), 0x5555);
  f.pool.clear();
  CHECK(f.pool.free_count() == 100);
  for (const uint32_t word : f.memory) REQUIRE(word == 0x5555);
  CHECK(f.pool.store("again") == 0);
}

TEST_CASE("blocks that do not divide the memory leave the rest unused") {
  std::vector<uint32_t> memory(26);
  const BlockPool pool(std::as_writable_bytes(std::span(memory)), 32);
  CHECK(pool.count() == 3);  // 104 bytes
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
    const std::vector<uint32_t> blocks = f.chain(first, data.size());
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

/// Random operations on a pool beside a map from first blocks to what their chains hold.
class ModelRun {
 public:
  ModelRun(uint64_t seed, uint64_t count, uint64_t block_bytes)
      : random_(seed), f_(count, block_bytes), bytes_max_(chain_bytes_max(6, block_bytes)) {}

  void step() {
    const uint64_t choice = random_.below(100);
    // Any chain: the first one at or after a random block.
    chosen_ = model_.lower_bound(static_cast<uint32_t>(random_.below(f_.pool.count())));
    if (chosen_ == model_.end()) chosen_ = model_.begin();
    if (choice < 40 || model_.empty()) {
      store();
    } else if (choice < 55) {
      overwrite();
    } else if (choice < 61) {
      write();
    } else if (choice < 66) {
      replace_head();
    } else if (choice < 68) {
      copy();
    } else if (choice < 78) {
      f_.pool.release(chosen_->first, chosen_->second.size());
      model_.erase(chosen_);
    } else {
      read();
    }
    times_full_ += f_.pool.free_count() == 0;
  }

  void check() const { check_chains(f_, model_); }

  void clear() {
    f_.pool.clear();
    model_.clear();
  }

  void finish() {
    CHECK(times_full_ > 0);
    check();
    for (const auto& [first, data] : model_) f_.pool.release(first, data.size());
    CHECK(f_.pool.free_count() == f_.pool.count());
  }

 private:
  /// Of any length, or of one that ends where a block does.
  std::string text() {
    if (random_.below(4) > 0) return random_.text(random_.below(bytes_max_ + 1));
    return random_.text(chain_bytes_max(1 + random_.below(6), f_.bytes));
  }

  bool has_room(uint64_t old_bytes, uint64_t bytes) const {
    return f_.pool.free_count() + f_.pool.blocks_for(old_bytes) >= f_.pool.blocks_for(bytes);
  }

  void store() {
    const std::string head = random_.text(random_.below(30));
    const std::string tail = text();
    if (f_.pool.free_count() < f_.pool.blocks_for(head.size() + tail.size())) return;
    REQUIRE(model_.emplace(f_.pool.store(head, tail), head + tail).second);
  }

  void overwrite() {
    auto& [first, old] = *chosen_;
    const std::string data = text();
    const uint64_t offset = random_.below(old.size() + 1);
    if (!has_room(old.size(), offset + data.size())) return;
    f_.pool.overwrite(first, old.size(), offset, data);
    old = old.substr(0, offset) + data;
  }

  void write() {
    auto& [first, old] = *chosen_;
    const uint64_t offset = random_.below(bytes_max_ + 1);
    const std::string data = random_.text(random_.below(bytes_max_ + 1 - offset));
    std::string after = old;
    if (after.size() < offset + data.size()) after.resize(offset + data.size());
    if (data.empty()) after.resize(std::max(old.size(), offset));
    after.replace(offset, data.size(), data);
    if (!has_room(old.size(), after.size())) return;
    f_.pool.write(first, old.size(), offset, data);
    old = after;
  }

  void replace_head() {
    const auto [first, old] = *chosen_;
    const std::string head = text();
    const uint64_t head_bytes = random_.below(old.size() + 1);
    const std::string after = head + old.substr(head_bytes);
    if (!has_room(old.size(), after.size())) return;
    model_.erase(chosen_);
    const uint32_t changed = f_.pool.replace_head(first, old.size(), head_bytes, head);
    REQUIRE(model_.emplace(changed, after).second);
    REQUIRE(f_.read(changed, after.size()) == after);
  }

  void copy() {
    const std::string data = chosen_->second;
    const uint64_t offset = random_.below(data.size() + 1);
    const std::string head = random_.text(random_.below(20));
    const std::string copied = head + data.substr(offset);
    if (f_.pool.free_count() < f_.pool.blocks_for(copied.size())) return;
    const uint32_t first = f_.pool.store(head, chosen_->first, data.size(), offset);
    REQUIRE(model_.emplace(first, copied).second);
  }

  void read() {
    const auto& [first, data] = *chosen_;
    REQUIRE(f_.read(first, data.size()) == data);
    REQUIRE(f_.pool.begins_with(first, data.size(), data));
    const uint64_t offset = random_.below(data.size() + 1);
    std::string part(random_.below(data.size() - offset + 1), '?');
    f_.pool.read(first, data.size(), offset, part.size(), part.data());
    REQUIRE(part == data.substr(offset, part.size()));
  }

  Random random_;
  PoolFixture f_;
  uint64_t bytes_max_;
  std::map<uint32_t, std::string> model_;
  std::map<uint32_t, std::string>::iterator chosen_;
  uint64_t times_full_ = 0;
};

void run_model(uint64_t seed, uint64_t count, uint64_t block_bytes, uint64_t operations) {
  CAPTURE(block_bytes);
  ModelRun run(seed, count, block_bytes);
  for (uint64_t i = 0; i < operations; ++i) {
    run.step();
    if (i % (operations / 100) == 0) run.check();
    if (i == operations / 2) run.clear();
  }
  run.finish();
}

TEST_CASE("any history of strings agrees with a standard map, and no block is in two chains") {
  const uint64_t seed = test_seed();
  INFO("KV_TEST_SEED=" << seed);
  run_model(seed, /*count=*/40, /*block_bytes=*/16, /*operations=*/1'000'000);
  run_model(seed + 1, /*count=*/60, /*block_bytes=*/20, /*operations=*/500'000);
  run_model(seed + 2, /*count=*/3000, /*block_bytes=*/36, /*operations=*/1'000'000);
  run_model(seed + 3, /*count=*/500, /*block_bytes=*/256, /*operations=*/500'000);
}

}  // namespace
}  // namespace kv
