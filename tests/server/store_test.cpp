// The store: what fits, what is refused, and that a refusal changes nothing.

#include "server/store.hpp"

#include "fixture.hpp"

namespace {

using kv::Config;
using kv::Entry;
using kv::ListEnd;
using kv::Part;
using kv::Slice;
using kv::Store;
using kv::StoreResult;
using Code = kv::StoreResult::Code;

/// Blocks of 32 bytes: a chain of k blocks holds 28 × (k - 1) + 32, a key and its value together.
struct Fixture : kv::test::StoreFixture {
  explicit Fixture(uint64_t blocks, uint64_t keys = 4) : StoreFixture(config(blocks, keys)) {}

  static Config config(uint64_t blocks, uint64_t keys) {
    Config config = kv::test::small_config();
    config.key_count = keys;
    config.store_bytes = blocks * config.block_bytes;
    return config;
  }

  uint64_t free_blocks() const {
    return allocation.terms.block_count - store.use(Part::blocks).used;
  }

  std::string get(const std::string& key) {
    const Store::Found found = store.find(key);
    if (!found) return "(none)";
    const Entry& entry = store.entry(found);
    if (entry.type == Entry::Type::list) return "(list)";
    std::string value(entry.length, '\0');
    store.read(entry, value.data());
    return value;
  }

  std::vector<std::string> list(const std::string& key) {
    std::vector<std::string> elements;
    const Store::Found found = store.find(key);
    if (!found) return elements;
    for (uint64_t i = 0; i < store.entry(found).length; ++i) {
      const kv::ListNode& node = store.node(store.node_at(store.entry(found), i));
      std::string element(node.bytes, '\0');
      store.read(node, element.data());
      elements.push_back(element);
    }
    return elements;
  }

  StoreResult push(const std::string& key, const std::vector<std::string>& elements,
                   ListEnd end = ListEnd::tail) {
    std::vector<Slice> slices;
    for (const std::string& element : elements) slices.push_back({element.data(), element.size()});
    return store.push(key, slices, end);
  }

  StoreResult set_all(const std::vector<std::string>& words) {
    std::vector<Slice> slices;
    for (const std::string& word : words) slices.push_back({word.data(), word.size()});
    return store.set_all(slices);
  }
};

/// What fills so many blocks behind a key of so many bytes, to the last byte.
std::string blocks(uint64_t count, uint64_t key_bytes = 0, char c = 'x') {
  return std::string(count * 28 + 4 - key_bytes, c);
}

void check(StoreResult result, Code code, uint64_t value = 0, uint64_t available = 0) {
  CHECK(result.code == code);
  CHECK(result.value == value);
  CHECK(result.available == available);
}

}  // namespace

TEST_CASE("What was set is read back, the empty key and the empty value too") {
  Fixture f(16);
  CHECK(f.store.set("key", "value").ok());
  CHECK(f.store.set("", "of the empty key").ok());
  CHECK(f.store.set("empty", "").ok());
  CHECK(f.get("key") == "value");
  CHECK(f.get("") == "of the empty key");
  CHECK(f.get("empty").empty());
  CHECK(f.get("other") == "(none)");
  CHECK(f.store.key_count() == 3);
  CHECK(f.free_blocks() == 13);  // Three keys, each in one block with its value.
}

TEST_CASE("A key fits if and only if the blocks of key and value do") {
  Fixture f(4);
  check(f.store.set("key", blocks(5, 3)), Code::no_block, 5, 4);
  check(f.store.set("key", blocks(4, 3) + "x"), Code::no_block, 5, 4);
  CHECK(f.store.key_count() == 0);
  CHECK(f.store.set("key", blocks(4, 3)).ok());
  CHECK(f.free_blocks() == 0);
  check(f.store.set("more", ""), Code::no_block, 1, 0);
}

TEST_CASE("Overwriting works when everything is full") {
  Fixture f(5, /*keys=*/1);
  CHECK(f.store.set("key", blocks(5, 3, 'a')).ok());
  CHECK(f.store.set("key", blocks(5, 3, 'b')).ok());
  CHECK(f.get("key") == blocks(5, 3, 'b'));
  check(f.store.set("key", blocks(5, 3) + "x"), Code::no_block, 1, 0);
  CHECK(f.get("key") == blocks(5, 3, 'b'));
  check(f.store.set("two", "x"), Code::no_entry, 1, 0);
  CHECK(f.store.set("key", "c").ok());
  CHECK(f.free_blocks() == 4);
  CHECK(f.store.set("key", blocks(5, 3, 'd')).ok());
  CHECK(f.get("key") == blocks(5, 3, 'd'));
}

TEST_CASE("A key is renamed in place when everything is full") {
  Fixture f(4, /*keys=*/1);
  CHECK(f.store.set("key", blocks(4, 13, 'a')).ok());
  CHECK(f.free_blocks() == 0);
  // Another name takes what the key and value together do.
  CHECK(f.store.rename(f.store.find("key"), "k").ok());
  CHECK(f.get("k") == blocks(4, 13, 'a'));
  CHECK(f.free_blocks() == 0);
  CHECK(f.store.rename(f.store.find("k"), "twelve bytes+").ok());
  CHECK(f.get("twelve bytes+") == blocks(4, 13, 'a'));
  check(f.store.rename(f.store.find("twelve bytes+"), "fourteen bytes"), Code::no_block, 1, 0);
  CHECK(f.get("twelve bytes+") == blocks(4, 13, 'a'));
}

TEST_CASE("A key that is replaced by another's name counts as free for it") {
  Fixture f(5, /*keys=*/2);
  CHECK(f.store.set("a", blocks(3, 1, 'a')).ok());
  CHECK(f.store.set("longer", blocks(2, 6, 'b')).ok());
  CHECK(f.free_blocks() == 0);
  CHECK(f.store.rename(f.store.find("a"), "longer").ok());
  CHECK(f.get("longer") == blocks(3, 1, 'a'));
  CHECK(f.free_blocks() == 1);
  CHECK(f.store.key_count() == 1);
}

TEST_CASE("Setting over a list counts the list's blocks as free") {
  Fixture f(5, /*keys=*/2);
  CHECK(f.push("list", {"a", blocks(2), "c"}).ok());
  CHECK(f.free_blocks() == 0);
  check(f.store.set("list", blocks(5, 4) + "x"), Code::no_block, 1, 0);
  CHECK(f.list("list") == std::vector<std::string>{"a", blocks(2), "c"});
  CHECK(f.store.set("list", blocks(5, 4, 'z')).ok());
  CHECK(f.get("list") == blocks(5, 4, 'z'));
  CHECK(f.store.use(Part::list_nodes).used == 0);
}

TEST_CASE("Lists grow and shrink at both ends") {
  Fixture f(20);
  check(f.push("l", {"b", "c"}), Code::ok, 2);
  check(f.push("l", {"a"}, ListEnd::head), Code::ok, 3);
  CHECK(f.list("l") == std::vector<std::string>{"a", "b", "c"});
  f.store.pop(f.store.find("l"), 1, ListEnd::head);
  CHECK(f.list("l") == std::vector<std::string>{"b", "c"});
  f.store.pop(f.store.find("l"), 1, ListEnd::tail);
  CHECK(f.list("l") == std::vector<std::string>{"b"});
  f.store.pop(f.store.find("l"), 1, ListEnd::tail);
  CHECK_FALSE(f.store.find("l"));
  CHECK(f.store.key_count() == 0);
  CHECK(f.free_blocks() == 20);
}

TEST_CASE("A push is all or nothing, whatever it lacks") {
  Fixture f(6, /*keys=*/2);
  check(f.push("l", {"a", "b", "c", "d"}), Code::too_long, 4);
  CHECK(f.store.key_count() == 0);
  check(f.push("l", {"a", "b"}), Code::ok, 2);
  check(f.push("l", {"c", "d"}), Code::too_long, 4);
  check(f.push("l", {blocks(4)}), Code::no_block, 4, 3);
  check(f.push("m", {"a", blocks(2)}), Code::no_block, 4, 3);
  CHECK(f.list("l") == std::vector<std::string>{"a", "b"});
  CHECK(f.free_blocks() == 3);
  CHECK(f.store.set("s", "x").ok());
  check(f.push("s", {"a"}), Code::wrong_type);
  check(f.push("m", {"a"}), Code::no_entry, 1, 0);
  CHECK(f.store.use(Part::list_nodes).used == 2);
}

TEST_CASE("A push finds out that the list pool is full") {
  Fixture f(20);
  std::vector<kv::ListNode> nodes(2);
  std::vector<kv::Bucket> buckets(1);
  std::vector<Entry> entries(4);
  alignas(8) std::byte memory[20 * 32];
  std::vector<uint32_t> slots(kv::Timer::slots);
  std::vector<kv::Timer> timers(4);
  f.store = Store(kv::Table(buckets, entries, {1, 2}), kv::BlockPool(memory, 32),
                  kv::NodePool(nodes), kv::TimingWheel(slots, timers), {}, /*list_length_max=*/3);
  check(f.push("l", {"a", "b", "c"}), Code::no_node, 3, 2);
  CHECK(f.store.key_count() == 0);
  check(f.push("l", {"a", "b"}), Code::ok, 2);
}

TEST_CASE("Setting several keys is all or nothing") {
  Fixture f(6, /*keys=*/3);
  CHECK(f.set_all({"a", "1", "b", "2"}).ok());
  check(f.set_all({"a", "x", "c", "3", "d", "4"}), Code::no_entry, 2, 1);
  check(f.set_all({"a", "x", "c", blocks(5, 1)}), Code::no_block, 5, 4);
  CHECK(f.get("a") == "1");
  CHECK_FALSE(f.store.find("c"));
  CHECK(f.set_all({"a", "x", "c", blocks(4, 1)}).ok());
  CHECK(f.get("a") == "x");
  CHECK(f.free_blocks() == 0);
}

TEST_CASE("Setting several keys fits when its final state does") {
  Fixture f(6, /*keys=*/3);
  CHECK(f.set_all({"a", blocks(5, 1), "b", "2"}).ok());
  CHECK(f.free_blocks() == 0);
  // b grows by 4 blocks, which a gives back, though b comes first.
  CHECK(f.set_all({"b", blocks(5, 1, 'b'), "a", "1"}).ok());
  CHECK(f.get("a") == "1");
  CHECK(f.get("b") == blocks(5, 1, 'b'));
  // Of a key that comes twice the last value counts, also for what it needs.
  CHECK(f.set_all({"b", "x", "a", blocks(7, 1), "a", "1", "c", "new", "c", "3"}).ok());
  CHECK(f.get("a") == "1");
  CHECK(f.get("b") == "x");
  CHECK(f.get("c") == "3");
  // A list is replaced: 2 keys with their values stay, so 4 blocks are left for key and list.
  CHECK(f.store.erase("c"));
  CHECK(f.push("c", {"p", "q", "r"}).ok());
  CHECK(f.free_blocks() == 0);
  check(f.set_all({"c", blocks(4, 1), "a", blocks(2, 1)}), Code::no_block, 1, 0);
  CHECK(f.list("c") == std::vector<std::string>{"p", "q", "r"});
  CHECK(f.set_all({"c", blocks(4, 1, 'c'), "a", "1"}).ok());
  CHECK(f.get("c") == blocks(4, 1, 'c'));
}

TEST_CASE("A key that comes many times in one command takes one entry") {
  Fixture f(1, /*keys=*/1);
  std::vector<std::string> words;
  for (int i = 0; i < 500; ++i) {
    words.push_back("k");
    words.push_back(std::to_string(i));
  }
  CHECK(f.set_all(words).ok());
  CHECK(f.get("k") == "499");
}

TEST_CASE("Erasing and clearing give everything back") {
  Fixture f(30);
  CHECK(f.store.set("a", blocks(3)).ok());
  CHECK(f.push("l", {"x", blocks(2), "z"}).ok());
  CHECK(f.store.erase("a"));
  CHECK_FALSE(f.store.erase("a"));
  CHECK(f.store.erase("l"));
  CHECK(f.free_blocks() == 30);
  CHECK(f.store.use(Part::list_nodes).used == 0);
  CHECK(f.store.use(Part::entries).used == 0);
  CHECK(f.store.use(Part::blocks).used_max == 9);  // "a" in 4 blocks; "l" and 4 in 3 elements.
  CHECK(f.store.use(Part::list_nodes).used_max == 3);
  CHECK(f.store.use(Part::entries).used_max == 2);

  CHECK(f.store.set("a", "1").ok());
  CHECK(f.push("l", {"x"}).ok());
  f.store.clear();
  CHECK(f.store.key_count() == 0);
  CHECK(f.free_blocks() == 30);
  CHECK_FALSE(f.store.find("a"));
  CHECK(f.store.set("a", "2").ok());
  CHECK(f.get("a") == "2");
}

TEST_CASE("Without lists every push is too long") {
  Config config = kv::test::small_config();
  config.list_length_max = 0;
  kv::test::StoreFixture f(config);
  const Slice element{"a", 1};
  check(f.store.push("l", {&element, 1}, ListEnd::tail), Code::too_long, 1);
  CHECK(f.store.set("k", std::string(100, 'v')).ok());
}
