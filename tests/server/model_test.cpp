// The store against a model: millions of random operations, capacity counted by hand.

#include <algorithm>
#include <deque>
#include <random>
#include <unordered_map>
#include <variant>

#include "fixture.hpp"

namespace {

using kv::Config;
using kv::Entry;
using kv::ListEnd;
using kv::Part;
using kv::Slice;
using kv::Store;
using Code = kv::StoreResult::Code;

using List = std::deque<std::string>;
using Value = std::variant<std::string, List>;
using Model = std::unordered_map<std::string, Value>;

constexpr uint64_t payload = 28;
constexpr uint64_t key_count = 40;
constexpr uint64_t block_count = 200;
constexpr uint64_t list_length_max = 6;

uint64_t blocks_for(const std::string& text) {
  return std::max<uint64_t>(1, (text.size() + payload - 1) / payload);
}

uint64_t value_blocks(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return blocks_for(*text);
  uint64_t sum = 0;
  for (const std::string& element : std::get<List>(value)) sum += blocks_for(element);
  return sum;
}

/// Blocks of a whole state: it fits if and only if this is at most block_count.
uint64_t blocks_of(const Model& model) {
  uint64_t sum = 0;
  for (const auto& [key, value] : model) sum += blocks_for(key) + value_blocks(value);
  return sum;
}

bool fits(const Model& model) {
  return model.size() <= key_count && blocks_of(model) <= block_count;
}

Config model_config() {
  Config config = kv::test::small_config();
  config.key_count = key_count;
  config.key_size_max = 60;
  config.val_size_max = 150;
  config.list_length_max = list_length_max;
  config.store_bytes = block_count * 32;
  return config;
}

class Run {
 public:
  explicit Run(uint64_t seed) : fixture_(model_config()), random_(seed) {}

  void step() {
    switch (random_() % 16) {
      case 0:
      case 1:
      case 2:
      case 3:
        return set();
      case 4:
      case 5:
        return set_all();
      case 6:
      case 7:
      case 8:
        return push();
      case 9:
      case 10:
        return pop();
      case 11:
      case 12:
      case 13:
        return erase();
      default:
        return look_up(key());
    }
  }

  void check_whole() {
    CHECK(store().key_count() == model_.size());
    for (const auto& [key, value] : model_) look_up(key);
    CHECK(store().use(Part::blocks).used == blocks_of(model_));
    uint64_t elements = 0;
    for (const auto& [key, value] : model_) {
      if (const auto* list = std::get_if<List>(&value)) elements += list->size();
    }
    CHECK(store().use(Part::list_nodes).used == elements);
    if (random_() % 50 == 0) {
      store().clear();
      model_.clear();
    }
  }

  void erase_all() {
    for (const auto& [key, value] : model_) REQUIRE(store().erase(key));
    model_.clear();
    for (const Part part : {Part::entries, Part::blocks, Part::list_nodes}) {
      CHECK(store().use(part).used == 0);
    }
  }

 private:
  Store& store() { return fixture_.store; }

  /// One of 60 keys, a third of them of several blocks.
  std::string key() {
    const uint64_t n = random_() % 60;
    std::string key = std::to_string(n);
    return n % 3 == 0 ? key + std::string(n % 50, 'k') : key;
  }

  std::string text() {
    const uint64_t bytes = random_() % 4 == 0 ? random_() % 151 : random_() % 40;
    return std::string(bytes, static_cast<char>(random_()));
  }

  static Slice slice(const std::string& text) { return {text.data(), text.size()}; }

  void set() {
    const std::string k = key();
    const std::string v = text();
    // Only this key changes, so the state after it is counted from the difference.
    const auto old = model_.find(k);
    const uint64_t used = store().use(Part::blocks).used;
    const bool is_new = old == model_.end();
    const uint64_t after = used + blocks_for(v) + (is_new ? blocks_for(k) : 0) -
                           (is_new ? 0 : value_blocks(old->second));
    const bool accepted = after <= block_count && (!is_new || model_.size() < key_count);
    REQUIRE(store().set(k, v).ok() == accepted);
    if (accepted) model_[k] = v;
  }

  void set_all() {
    const uint64_t pairs = 1 + random_() % 12;
    std::vector<std::string> words;
    std::vector<Slice> slices;
    Model after = model_;
    for (uint64_t i = 0; i < pairs; ++i) {
      words.push_back(key());
      words.push_back(text());
      after[words[2 * i]] = words[2 * i + 1];
    }
    for (const std::string& word : words) slices.push_back(slice(word));
    const bool accepted = fits(after);
    REQUIRE(store().set_all(slices).ok() == accepted);
    if (accepted) model_ = std::move(after);
  }

  void push() {
    const std::string k = key();
    const ListEnd end = random_() % 2 == 0 ? ListEnd::head : ListEnd::tail;
    std::vector<std::string> elements(1 + random_() % 4);
    std::vector<Slice> slices;
    uint64_t blocks = 0;
    for (std::string& element : elements) {
      element = text();
      blocks += blocks_for(element);
      slices.push_back(slice(element));
    }
    const auto old = model_.find(k);
    const bool is_new = old == model_.end();
    Code expected = Code::ok;
    if (!is_new && std::holds_alternative<std::string>(old->second)) {
      expected = Code::wrong_type;
    } else if ((is_new ? 0 : std::get<List>(old->second).size()) + elements.size() >
               list_length_max) {
      expected = Code::too_long;
    } else if (is_new && model_.size() == key_count) {
      expected = Code::no_entry;
    } else if (store().use(Part::blocks).used + blocks + (is_new ? blocks_for(k) : 0) >
               block_count) {
      expected = Code::no_block;
    }
    REQUIRE(store().push(k, slices, end).code == expected);
    if (expected != Code::ok) return;
    if (is_new) model_[k] = List();
    List& list = std::get<List>(model_[k]);
    for (const std::string& element : elements) {
      end == ListEnd::head ? list.push_front(element) : list.push_back(element);
    }
  }

  void pop() {
    const std::string k = key();
    const auto old = model_.find(k);
    if (old == model_.end() || std::holds_alternative<std::string>(old->second)) return;
    List& list = std::get<List>(old->second);
    const ListEnd end = random_() % 2 == 0 ? ListEnd::head : ListEnd::tail;
    const uint64_t count = random_() % (list.size() + 1);
    store().pop(store().find(k), count, end);
    for (uint64_t i = 0; i < count; ++i) {
      end == ListEnd::head ? list.pop_front() : list.pop_back();
    }
    if (list.empty()) model_.erase(old);
  }

  void erase() {
    const std::string k = key();
    REQUIRE(store().erase(k) == (model_.erase(k) == 1));
  }

  void look_up(const std::string& k) {
    const Store::Found found = store().find(k);
    const auto expected = model_.find(k);
    REQUIRE(static_cast<bool>(found) == (expected != model_.end()));
    if (!found) return;
    const Entry& entry = store().entry(found);
    if (const auto* text = std::get_if<std::string>(&expected->second)) {
      REQUIRE(entry.type == Entry::Type::string);
      std::string value(entry.length, '\0');
      store().read(entry, value.data());
      REQUIRE(value == *text);
      return;
    }
    const List& list = std::get<List>(expected->second);
    REQUIRE(entry.type == Entry::Type::list);
    REQUIRE(entry.length == list.size());
    for (uint64_t i = 0; i < list.size(); ++i) {
      const kv::ListNode& node = store().node(store().node_at(entry, i));
      std::string element(node.bytes, '\0');
      store().read(node, element.data());
      REQUIRE(element == list[i]);
    }
  }

  kv::test::StoreFixture fixture_;
  std::mt19937_64 random_;
  Model model_;
};

}  // namespace

TEST_CASE("The store does what a standard map does, and refuses exactly what does not fit") {
  const uint64_t first_seed = std::random_device()();
  for (uint64_t seed = first_seed; seed < first_seed + 20; ++seed) {
    CAPTURE(seed);
    Run run(seed);
    for (int i = 0; i < 100; ++i) {
      for (int j = 0; j < 1000; ++j) run.step();
      run.check_whole();
    }
    run.erase_all();
  }
}
