// The store against a model: random operations, keys that expire, capacity counted by hand.

#include <random>

#include "store_model.hpp"
#include "tests/memory/random.hpp"

namespace {

using kv::Entry;
using kv::ListEnd;
using kv::Part;
using kv::Slice;
using kv::Store;
using kv::test::Item;
using kv::test::Limits;
using kv::test::List;
using kv::test::Model;
using kv::test::Value;
using Code = kv::StoreResult::Code;

class Run {
 public:
  Run(uint64_t seed, const Limits& limits)
      : limits_(limits), fixture_(limits.config()), random_(seed) {
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
    CHECK(store().use(Part::blocks).used == limits_.blocks_of(model_));
    uint64_t elements = 0;
    const uint64_t expiring = Limits::expiring_keys(model_);
    for (const auto& [key, item] : model_) {
      if (const auto* list = std::get_if<List>(&item.value)) elements += list->size();
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
    if (choice == 7)
      bytes = std::min<uint64_t>(150, (random_() % 4) * (limits_.block_bytes - 4) + 4);
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
    const bool accepted = limits_.fits(after);
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
    const bool accepted = limits_.fits(after);
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
    const bool accepted = limits_.fits(after);
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
    Model after = model_;
    after[k].deadline_ms = given;
    const bool accepted = limits_.fits(after);
    REQUIRE(store().set_deadline(found, given).code == (accepted ? Code::ok : Code::no_timer));
    if (!accepted) return;
    model_ = std::move(after);
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
    const bool accepted = limits_.fits(after);
    REQUIRE(store().rename(store().find(from), to).ok() == accepted);
    if (accepted) model_ = std::move(after);
  }

  void copy() {
    const std::string from = key();
    const std::string to = key();
    if (!model_.contains(from) || from == to) return;
    Model after = model_;
    after[to] = Item(after[from]);
    const bool accepted = limits_.fits(after);
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
    } else if (std::get<List>(after[k].value).size() > Limits::list_length_max) {
      expected = Code::too_long;
    } else if (after.size() > Limits::key_count) {
      expected = Code::no_entry;
    } else if (!limits_.fits(after)) {
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
    const uint64_t after = limits_.blocks_of(model_) + limits_.blocks_for(element);
    const bool accepted = after <= Limits::block_count + limits_.blocks_for((*list)[at]);
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
    if (list->size() == Limits::list_length_max) {
      expected = Code::too_long;
    } else if (limits_.blocks_of(model_) + limits_.blocks_for(element) > Limits::block_count) {
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
      if (list->size() > Limits::list_length_max) {
        expected = Code::too_long;
      } else if (after.size() > Limits::key_count) {
        expected = Code::no_entry;
      } else if (limits_.blocks_of(after) > Limits::block_count) {
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

  Limits limits_;
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
    constexpr uint64_t all = Limits::key_count;
    constexpr uint64_t expiring[] = {all, 12, all, 3, 0, 20, all};
    const Limits limits = {block_sizes[seed % std::size(block_sizes)],
                           expiring[seed % std::size(expiring)]};
    CAPTURE(limits.block_bytes);
    CAPTURE(limits.expiring_keys_max);
    Run run(seed, limits);
    for (int i = 0; i < 50; ++i) {
      for (int j = 0; j < 1000; ++j) run.step();
      run.check_whole();
    }
    run.erase_all();
  }
}
