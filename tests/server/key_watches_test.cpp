// Watched keys against a model: who is told of which change, and in which order waiters stand.

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "fixture.hpp"
#include "tests/memory/random.hpp"

namespace {

using kv::Config;
using kv::index_none;
using kv::KeyWatches;
using Kind = kv::KeyWatches::Kind;

constexpr uint32_t clients = 6;
constexpr uint32_t keys = 8;

Config watch_config(uint64_t watches) {
  Config config = kv::test::small_config();
  config.connections_max = clients;
  config.key_watches_max = watches;
  return config;
}

/// Keys by the upper half of a hash; several share a chain.
uint32_t hash_of(uint32_t key) { return 0x1000 * key + key % 2; }

class Run {
 public:
  explicit Run(uint64_t seed) : fixture_(watch_config(16)), random_(seed) {}

  void step() {
    const uint32_t client = random(clients);
    const uint32_t key = random(keys);
    switch (random_.below(8)) {
      case 0:
      case 1:
        return add(Kind::watch, client, key);
      case 2:
      case 3:
        return add(Kind::wait, client, key);
      case 4:
        return remove_all(client);
      case 5:
      case 6:
        return change(key, random(2) == 0 ? index_none : key);
      default:
        return serve();
    }
  }

  void check() {
    uint64_t used = 0;
    std::set<uint32_t> known(ready_.begin(), ready_.end());
    for (uint32_t client = 0; client < clients; ++client) {
      used += watched_[client].size();
      for (const uint32_t key : watched_[client]) known.insert(key);
      REQUIRE(watches().is_changed(client) == changed_.contains(client));
    }
    for (const auto& [key, queue] : waiting_) {
      used += queue.size();
      if (!queue.empty()) known.insert(key);
    }
    REQUIRE(watches().used() == used);
    REQUIRE(watches().free_count() == 16 - used);
    REQUIRE(watches().active() == (used > 0));
    REQUIRE(watches().keys_used() == known.size());
    REQUIRE(watches().has_ready() == !ready_.empty());
  }

  void end() {
    for (uint32_t client = 0; client < clients; ++client) remove_all(client);
    while (watches().has_ready()) serve();
    check();
    REQUIRE(watches().keys_used() == 0);
  }

 private:
  KeyWatches& watches() { return fixture_.store.watches(); }
  uint32_t random(uint64_t bound) { return static_cast<uint32_t>(random_.below(bound)); }

  void add(Kind kind, uint32_t client, uint32_t key) {
    if (watches().free_count() == 0) return;
    watches().add(kind, client, hash_of(key), key);
    if (kind == Kind::watch) {
      watched_[client].insert(key);
      return;
    }
    std::deque<uint32_t>& queue = waiting_[key];
    if (std::find(queue.begin(), queue.end(), client) == queue.end()) queue.push_back(client);
  }

  void remove_all(uint32_t client) {
    watches().remove_all(Kind::watch, client);
    watches().remove_all(Kind::wait, client);
    watched_[client].clear();
    changed_.erase(client);
    for (auto& [key, queue] : waiting_) std::erase(queue, client);
  }

  void change(uint32_t key, uint32_t entry) {
    watches().changed(hash_of(key), entry);
    for (uint32_t client = 0; client < clients; ++client) {
      if (watched_[client].contains(key)) changed_.insert(client);
    }
    const bool queued = std::find(ready_.begin(), ready_.end(), key) != ready_.end();
    if (entry != index_none && !waiting_[key].empty() && !queued) ready_.push_back(key);
  }

  void serve() {
    if (ready_.empty()) return;
    const uint32_t taken = watches().take_ready();
    REQUIRE(watches().hash_high(taken) == hash_of(ready_.front()));
    std::deque<uint32_t> order;
    for (uint32_t at = watches().first_wait(taken); at != index_none;
         at = watches().next_wait(at)) {
      order.push_back(watches().client(at));
    }
    REQUIRE(order == waiting_[ready_.front()]);
    watches().done(taken);
    ready_.pop_front();
  }

  kv::test::StoreFixture fixture_;
  kv::Random random_;
  std::map<uint32_t, std::set<uint32_t>> watched_;    ///< keys by client
  std::map<uint32_t, std::deque<uint32_t>> waiting_;  ///< clients by key, in their order
  std::set<uint32_t> changed_;                        ///< clients
  std::deque<uint32_t> ready_;                        ///< keys
};

}  // namespace

TEST_CASE("watches tell whom a model tells, in its order, and come back whole") {
  const uint64_t first_seed = kv::test_seed();
  for (uint64_t seed = first_seed; seed < first_seed + 20; ++seed) {
    CAPTURE(seed);
    Run run(seed);
    for (int i = 0; i < 3000; ++i) {
      run.step();
      run.check();
    }
    run.end();
  }
}

TEST_CASE("of the keys that are cleared only those that were there have changed") {
  kv::test::StoreFixture fixture(watch_config(4));
  KeyWatches& watches = fixture.store.watches();
  watches.add(Kind::watch, 0, hash_of(1), 1);
  watches.add(Kind::watch, 1, hash_of(2), index_none);
  watches.cleared();
  CHECK(watches.is_changed(0));
  CHECK(!watches.is_changed(1));
  watches.remove_all(Kind::watch, 0);
  CHECK(!watches.is_changed(0));
}
