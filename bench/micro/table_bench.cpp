// The map at its load of 0.8. A hit takes three loads, each of which needs the one before: of the
// bucket, the entry, and the block that holds the key. A miss takes the first of them. The limits
// are just these loads, from memory of the same sizes.

#include <fmt/core.h>

#include <array>
#include <span>

#include "bench/load/keys.hpp"
#include "bench/micro/micro.hpp"
#include "kvcore/memory/table.hpp"

namespace kv::bench {

namespace {

constexpr uint64_t block_bytes = 32;

constexpr uint64_t buckets_for(uint64_t keys) { return (keys * 10 + 95) / 96; }

/// Keys whose buckets, entries and blocks fill the range.
constexpr uint64_t keys_of(const Range& range) {
  return range.bytes / (sizeof(Bucket) * 10 / 96 + sizeof(Entry) + block_bytes);
}

struct Key {
  explicit Key(uint64_t number) { write_key(text + 8, number); }
  [[nodiscard]] std::string_view view() const { return {text, sizeof text}; }
  char text[16] = {'k', 'e', 'y', ':', '0', '0', '0', '0'};
};

/// Full: as many keys as it has entries. Numbers from the count on are not there.
class FullTable {
 public:
  explicit FullTable(uint64_t count)
      : block_memory_(count * block_bytes / sizeof(Word)),
        buckets_(buckets_for(count)),
        entries_(count),
        blocks_(std::as_writable_bytes(std::span(block_memory_)), block_bytes),
        table_(buckets_, entries_, HashKey{1, 2}) {
    for (uint64_t i = 0; i < count; ++i) {
      const Key key(i);
      fill(table_.insert(table_.hash(key.view())), blocks_.store(key.view()));
    }
  }

  [[nodiscard]] uint64_t count() const { return entries_.size(); }

  [[nodiscard]] uint32_t find(uint64_t number) const {
    const Key key(number);
    return table_.find(key.view(), table_.hash(key.view()), blocks_);
  }

  /// A word of the block that holds the key of an entry.
  [[nodiscard]] uint64_t block_word(uint32_t index) const {
    return block_memory_[table_.entry(index).key_block * (block_bytes / sizeof(Word))].value;
  }

  /// Erases a key and inserts it again; its block stays.
  void replace(uint64_t number) {
    const Key key(number);
    const uint64_t hash = table_.hash(key.view());
    const uint32_t index = table_.find(key.view(), hash, blocks_);
    const uint32_t block = table_.entry(index).key_block;
    table_.erase(index);
    fill(table_.insert(hash), block);
  }

 private:
  struct alignas(8) Word {
    uint64_t value;
  };

  void fill(uint32_t index, uint32_t block) {
    Entry& entry = table_.entry(index);
    entry.key_block = block;
    entry.key_bytes = sizeof(Key);
    entry.length = 0;
    entry.type = Entry::Type::string;
  }

  std::vector<Word> block_memory_;
  std::vector<Bucket> buckets_;
  std::vector<Entry> entries_;
  BlockPool blocks_;
  Table table_;
};

FullTable& table_of(const Range& range) {
  return kept<FullTable>(std::string(range.name), keys_of(range));
}

/// Memory in lines of which all bytes are 0, which the compiler does not know.
class Lines {
 public:
  explicit Lines(uint64_t bytes) : lines_(bytes / sizeof(Line)) {}

  /// 0, from a line that `random` chooses.
  [[nodiscard]] uint64_t load(uint64_t random) const {
    return lines_[(random >> 32) * lines_.size() >> 32].zero;
  }

 private:
  struct alignas(64) Line {
    uint64_t zero = 0;
  };
  std::vector<Line> lines_;
};

/// Memory as a table of a range has it.
struct TableLines {
  explicit TableLines(const Range& range)
      : buckets(buckets_for(keys_of(range)) * sizeof(Bucket)),
        entries(keys_of(range) * sizeof(Entry)),
        blocks(keys_of(range) * block_bytes) {}
  Lines buckets;
  Lines entries;
  Lines blocks;
};

enum class Search : uint8_t { hit, miss };

/// Whether a search begins when all loads of the one before are done, or whenever the processor
/// likes: it guesses how comparisons end, and goes on.
enum class Next : uint8_t { in_turn, at_once };

void load_lines(benchmark::State& state, const Range& range, Search search, Next next) {
  const auto& lines = kept<TableLines>(std::string(range.name), range);
  uint64_t number = 0;
  for (auto _ : state) {
    number = number * 6364136223846793005 + 1442695040888963407;  // Knuth's generator (MMIX)
    uint64_t zero = lines.buckets.load(number);
    if (search == Search::hit) {
      zero = lines.entries.load(number * 3 + zero);
      zero = lines.blocks.load(number * 5 + zero);
    }
    zero = opaque(zero);
    if (next == Next::in_turn) number += zero;
  }
}

void find(benchmark::State& state, const Range& range, Search search, Next next) {
  const FullTable& table = table_of(range);
  const std::vector<uint32_t> order = random_order(table.count());
  const uint64_t first = search == Search::hit ? 0 : table.count();
  const uint64_t zero = opaque(0);
  uint64_t at = 0;
  for (auto _ : state) {
    const auto index = static_cast<uint32_t>(opaque(table.find(first + order[at])));
    if (next == Next::in_turn) at += table.block_word(index) & zero;
    at = (at + 1) & (order.size() - 1);
  }
}

void replace(benchmark::State& state, const Range& range) {
  FullTable& table = table_of(range);
  const std::vector<uint32_t> order = random_order(table.count());
  uint64_t at = 0;
  for (auto _ : state) {
    table.replace(order[at]);
    at = (at + 1) & (order.size() - 1);
  }
}

std::string add_loads(std::string_view what, const Range& range, Search search, Next next) {
  const std::string name = fmt::format("limit: {}, {}", what, range.name);
  add_limit(name, [=](benchmark::State& state) { load_lines(state, range, search, next); });
  return name;
}

void add_search(std::string_view what, const std::string& limit, const Range& range, Search search,
                Next next) {
  add_benchmark(fmt::format("table: {}, {}", what, range.name), limit,
                [=](benchmark::State& state) { find(state, range, search, next); });
}

}  // namespace

void add_table_benchmarks() {
  for (const Range& range : {hot, cold}) {
    const auto hit = add_loads("three loads in turn", range, Search::hit, Next::in_turn);
    const auto hits = add_loads("three loads at once", range, Search::hit, Next::at_once);
    const auto misses = add_loads("one load at once", range, Search::miss, Next::at_once);
    add_search("hits in turn", hit, range, Search::hit, Next::in_turn);
    add_search("hits", hits, range, Search::hit, Next::at_once);
    add_search("misses", misses, range, Search::miss, Next::at_once);
    add_benchmark(fmt::format("table: find, erase and insert, {}", range.name), hits,
                  [range](benchmark::State& state) { replace(state, range); });
  }
}

}  // namespace kv::bench
