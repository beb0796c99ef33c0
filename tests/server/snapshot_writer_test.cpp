// A snapshot is the store at the moment when it began, whatever happens while it is written.

#include "server/snapshot_writer.hpp"

#include <map>
#include <random>

#include "fixture.hpp"
#include "tests/data/snapshot_file.hpp"

namespace {

using kv::Entry;
using kv::ListEnd;
using kv::Slice;
using kv::Store;
using State = std::map<std::string, std::string>;

constexpr uint64_t now_ms = 1000;

struct Fixture : kv::test::StoreFixture {
  Fixture() : StoreFixture(config()) { store.set_clock(now_ms); }

  static kv::Config config() {
    kv::Config config = kv::test::small_config();
    config.key_count = 100;
    config.val_size_max = 20000;
    config.list_length_max = 40;
    config.store_bytes = 8 * kv::mebibyte;
    config.snapshot_enabled = 1;
    config.snapshot_buffer_bytes = 2 * kv::section_align;
    return config;
  }

  void begin() {
    file.clear();
    snapshot_writer.begin(store, {++id, store.now_ms(), snapshot_writer.section_bytes()},
                          allocation.config);
  }

  /// Takes what is to be written next; false where there is nothing.
  bool write() {
    const std::span<const std::byte> section = snapshot_writer.next_section();
    if (section.empty()) return false;
    file.insert(file.end(), section.begin(), section.end());
    snapshot_writer.written();
    return true;
  }

  std::vector<std::byte>& finish() {
    for (int i = 0; i < 100000 && !snapshot_writer.done(); ++i) {
      snapshot_writer.fill({.entries = 10, .bytes = 1000});
      write();
    }
    REQUIRE(snapshot_writer.done());
    CHECK(!store.marks().active());
    return file;
  }

  /// What a command does before it changes a key; returns how often it had to wait.
  uint64_t save(const std::string& key) {
    uint64_t waits = 0;
    for (;;) {
      const Store::Found found = store.peek(key);
      if (!found || snapshot_writer.save(found.index)) return waits;
      ++waits;
      REQUIRE(waits < 1000);
      if (!write()) snapshot_writer.fill({.entries = 1, .bytes = 500});
    }
  }

  /// Every key that is not dead at `at_ms`, as TextVisitor writes it.
  State state(uint64_t at_ms) {
    State out;
    for (uint32_t i = 0; i < store.entry_end(); ++i) {
      const Entry& entry = store.entry_at(i);
      if (entry.type == Entry::Type::free) continue;
      const uint64_t deadline_ms = store.deadline_ms({i, 0});
      if (deadline_ms <= at_ms) continue;
      std::string key(entry.key_bytes, '\0');
      store.read_key(entry, key.data());
      std::string text = key;
      if (deadline_ms != Store::no_deadline) text += "@" + std::to_string(deadline_ms);
      text += "=";
      if (entry.type == Entry::Type::string) {
        std::string value(entry.length, '\0');
        store.read(entry, value.data());
        text += value;
      } else {
        text += "[";
        for (uint32_t at = entry.first; at != kv::index_none; at = store.node(at).next) {
          std::string element(store.node(at).bytes, '\0');
          store.read(store.node(at), element.data());
          text += element + ",";
        }
        text.back() = ']';
      }
      out[key] = text;
    }
    return out;
  }

  std::vector<std::byte> file;
  uint64_t id = 0;
};

/// The entries of a file by key, but for those that are dead at `at_ms`.
State read(const std::vector<std::byte>& file, uint64_t at_ms) {
  State out;
  for (const std::string& text : kv::test::read_all(file)) {
    const std::string name = text.substr(0, text.find('='));
    const uint64_t at = name.find('@');
    if (at != std::string::npos && std::stoull(name.substr(at + 1)) <= at_ms) continue;
    const bool is_new = out.emplace(name.substr(0, at), text).second;
    CHECK_MESSAGE(is_new, "twice: ", name);
  }
  return out;
}

/// Changes the store as commands do, at random.
class Changes {
 public:
  Changes(Fixture& f, uint64_t seed) : f_(f), random_(seed) {}

  uint64_t below(uint64_t limit) { return random_() % limit; }

  void change() {
    const std::string key = "key" + std::to_string(below(80));
    const std::string other = "key" + std::to_string(below(80));
    waits += f_.save(key);
    const uint64_t what = below(10);
    if (what >= 8) waits += f_.save(other);
    const Store::Found found = f_.store.find(key);
    const bool is_list = found && f_.store.entry(found).type == Entry::Type::list;
    const uint64_t deadline_ms =
        below(3) == 0 ? f_.store.now_ms() + 1 + below(40) : Store::no_deadline;
    if (what < 3) {
      f_.store.set(key, text(), deadline_ms);
    } else if (what == 3) {
      f_.store.erase(key);
    } else if (what < 6) {
      push(key);
    } else if (what == 6 && is_list) {
      f_.store.pop(found, 1 + below(f_.store.entry(found).length), ListEnd::head);
    } else if (what == 7 && found) {
      f_.store.set_deadline(found, deadline_ms);
    } else if (what == 8 && found) {
      f_.store.rename(found, other);
    } else if (what == 9 && found && key != other) {
      f_.store.copy(found, other);
    }
  }

  uint64_t waits = 0;

 private:
  /// Mostly short, now and then larger than the whole buffer.
  std::string text() {
    const uint64_t bytes = below(20) == 0 ? below(15000) : below(200);
    return std::string(bytes, static_cast<char>('a' + below(26)));
  }
  void push(const std::string& key) {
    std::vector<std::string> elements(1 + below(5));
    std::vector<Slice> slices;
    for (std::string& element : elements) {
      element = text();
      slices.push_back({element.data(), element.size()});
    }
    f_.store.push(key, slices, below(2) == 0 ? ListEnd::head : ListEnd::tail);
  }

  Fixture& f_;
  std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("A snapshot of a store that stands still is the store") {
  Fixture f;
  f.store.set("a", "1");
  f.store.set("b", std::string(20000, 'b'), 2000);
  const Slice element = {"x", 1};
  f.store.push("l", {&element, 1}, ListEnd::tail);
  f.begin();
  CHECK(read(f.finish(), now_ms) == f.state(now_ms));
  CHECK(f.snapshot_writer.totals().entries == 3);
  CHECK(f.snapshot_writer.totals().expiring == 1);
}

TEST_CASE("A snapshot is the store when it began, while commands change everything") {
  uint64_t waits = 0;
  uint64_t dropped = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    Fixture f;
    Changes changes(f, seed);
    uint64_t clock_ms = now_ms;
    const auto pass = [&] {
      clock_ms += changes.below(4);
      f.store.set_clock(clock_ms);
      f.store.tidy(1 + changes.below(50));
    };
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 150; ++i) changes.change();
      const State begun = f.state(f.store.now_ms());
      f.begin();
      for (int i = 0; i < 400 && !f.snapshot_writer.done(); ++i) {
        const uint64_t what = changes.below(4);
        if (what < 2) changes.change();
        if (what == 2) f.snapshot_writer.fill({.entries = changes.below(4), .bytes = 500});
        if (what == 3 && changes.below(2) == 0) f.write();
        if (changes.below(5) == 0) pass();
      }
      const std::vector<std::byte>& file = f.finish();
      dropped += f.snapshot_writer.totals().dropped;
      // Those that have expired meanwhile may be in it or not.
      State expected;
      for (const auto& [key, text] : begun) {
        const std::string name = text.substr(0, text.find('='));
        const uint64_t at = name.find('@');
        const bool is_dead =
            at != std::string::npos && std::stoull(name.substr(at + 1)) <= f.store.now_ms();
        if (!is_dead) expected[key] = text;
      }
      REQUIRE((read(file, f.store.now_ms()) == expected));
    }
    waits += changes.waits;
  }
  // What the test is there for did happen.
  CHECK(waits > 100);
  CHECK(dropped > 0);
}

TEST_CASE("A key that expires while it is written is not in the snapshot, nor what follows it") {
  Fixture f;
  const auto expect_the_other = [&] {
    CHECK(read(f.finish(), f.store.now_ms()) == State{{"other", "other=2"}});
    CHECK(f.snapshot_writer.totals().entries == 1);
    CHECK(f.snapshot_writer.totals().dropped == 1);
  };
  SUBCASE("a string, in the middle of its value, which is set anew in the same entry") {
    f.store.set("key", std::string(20000, 'v'), now_ms + 10);
    f.store.set("other", "2");
    const uint32_t index = f.store.find("key").index;
    f.begin();
    f.snapshot_writer.fill({.entries = 10, .bytes = 100000});
    f.store.set_clock(now_ms + 10);
    CHECK(f.save("key") == 0);
    f.store.set("key", "new");
    CHECK(f.store.find("key").index == index);
    f.store.erase("key");
    expect_the_other();
  }
  SUBCASE("a list, in the middle of an element, whose blocks another key takes") {
    std::string element(1000, 'e');
    std::vector<Slice> slices(40, Slice{element.data(), element.size()});
    f.store.push("key", slices, ListEnd::tail);
    f.store.set_deadline(f.store.find("key"), now_ms + 10);
    f.store.set("other", "2");
    f.begin();
    f.snapshot_writer.fill({.entries = 10, .bytes = 100000});
    f.store.set_clock(now_ms + 10);
    f.store.tidy(UINT64_MAX);
    f.store.set("later", std::string(20000, 'l'));
    expect_the_other();
  }
}

TEST_CASE("A snapshot that is given up leaves no mark on the next") {
  Fixture f;
  for (int i = 0; i < 50; ++i) f.store.set("key" + std::to_string(i), "1");
  f.begin();
  f.snapshot_writer.fill({.entries = 20, .bytes = 10000});
  f.save("key40");
  f.store.set("key40", "2");
  f.store.set("new", "3");
  f.snapshot_writer.give_up();
  CHECK(!f.store.marks().active());
  f.begin();
  CHECK(read(f.finish(), now_ms) == f.state(now_ms));
}

TEST_CASE("The largest store that a config permits is a file of exactly the planned size") {
  kv::Config config = Fixture::config();
  config.key_count = 3;
  config.key_size_max = 32;
  config.val_size_max = 32;
  config.list_length_max = 2;
  config.store_bytes = kv::unset;
  kv::test::StoreFixture f(config);
  // A list's key in one block of 32, and two elements in one each: 9 blocks, 288 bytes of data;
  // 3 × 19 bytes around the keys, 6 × 4 around the elements.
  CHECK(f.allocation.terms.snapshot_payload_bytes == 288 + 57 + 24);
  CHECK(f.allocation.terms.snapshot_file_bytes == 3 * 4096);
  CHECK(kv::snapshot_file_bytes(288 + 57 + 24, 4096) == 3 * 4096);
}
