// The store against a model: random operations, keys that expire, capacity counted by hand.

#include <algorithm>
#include <deque>
#include <random>
#include <unordered_map>
#include <variant>

#include "fixture.hpp"
#include "tests/memory/random.hpp"

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

/// A value and when it expires.
struct Item {
  Value value;
  uint64_t deadline_ms = Store::no_deadline;
};

using Model = std::unordered_map<std::string, Item>;

constexpr uint64_t key_count = 40;
constexpr uint64_t block_count = 200;
constexpr uint64_t list_length_max = 50;  // More than are freed at once.

/// The size of this run's blocks.
uint64_t block_bytes = 32;

/// Blocks that are filled one after the other, all but the last with four bytes for the link.
uint64_t blocks_for(uint64_t bytes) {
  uint64_t blocks = 1;
  for (; bytes > block_bytes; bytes -= block_bytes - 4) ++blocks;
  return blocks;
}
uint64_t blocks_for(const std::string& text) { return blocks_for(text.size()); }

/// A string lies in one chain with its key, a list's key and its elements in chains of their own.
uint64_t blocks_of(const std::string& key, const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    return blocks_for(key.size() + text->size());
  }
  uint64_t sum = blocks_for(key);
  for (const std::string& element : std::get<List>(value)) sum += blocks_for(element);
  return sum;
}

/// Blocks of a whole state: it fits if and only if this is at most block_count.
uint64_t blocks_of(const Model& model) {
  uint64_t sum = 0;
  for (const auto& [key, item] : model) sum += blocks_of(key, item.value);
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
  config.block_bytes = block_bytes;
  config.store_bytes = block_count * block_bytes;
  return config;
}

class Run {
 public:
  explicit Run(uint64_t seed) : fixture_(model_config()), random_(seed) {
    store().set_clock(now_ms_);
  }

  void step() {
    if (random_() % 8 == 0) pass_time();
    switch (random_() % 29) {
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
      case 14:
        return write();
      case 15:
      case 16:
        return set_deadline();
      case 17:
      case 18:
        return rename();
      case 19:
      case 20:
        return copy();
      case 21:
        store().tidy(random_() % 50);
        return;
      case 22:
        return replace_element();
      case 23:
        return insert_element();
      case 24:
        return remove_elements();
      case 25:
      case 26:
        return move_element();
      default:
        return look_up(key());
    }
  }

  void check_whole() {
    while (store().tidy(1000)) {
    }
    CHECK(store().key_count() == model_.size());
    for (const auto& [key, item] : model_) look_up(key);
    CHECK(store().use(Part::blocks).used == blocks_of(model_));
    uint64_t elements = 0;
    uint64_t expiring = 0;
    for (const auto& [key, item] : model_) {
      if (const auto* list = std::get_if<List>(&item.value)) elements += list->size();
      expiring += item.deadline_ms != Store::no_deadline;
    }
    CHECK(store().use(Part::timers).used == expiring);
    CHECK((store().idle_ms() == UINT64_MAX) == (expiring == 0));
    CHECK(store().use(Part::list_nodes).used == elements);
    if (random_() % 50 == 0) {
      store().clear();
      model_.clear();
    }
  }

  void erase_all() {
    for (const auto& [key, item] : model_) REQUIRE(store().erase(key));
    model_.clear();
    while (store().tidy(1000)) {
    }
    for (const Part part : {Part::entries, Part::blocks, Part::list_nodes, Part::timers}) {
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

  /// Now and then long, or as long as whole blocks. No two bytes beside each other are the same.
  std::string text() {
    const uint64_t choice = random_() % 8;
    uint64_t bytes = random_() % (choice < 2 ? 151 : 40);
    if (choice == 7) bytes = std::min<uint64_t>(150, (random_() % 4) * (block_bytes - 4) + 4);
    std::string out(bytes, '\0');
    auto c = static_cast<unsigned char>(random_());
    for (char& byte : out) byte = static_cast<char>(c++);
    return out;
  }

  static Slice slice(const std::string& text) { return {text.data(), text.size()}; }

  /// Sooner or later everything that expires does.
  void pass_time() {
    now_ms_ += random_() % 200;
    if (random_() % 100 == 0) now_ms_ += 100'000;
    store().set_clock(now_ms_);
    std::erase_if(model_, [&](const auto& entry) { return entry.second.deadline_ms <= now_ms_; });
  }

  /// In the past now and then, and far away.
  uint64_t deadline() {
    const uint64_t distance = random_() % 10 == 0 ? 1'000'000 : 1'000;
    return now_ms_ - 10 + random_() % distance;
  }

  void forget_if_due(const std::string& k) {
    if (model_[k].deadline_ms <= now_ms_) model_.erase(k);
  }

  void set() {
    const std::string k = key();
    const std::string v = text();
    const uint64_t choice = random_() % 4;
    const uint64_t given = choice == 0   ? Store::keep_deadline
                           : choice == 1 ? deadline()
                                         : Store::no_deadline;
    Model after = model_;
    after[k].value = v;
    if (given != Store::keep_deadline) after[k].deadline_ms = given;
    const bool accepted = fits(after);
    REQUIRE(store().set(k, v, given).ok() == accepted);
    if (!accepted) return;
    model_ = std::move(after);
    forget_if_due(k);
  }

  void set_all() {
    const uint64_t pairs = 1 + random_() % 12;
    std::vector<std::string> words;
    std::vector<Slice> slices;
    Model after = model_;
    for (uint64_t i = 0; i < pairs; ++i) {
      words.push_back(key());
      words.push_back(text());
      after[words[2 * i]] = {words[2 * i + 1]};
    }
    for (const std::string& word : words) slices.push_back(slice(word));
    const bool accepted = fits(after);
    REQUIRE(store().set_all(slices).ok() == accepted);
    if (accepted) model_ = std::move(after);
  }

  void write() {
    const std::string k = key();
    const auto old = model_.find(k);
    if (old != model_.end() && !std::holds_alternative<std::string>(old->second.value)) return;
    const std::string data = text() + "x";
    const uint64_t offset = random_() % (151 - std::min<uint64_t>(data.size(), 150));
    Model after = model_;
    if (old == model_.end()) after[k] = {std::string()};
    auto& value = std::get<std::string>(after[k].value);
    if (value.size() < offset + data.size()) value.resize(offset + data.size());
    value.replace(offset, data.size(), data);
    const uint64_t bytes = value.size();
    const bool accepted = fits(after);
    const kv::StoreResult result = store().write(k, store().find(k), offset, data);
    REQUIRE(result.ok() == accepted);
    if (!accepted) return;
    REQUIRE(result.value == bytes);
    model_ = std::move(after);
  }

  void set_deadline() {
    const std::string k = key();
    const Store::Found found = store().find(k);
    REQUIRE(static_cast<bool>(found) == model_.contains(k));
    if (!found) return;
    const uint64_t given = random_() % 4 == 0 ? Store::no_deadline : deadline();
    store().set_deadline(found, given);
    model_[k].deadline_ms = given;
    forget_if_due(k);
  }

  void rename() {
    const std::string from = key();
    const std::string to = key();
    if (!model_.contains(from)) return;
    Model after = model_;
    const Item item = after[from];
    after.erase(from);
    after[to] = item;
    const bool accepted = fits(after);
    REQUIRE(store().rename(store().find(from), to).ok() == accepted);
    if (accepted) model_ = std::move(after);
  }

  void copy() {
    const std::string from = key();
    const std::string to = key();
    if (!model_.contains(from) || from == to) return;
    Model after = model_;
    after[to] = Item(after[from]);
    const bool accepted = fits(after);
    REQUIRE(store().copy(store().find(from), to).ok() == accepted);
    if (accepted) model_ = std::move(after);
  }

  void push() {
    const std::string k = key();
    const ListEnd end = random_() % 2 == 0 ? ListEnd::head : ListEnd::tail;
    std::vector<std::string> elements(1 + random_() % (random_() % 4 == 0 ? 40 : 4));
    std::vector<Slice> slices;
    Model after = model_;
    const auto old = model_.find(k);
    const bool is_new = old == model_.end();
    const bool is_list = is_new || std::holds_alternative<List>(old->second.value);
    if (is_new) after[k] = {List()};
    for (std::string& element : elements) {
      element = text();
      slices.push_back(slice(element));
      if (!is_list) continue;
      List& list = std::get<List>(after[k].value);
      end == ListEnd::head ? list.push_front(element) : list.push_back(element);
    }
    Code expected = Code::ok;
    if (!is_list) {
      expected = Code::wrong_type;
    } else if (std::get<List>(after[k].value).size() > list_length_max) {
      expected = Code::too_long;
    } else if (after.size() > key_count) {
      expected = Code::no_entry;
    } else if (!fits(after)) {
      expected = Code::no_block;
    }
    REQUIRE(store().push(k, slices, end).code == expected);
    if (expected == Code::ok) model_ = std::move(after);
  }

  void pop() {
    const std::string k = key();
    const auto old = model_.find(k);
    if (old == model_.end() || std::holds_alternative<std::string>(old->second.value)) return;
    List& list = std::get<List>(old->second.value);
    const ListEnd end = random_() % 2 == 0 ? ListEnd::head : ListEnd::tail;
    const uint64_t count = random_() % (list.size() + 1);
    store().pop(store().find(k), count, end);
    for (uint64_t i = 0; i < count; ++i) {
      end == ListEnd::head ? list.pop_front() : list.pop_back();
    }
    if (list.empty()) model_.erase(old);
  }

  /// A list of the model under a random key, or null.
  List* random_list(std::string& k) {
    k = key();
    const auto old = model_.find(k);
    return old == model_.end() ? nullptr : std::get_if<List>(&old->second.value);
  }

  ListEnd random_end() { return random_() % 2 == 0 ? ListEnd::head : ListEnd::tail; }

  void replace_element() {
    std::string k;
    List* const list = random_list(k);
    if (list == nullptr) return;
    const uint64_t at = random_() % list->size();
    const std::string element = text();
    const uint64_t after = blocks_of(model_) + blocks_for(element);
    const bool accepted = after <= block_count + blocks_for((*list)[at]);
    const Store::Found found = store().find(k);
    const uint32_t node = store().node_at(store().entry(found), at);
    REQUIRE(store().replace_element(found, node, element).ok() == accepted);
    if (accepted) (*list)[at] = element;
  }

  void insert_element() {
    std::string k;
    List* const list = random_list(k);
    if (list == nullptr) return;
    const uint64_t at = random_() % list->size();
    const ListEnd side = random_end();
    const std::string element = text();
    Code expected = Code::ok;
    if (list->size() == list_length_max) {
      expected = Code::too_long;
    } else if (blocks_of(model_) + blocks_for(element) > block_count) {
      expected = Code::no_block;
    }
    const Store::Found found = store().find(k);
    const uint32_t node = store().node_at(store().entry(found), at);
    REQUIRE(store().insert_element(found, node, side, element).code == expected);
    if (expected != Code::ok) return;
    list->insert(list->begin() + static_cast<int64_t>(at + (side == ListEnd::tail)), element);
  }

  void remove_elements() {
    std::string k;
    List* const list = random_list(k);
    if (list == nullptr) return;
    const ListEnd from = random_end();
    const std::string element = (*list)[random_() % list->size()];
    const uint64_t count = 1 + random_() % 3;
    uint64_t removed = 0;
    for (uint64_t step = 0, i = from == ListEnd::head ? 0 : list->size() - 1, n = list->size();
         step < n && removed < count; ++step) {
      const bool equal = (*list)[i] == element;
      if (equal) list->erase(list->begin() + static_cast<int64_t>(i));
      removed += equal ? 1 : 0;
      if (from == ListEnd::tail) {
        --i;
      } else if (!equal) {
        ++i;
      }
    }
    REQUIRE(store().remove_elements(store().find(k), element, count, from) == removed);
    if (list->empty()) model_.erase(k);
  }

  void move_element() {
    std::string from;
    List* const source = random_list(from);
    if (source == nullptr) return;
    const std::string to = random_() % 4 == 0 ? from : key();
    const ListEnd from_end = random_end();
    const ListEnd to_end = random_end();
    Model after = model_;
    List& taken = std::get<List>(after[from].value);
    const std::string element = from_end == ListEnd::head ? taken.front() : taken.back();
    from_end == ListEnd::head ? taken.pop_front() : taken.pop_back();
    const bool goes = taken.empty() && to != from;
    if (goes) after.erase(from);
    const bool is_new = after.count(to) == 0;
    if (is_new) after[to] = {List()};
    Code expected = Code::ok;
    if (List* const list = std::get_if<List>(&after[to].value)) {
      to_end == ListEnd::head ? list->push_front(element) : list->push_back(element);
      if (list->size() > list_length_max) {
        expected = Code::too_long;
      } else if (after.size() > key_count) {
        expected = Code::no_entry;
      } else if (blocks_of(after) > block_count) {
        expected = Code::no_block;
      }
    } else {
      expected = Code::wrong_type;
    }
    REQUIRE(store().move_element(store().find(from), from_end, to, to_end).code == expected);
    if (expected == Code::ok) model_ = std::move(after);
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
    REQUIRE(store().deadline_ms(found) == expected->second.deadline_ms);
    const Entry& entry = store().entry(found);
    const Value& wanted = expected->second.value;
    if (const auto* text = std::get_if<std::string>(&wanted)) {
      REQUIRE(entry.type == Entry::Type::string);
      std::string value(entry.length, '\0');
      store().read(entry, value.data());
      REQUIRE(value == *text);
      return;
    }
    const List& list = std::get<List>(wanted);
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
  uint64_t now_ms_ = 1'700'000'000'000;
  Model model_;
};

}  // namespace

TEST_CASE("The store does what a standard map does, and refuses exactly what does not fit") {
  const uint64_t first_seed = kv::test_seed();
  for (uint64_t seed = first_seed; seed < first_seed + 10; ++seed) {
    CAPTURE(seed);
    constexpr uint64_t block_sizes[] = {16, 32, 20, 64, 36};
    block_bytes = block_sizes[seed % std::size(block_sizes)];
    CAPTURE(block_bytes);
    Run run(seed);
    for (int i = 0; i < 50; ++i) {
      for (int j = 0; j < 1000; ++j) run.step();
      run.check_whole();
    }
    run.erase_all();
  }
}
