#include "kvcore/memory/table.hpp"

#include <doctest/doctest.h>

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tests/memory/random.hpp"

namespace kv {
namespace {

/// A table over vectors, with the verbs that a store would have.
class TableFixture {
 public:
  TableFixture(uint64_t buckets, uint64_t keys, uint64_t block_count = 0)
      : block_memory((block_count == 0 ? keys * 2 : block_count) * 4),
        bucket_memory(buckets),
        entry_memory(keys),
        blocks(std::as_writable_bytes(std::span(block_memory)), /*block_bytes=*/32),
        table(bucket_memory, entry_memory, HashKey{1, 2}) {}

  uint32_t find(const std::string& key) const { return table.find(key, hash_of(key), blocks); }

  uint32_t insert(const std::string& key) {
    const uint32_t index = table.insert(hash_of(key));
    Entry& entry = table.entry(index);
    // A string has its value behind the key.
    const std::string value(key.size() % 7 * 5, 'v');
    entry.key_block = blocks.store(key, value);
    entry.key_bytes = static_cast<uint32_t>(key.size());
    entry.length = static_cast<uint32_t>(value.size());
    entry.type = Entry::Type::string;
    return index;
  }

  void erase(const std::string& key) {
    const uint32_t index = find(key);
    REQUIRE(index != index_none);
    const Entry entry = table.entry(index);
    table.erase(index);
    blocks.release(entry.key_block, entry.chain_bytes());
  }

  uint64_t hash_of(const std::string& key) const {
    return same_home ? table.hash(key) >> 16 : table.hash(key);
  }

  uint64_t home_of(const std::string& key) const {
    return (hash_of(key) >> 32) * bucket_memory.size() >> 32;
  }

  struct alignas(8) Word {
    uint64_t value;
  };
  std::vector<Word> block_memory;
  std::vector<Bucket> bucket_memory;
  std::vector<Entry> entry_memory;
  BlockPool blocks;
  Table table;
  bool same_home = false;  ///< hashes begin with 16 zeros: every home is bucket 0
};

std::string numbered(int i) {
  std::string key = "k";
  return key.append(std::to_string(i));
}

/// Checks what must hold between operations: each occupied slot names its own entry, and
/// each bucket counts exactly the keys that live further on than it from their home.
void check_invariants(const TableFixture& f, const std::vector<std::string>& key_of_entry) {
  std::vector<uint32_t> passed(f.bucket_memory.size(), 0);
  std::vector<bool> seen(f.entry_memory.size(), false);
  uint64_t occupied = 0;
  uint64_t broken = 0;
  for (uint64_t b = 0; b < f.bucket_memory.size(); ++b) {
    for (uint32_t slot = 0; slot < Bucket::slots; ++slot) {
      const uint8_t tag = f.bucket_memory[b].tags[slot];
      if (tag == 0) continue;
      ++occupied;
      const uint32_t index = f.bucket_memory[b].entries[slot];
      broken += seen[index];
      seen[index] = true;
      const uint64_t hash = f.hash_of(key_of_entry[index]);
      const uint8_t low = static_cast<uint8_t>(hash);
      broken += tag != (low == 0 ? 1 : low);
      broken += f.entry_memory[index].hash_high != hash >> 32;
      for (uint64_t at = f.home_of(key_of_entry[index]); at != b;
           at = (at + 1) % f.bucket_memory.size()) {
        ++passed[at];
      }
    }
  }
  for (uint64_t b = 0; b < passed.size(); ++b) broken += passed[b] != f.bucket_memory[b].passed;
  REQUIRE(broken == 0);
  REQUIRE(occupied == f.table.count());
}

TEST_CASE("a key that was inserted is found until it is erased") {
  TableFixture f(/*buckets=*/2, /*keys=*/10);
  CHECK(f.find("a") == index_none);
  const uint32_t index = f.insert("a");
  CHECK(f.find("a") == index);
  CHECK(f.find("b") == index_none);
  CHECK(f.table.count() == 1);
  f.erase("a");
  CHECK(f.find("a") == index_none);
  CHECK(f.table.count() == 0);
}

TEST_CASE("the empty key and keys with zero bytes are keys like others") {
  TableFixture f(/*buckets=*/2, /*keys=*/10);
  const std::string zero(1, '\0');
  const uint32_t empty = f.insert("");
  const uint32_t one = f.insert(zero);
  CHECK(f.find("") == empty);
  CHECK(f.find(zero) == one);
  CHECK(f.find(std::string(2, '\0')) == index_none);
}

TEST_CASE("a new entry is blank but for its hash, even where another was before") {
  TableFixture f(/*buckets=*/2, /*keys=*/10);
  const uint32_t index = f.insert("a");
  f.table.entry(index).accessed_s = 77;
  f.erase("a");
  const uint64_t hash = f.hash_of("b");
  CHECK(f.table.insert(hash) == index);
  CHECK(f.table.entry(index).accessed_s == 0);
  CHECK(f.table.entry(index).first == 0);
  CHECK(f.table.entry(index).hash_high == hash >> 32);
  CHECK(f.table.entry(index).type == Entry::Type::free);
}

TEST_CASE("an entry keeps its index while others come and go") {
  TableFixture f(/*buckets=*/11, /*keys=*/100);
  const uint32_t index = f.insert("stays");
  for (int i = 0; i < 99; ++i) f.insert(std::to_string(i));
  for (int i = 0; i < 99; i += 2) f.erase(std::to_string(i));
  CHECK(f.find("stays") == index);
}

TEST_CASE("a table is full at its capacity, and has room again after one erase") {
  TableFixture f(/*buckets=*/11, /*keys=*/100);
  for (int i = 0; i < 100; ++i) {
    CHECK(!f.table.full());
    f.insert(std::to_string(i));
  }
  CHECK(f.table.full());
  CHECK(f.table.count() == f.table.capacity());
  f.erase("50");
  CHECK(!f.table.full());
  f.insert("new");
  CHECK(f.table.full());
  CHECK(f.find("new") != index_none);
}

TEST_CASE("keys that share one home fill the buckets behind it and leave no trace when erased") {
  // 5 buckets of 12 slots for 48 keys, load 0.8: the home and three more are full.
  TableFixture f(/*buckets=*/5, /*keys=*/48);
  f.same_home = true;
  std::vector<std::string> key_of_entry(48);
  for (int i = 0; i < 48; ++i) {
    const std::string key = numbered(i);
    key_of_entry[f.insert(key)] = key;
    check_invariants(f, key_of_entry);
  }
  // 36 keys are beyond bucket 0, 24 beyond bucket 1, 12 beyond bucket 2.
  CHECK(f.bucket_memory[0].passed == 36);
  CHECK(f.bucket_memory[1].passed == 24);
  CHECK(f.bucket_memory[2].passed == 12);
  CHECK(f.bucket_memory[3].passed == 0);
  CHECK(f.bucket_memory[4].passed == 0);
  for (int i = 0; i < 48; ++i) CHECK(f.find(numbered(i)) != index_none);
  CHECK(f.find("other") == index_none);

  for (int i = 0; i < 48; ++i) {
    f.erase(numbered(i));
    check_invariants(f, key_of_entry);
  }
  for (const Bucket& bucket : f.bucket_memory) CHECK(bucket.passed == 0);
  CHECK(f.blocks.used_count() == 0);

  // As good as new: the next key goes to its home.
  f.insert("again");
  CHECK(f.bucket_memory[0].tags[0] != 0);
  CHECK(f.bucket_memory[0].passed == 0);
}

TEST_CASE("a search around a table that every bucket was passed in ends") {
  TableFixture f(/*buckets=*/3, /*keys=*/28);
  for (Bucket& bucket : f.bucket_memory) bucket.passed = 1;
  CHECK(f.find("missing") == index_none);
}

TEST_CASE("clearing frees every entry and does not write beyond those that were used") {
  TableFixture f(/*buckets=*/11, /*keys=*/100);
  for (int i = 0; i < 10; ++i) f.insert(std::to_string(i));
  for (uint64_t i = 10; i < 100; ++i) f.entry_memory[i].length = 0xabcdabcd;
  CHECK(f.table.used_end() == 10);
  f.table.clear();
  f.blocks.clear();
  CHECK(f.table.count() == 0);
  CHECK(f.table.used_end() == 0);
  CHECK(f.find("5") == index_none);
  for (uint64_t i = 10; i < 100; ++i) REQUIRE(f.entry_memory[i].length == 0xabcdabcd);
  for (int i = 0; i < 100; ++i) f.insert(std::to_string(i));
  CHECK(f.table.full());
}

TEST_CASE("used entries are those ever used, free ones among them") {
  TableFixture f(/*buckets=*/2, /*keys=*/10);
  f.insert("a");
  f.insert("b");
  f.erase("a");
  REQUIRE(f.table.used_end() == 2);
  CHECK(f.table.entry(0).type == Entry::Type::free);
  CHECK(f.table.entry(1).type == Entry::Type::string);
}

TEST_CASE("a carved table takes ceil(keys × 10 / 96) buckets and one entry for each key") {
  Config config;
  config.key_count = 1000;
  Arena arena;
  REQUIRE(!arena.reserve(mebibyte, HugePages::off));
  const Table table = Table::carve(arena, config, HashKey{3, 4});
  CHECK(table.capacity() == 1000);
  // 10,000 / 96 = 104.17: 105 buckets of 64 bytes are 6,720 bytes; 1,000 entries of 32.
  CHECK(arena.ledger().part_bytes[static_cast<uint64_t>(Part::buckets)] == 6720);
  CHECK(arena.ledger().part_bytes[static_cast<uint64_t>(Part::entries)] == 32000);
}

/// Random inserts, searches and erases beside a standard map.
void run_model(uint64_t seed, uint64_t buckets, uint64_t keys, uint64_t operations,
               bool same_home) {
  CAPTURE(keys);
  Random random(seed);
  TableFixture f(buckets, keys, keys * 3);
  f.same_home = same_home;
  std::unordered_map<std::string, uint32_t> model;
  std::vector<std::string> live;  // the keys of the model, to choose one of
  std::vector<std::string> key_of_entry(keys);
  uint64_t times_full = 0;
  // Long runs that favour inserting, then erasing, so that both ends are reached.
  bool filling = true;
  for (uint64_t i = 0; i < operations; ++i) {
    if (i % (keys * 6) == 0) filling = !filling || i == 0;
    const uint64_t choice = random.below(10);
    const bool insert = filling ? choice < 6 : choice < 2;
    if (insert && !f.table.full()) {
      // Lengths around a block's 28 bytes, so that keys of one and of two blocks mix.
      std::string key = std::to_string(random.next());
      key.resize(8 + random.below(33), 'x');
      if (model.contains(key)) continue;
      const uint32_t index = f.insert(key);
      REQUIRE(model.emplace(key, index).second);
      live.push_back(key);
      key_of_entry[index] = key;
    } else if (choice < 8 && !live.empty() && !insert) {
      const uint64_t victim = random.below(live.size());
      f.erase(live[victim]);
      model.erase(live[victim]);
      live[victim] = live.back();
      live.pop_back();
    } else if (!live.empty()) {
      const std::string& key = live[random.below(live.size())];
      REQUIRE(f.find(key) == model.at(key));
      REQUIRE(f.find(key + "?") == index_none);
    }
    REQUIRE(f.table.count() == model.size());
    times_full += f.table.full();
    if (i % (operations / 50) == 0) check_invariants(f, key_of_entry);
  }
  CHECK(times_full > 0);
  for (const auto& [key, index] : model) REQUIRE(f.find(key) == index);
  for (const std::string& key : live) f.erase(key);
  for (const Bucket& bucket : f.bucket_memory) REQUIRE(bucket.passed == 0);
  CHECK(f.blocks.free_count() == f.blocks.count());
}

TEST_CASE("any history of operations agrees with a standard map") {
  const uint64_t seed = test_seed();
  INFO("KV_TEST_SEED=" << seed);
  run_model(seed, /*buckets=*/1, /*keys=*/9, /*operations=*/200'000, false);
  run_model(seed + 1, /*buckets=*/105, /*keys=*/1000, /*operations=*/2'000'000, false);
  run_model(seed + 2, /*buckets=*/2084, /*keys=*/20'000, /*operations=*/2'000'000, false);
}

TEST_CASE("any history of colliding keys agrees with a standard map") {
  const uint64_t seed = test_seed();
  INFO("KV_TEST_SEED=" << seed);
  run_model(seed, /*buckets=*/6, /*keys=*/57, /*operations=*/500'000, true);
}

}  // namespace
}  // namespace kv
