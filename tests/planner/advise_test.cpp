#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>

#include "planner/block_choice.hpp"

namespace kv {

namespace {

Workload load_of(std::initializer_list<KeyKind> kinds) {
  Workload workload;
  for (const KeyKind& kind : kinds) REQUIRE(workload.add(kind) == "");
  return workload;
}

/// A config whose limits are those of the load.
Config config_for(const Workload& workload) {
  Config config;
  config.key_count = workload.key_count();
  config.key_size_max = std::max<uint64_t>(workload.key_bytes_max(), 1);
  config.val_size_max = std::max<uint64_t>(workload.value_bytes_max(), 1);
  config.list_length_max = workload.list_length_max();
  return config;
}

BlockChoice choice(std::initializer_list<KeyKind> kinds, uint64_t block_bytes) {
  const Workload workload = load_of(kinds);
  return choice_of(config_for(workload), workload, block_bytes);
}

/// A file of the test's own; it is gone with it.
struct Histogram {
  explicit Histogram(const std::string& text) {
    std::FILE* file = std::fopen(path, "wb");
    REQUIRE(file != nullptr);
    REQUIRE(std::fwrite(text.data(), 1, text.size(), file) == text.size());
    std::fclose(file);
    load_histogram(path, workload, errors);
  }
  ~Histogram() { std::remove(path); }
  Histogram(const Histogram&) = delete;

  /// "2:4 what is wrong" for each.
  std::string mistakes() const {
    std::string out;
    for (const Diagnostic& error : errors) {
      CHECK(error.rule == Rule::bad_load);
      out += std::to_string(error.place.line) + ":" + std::to_string(error.place.column) + " " +
             error.message + (error.hint.empty() ? "" : "; ") + error.hint + "\n";
    }
    return out;
  }

  static constexpr const char* path = "advise_test.histogram";
  Workload workload;
  Diagnostics errors;
};

const std::string names = "key_bytes,value_bytes,count,list_length\n";

}  // namespace

TEST_CASE("what is lost is worked out by hand for a string and for a list") {
  // A string of 100 bytes with its key of 20 in blocks of 64: 60 + 60 are with a link, so
  // 120 bytes take two blocks: 60 in the first, 60 of 64 in the second.
  const BlockChoice string = choice({{20, 100, 0, 1000}}, 64);
  CHECK(string.block_count == 2 * 1000);
  CHECK(string.link_bytes == 4 * 1000);
  CHECK(string.rounding_bytes == 4 * 1000);
  CHECK(string.bytes_of(Component::blocks) == 128'000);
  CHECK(string.bytes_of(Component::list_pool) == 0);

  // A list's key of 20 has a block of its own, each of 3 elements of 100 has two: 60 and 40.
  const BlockChoice list = choice({{20, 100, 3, 10}}, 64);
  CHECK(list.block_count == 10 * (1 + 3 * 2));
  CHECK(list.link_bytes == 10 * 3 * 4);
  CHECK(list.rounding_bytes == 10 * (44 + 3 * 24));
  CHECK(list.bytes_of(Component::list_pool) == 10 * 3 * 16);
}

TEST_CASE("keys of one size fit exactly in blocks of that size") {
  const Workload workload = load_of({{16, 64, 0, 1'000'000}});
  const Advice advice = advise_blocks(config_for(workload), workload);
  CHECK(advice.best.block_bytes == 80);
  CHECK(advice.best.rounding_bytes == 0);
  CHECK(advice.best.link_bytes == 0);
  CHECK(advice.best.bytes_of(Component::blocks) == 80'000'000);
  REQUIRE(advice.others.size() == 5);
  CHECK(advice.others.back().block_bytes == 256);
  CHECK(advice.others.back().rounding_bytes == 176'000'000);
}

TEST_CASE("no size that is permitted takes less than the best, and the bytes add up") {
  std::mt19937_64 random(7);
  const auto below = [&](uint64_t end) { return random() % end; };
  const OptionInfo& option = option_info(Option::block_bytes);
  for (int run = 0; run < 60; ++run) {
    Workload workload;
    const uint64_t kinds = 1 + below(4);
    const uint64_t bytes_end = run % 3 == 0 ? 40 : run % 3 == 1 ? 600 : 9000;
    for (uint64_t i = 0; i < kinds; ++i) {
      const KeyKind kind{below(bytes_end), below(bytes_end), below(3) == 0 ? below(9) : 0,
                         1 + below(1000)};
      REQUIRE(workload.add(kind) == "");
    }
    const Config config = config_for(workload);
    const Advice advice = advise_blocks(config, workload);
    REQUIRE(!advice.best.broken);
    const uint64_t end = 3 * bytes_end + 100;
    for (uint64_t size = option.minimum; size < end; size += option.multiple_of) {
      const BlockChoice other = choice_of(config, workload, size);
      if (other.broken) continue;
      CHECK(advice.best.total_bytes <= other.total_bytes);
      CHECK(workload.data_bytes() + other.rounding_bytes + other.link_bytes ==
            other.bytes_of(Component::blocks));
    }
  }
}

TEST_CASE("components beside those of the store do not depend on what is stored") {
  Config config;
  config.store_bytes = 10 * mebibyte;
  const Allocation before = plan(config).allocation;
  config.key_count = 12'345;
  config.store_bytes = 20 * mebibyte;
  config.block_bytes = 64;
  const Allocation after = plan(config).allocation;
  for (const ComponentInfo& component : components) {
    const bool stores = std::find(store_components.begin(), store_components.end(), component.id) !=
                        store_components.end();
    if (stores || component.id == Component::padding) continue;
    CHECK(after[component.id] == before[component.id]);
  }
}

TEST_CASE("where small blocks would be too many, larger ones are taken") {
  // 512 MiB in blocks of 16 would be 44,739,242 a value, 4,473,924,200 for a hundred: above 2^32.
  const Workload workload = load_of({{16, 512 * mebibyte, 0, 100}});
  const Config config = config_for(workload);
  CHECK(choice_of(config, workload, option_info(Option::block_bytes).minimum).broken ==
        Rule::too_many_blocks);
  const Advice advice = advise_blocks(config, workload);
  CHECK(!advice.best.broken);
  CHECK(advice.best.total_bytes < 513 * 100 * mebibyte);
}

TEST_CASE("a load that nothing can hold is refused") {
  Workload workload;
  CHECK(workload.add({1, 1, 0, 0}) == "count is 0 but must be at least 1");
  CHECK(workload.add({536'870'913, 1, 0, 1}) ==
        "key_bytes is 536,870,913 but may be at most 536,870,912");
  CHECK(workload.add({1, 1ULL << 60, 0, 1}) ==
        "value_bytes is 1,152,921,504,606,846,976 but may be at most 536,870,912");
  CHECK(workload.add({1, 1, 268'435'457, 1}) ==
        "list_length is 268,435,457 but may be at most 268,435,456");
  CHECK(workload.add({1, 1, 0, 1ULL << 32}) ==
        "count is 4,294,967,296 but may be at most 4,294,967,294");
  CHECK(workload.add({1, 1, 268'435'456, 4'294'967'294}) ==
        "the keys and elements are more than the blocks that can exist: 4,294,967,294");
  CHECK(workload.add({512 * mebibyte, 0, 0, 131'073}) ==
        "the keys and values are more bytes than an arena can have: 70,368,744,177,664");
  CHECK(workload.key_count() == 0);
  CHECK(workload.add({0, 0, 0, 4'294'967'294}) == "");
  CHECK(workload.add({0, 0, 0, 1}) == "the keys are more than 4,294,967,294");
  CHECK(workload.kinds().size() == 1);
}

TEST_CASE("a histogram is CSV with named columns, or a JSON object in each line") {
  const Histogram csv("\xef\xbb\xbfkey_bytes, value_bytes ,count\r\n16,64,1_000\r\n\r\n24,100,5");
  CHECK(csv.mistakes() == "");
  CHECK(csv.workload.key_count() == 1005);
  CHECK(csv.workload.data_bytes() == 80 * 1000 + 124 * 5);

  const Histogram columns("count,list_length,value_bytes,key_bytes\n7,3,10,20\n");
  CHECK(columns.mistakes() == "");
  CHECK(columns.workload.chain_count() == 7 * 4);
  CHECK(columns.workload.data_bytes() == 7 * (20 + 3 * 10));

  const Histogram lines(
      "{\"key_bytes\": 16, \"value_bytes\": 64, \"count\": 9}\n\n"
      "{\"count\":1,\"key_bytes\":1,\"value_bytes\":2,\"list_length\":3}");
  CHECK(lines.mistakes() == "");
  CHECK(lines.workload.key_count() == 10);
  CHECK(lines.workload.list_length_max() == 3);
}

TEST_CASE("every mistake in a histogram has its line, its value and the limit") {
  CHECK(Histogram("").mistakes() == "0:0 the histogram has no keys\n");
  CHECK(Histogram(names).mistakes() == "0:0 the histogram has no keys\n");
  CHECK(Histogram("16,64,10\n").mistakes() ==
        "1:1 unknown column '16'; it is one of key_bytes, value_bytes, count, list_length\n"
        "1:4 unknown column '64'; it is one of key_bytes, value_bytes, count, list_length\n"
        "1:7 unknown column '10'; it is one of key_bytes, value_bytes, count, list_length\n");
  CHECK(Histogram("key_byte,value_bytes,count,count\n").mistakes() ==
        "1:1 unknown column 'key_byte'; did you mean 'key_bytes'?\n"
        "1:28 the column count is there twice\n");
  CHECK(Histogram("key_bytes,count\n").mistakes() ==
        "1:1 the column value_bytes is missing; the first line names them: "
        "key_bytes,value_bytes,count,list_length\n");
  CHECK(Histogram(names + "16,64,1.5,0\n16,64\n16,64,-1,0\n,64,1,0\n16,64,0,0\n").mistakes() ==
        "2:7 count is 1.5 but must be a whole number\n"
        "3:1 the line has 2 values but the first one names 4\n"
        "4:7 count is -1 but must be a whole number\n"
        "5:1 key_bytes is '' but must be a whole number\n"
        "6:1 count is 0 but must be at least 1\n");
  CHECK(Histogram("{\"key_bytes\": 16}\n{\"key_bytes\": 1.0}\n{\"size\": 1}\n{]\n").mistakes() ==
        "1:1 the member value_bytes is missing\n"
        "2:1 key_bytes is 1.0 but must be a whole number\n"
        "3:1 unknown member 'size'; it is one of key_bytes, value_bytes, count, list_length\n"
        "4:1 the line is not a JSON object\n");
  std::string long_one = names;
  for (uint64_t i = 0; i <= histogram_lines_max; ++i) long_one += "1,1,1,0\n";
  CHECK(Histogram(long_one).mistakes() ==
        "100002:1 a histogram may have at most 100,000 lines of keys\n");
}

}  // namespace kv
