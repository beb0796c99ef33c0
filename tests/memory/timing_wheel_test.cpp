#include "kvcore/memory/timing_wheel.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/memory/random.hpp"

namespace kv {
namespace {

struct WheelFixture {
  explicit WheelFixture(uint64_t timer_count)
      : slots(Timer::slots), timers(timer_count), wheel(slots, timers) {}

  /// Sets a timer for an entry that has none.
  void set(uint32_t entry, uint64_t deadline_ms) {
    timer_of.resize(std::max<uint64_t>(timer_of.size(), entry + 1));
    timer_of[entry] = wheel.set(entry, deadline_ms);
  }
  void cancel(uint32_t entry) { wheel.cancel(timer_of[entry]); }

  /// The entries whose timers are due, in the order in which they come.
  std::vector<uint32_t> due() {
    std::vector<uint32_t> out;
    for (;;) {
      uint64_t steps = UINT64_MAX;
      const uint32_t index = wheel.next_due(steps);
      if (index == index_none) return out;
      out.push_back(index);
    }
  }

  std::vector<uint32_t> due_at(uint64_t now_ms) {
    wheel.advance(now_ms);
    return due();
  }

  std::vector<uint32_t> slots;
  std::vector<Timer> timers;
  std::vector<uint32_t> timer_of;  ///< each entry
  TimingWheel wheel;
};

using Indices = std::vector<uint32_t>;

TEST_CASE("a timer is due at its deadline, not a millisecond before") {
  WheelFixture f(4);
  CHECK(f.due_at(1'000'000).empty());
  // One deadline for each of the first levels: within 64, 64^2 and 64^3 milliseconds.
  f.set(0, 1'000'010);
  f.set(1, 1'003'000);
  f.set(2, 1'200'000);
  f.set(3, 1'000'000);
  CHECK(f.due() == Indices{3});
  CHECK(f.due_at(1'000'009).empty());
  CHECK(f.due_at(1'000'010) == Indices{0});
  CHECK(f.due_at(1'002'999).empty());
  CHECK(f.due_at(1'003'000) == Indices{1});
  CHECK(f.due_at(1'199'999).empty());
  CHECK(f.wheel.count() == 1);
  CHECK(f.due_at(1'200'000) == Indices{2});
  CHECK(f.wheel.count() == 0);
  CHECK(f.wheel.count_max_seen() == 4);
}

TEST_CASE("a deadline that is over is due at once") {
  WheelFixture f(2);
  CHECK(f.due_at(5'000).empty());
  f.set(0, 0);
  f.set(1, 4'999);
  CHECK(f.wheel.idle_ms() == 0);
  CHECK(f.due().size() == 2);
}

TEST_CASE("a cancelled timer is never due, wherever it stands in its slot") {
  WheelFixture f(5);
  for (uint32_t i = 0; i < 5; ++i) f.set(i, 100);
  for (const uint32_t i : {4U, 2U, 0U}) f.cancel(i);  // The first, the middle, the last.
  CHECK(f.wheel.count() == 2);
  Indices due = f.due_at(100);
  std::sort(due.begin(), due.end());
  CHECK(due == Indices{1, 3});
}

TEST_CASE("the largest deadline is kept exactly, and due in its time") {
  WheelFixture f(2);
  f.wheel.advance(1'700'000'000'000);
  f.set(0, TimingWheel::deadline_max);
  f.set(1, 1'700'000'000'001);
  CHECK(f.wheel.deadline_ms(f.timer_of[0]) == 9'223'372'036'854'775'807);
  CHECK(f.due_at(1'700'000'000'001) == Indices{1});
  CHECK(f.due_at(TimingWheel::deadline_max - 1).empty());
  CHECK(f.due_at(TimingWheel::deadline_max) == Indices{0});
}

TEST_CASE("work is done in as many steps as are allowed, and nothing is lost between them") {
  WheelFixture f(1000);
  f.wheel.advance(1'000);
  for (uint32_t i = 0; i < 1000; ++i) f.set(i, 100'000 + i % 10);
  CHECK(f.due_at(99'999).empty());
  f.wheel.advance(100'005);
  uint64_t due = 0;
  uint64_t rounds = 0;
  for (;; ++rounds) {
    uint64_t steps = 7;
    uint64_t found = 0;
    while (f.wheel.next_due(steps) != index_none) ++found;
    due += found;
    if (steps > 0) break;
    // Timers may be set meanwhile, for now and for later.
    if (rounds == 20) CHECK(f.wheel.idle_ms() == 0);
  }
  CHECK(due == 600);  // Deadlines 100,000 to 100,005 of ten.
  CHECK(rounds >= 600 / 7);
  CHECK(f.due_at(100'009).size() == 400);
}

TEST_CASE("a clock that goes back makes timers wait for their deadline, not longer") {
  WheelFixture f(3);
  CHECK(f.due_at(1'000'000).empty());
  f.set(0, 1'000'500);
  CHECK(f.due_at(900'000).empty());
  f.set(1, 900'100);
  CHECK(f.due_at(900'099).empty());
  CHECK(f.due_at(900'100) == Indices{1});
  CHECK(f.due_at(1'000'499).empty());
  CHECK(f.due_at(1'000'500) == Indices{0});
  CHECK(f.due_at(500).empty());
  f.set(2, 501);
  CHECK(f.due_at(501) == Indices{2});
}

TEST_CASE("a clock that jumps ahead makes everything due that it passed") {
  WheelFixture f(100);
  f.wheel.advance(1'000);
  for (uint32_t i = 0; i < 100; ++i) f.set(i, 1'000 + uint64_t{i} * i * i * 1'000);
  CHECK(f.due_at(2'000'000'000).size() == 100);
}

TEST_CASE("a cleared wheel has no timer and takes new ones") {
  WheelFixture f(3);
  for (uint32_t i = 0; i < 3; ++i) f.set(i, 10 + i * 1'000);
  f.wheel.clear();
  CHECK(f.wheel.count() == 0);
  CHECK(f.wheel.deadline_sum() == 0);
  CHECK(f.wheel.idle_ms() == UINT64_MAX);
  CHECK(f.due_at(10'000).empty());
  f.set(1, 10'001);
  CHECK(f.due_at(10'001) == Indices{1});
}

TEST_CASE("timers are handed out until none is free, and again when they are given back") {
  WheelFixture f(2);
  CHECK(f.wheel.capacity() == 2);
  f.set(7, 100);
  f.set(9, 200);
  CHECK(f.wheel.free_count() == 0);
  f.cancel(7);
  CHECK(f.wheel.free_count() == 1);
  f.set(3, 50);
  CHECK(f.wheel.free_count() == 0);
  CHECK(f.due_at(50) == Indices{3});
  CHECK(f.wheel.free_count() == 1);
  CHECK(f.due_at(200) == Indices{9});
}

TEST_CASE("a timer takes another deadline, or goes to another entry, without another timer") {
  WheelFixture f(1);
  f.set(7, 100);
  f.wheel.change(f.timer_of[7], 5'000);
  CHECK(f.wheel.deadline_sum() == 5'000);
  f.wheel.set_entry(f.timer_of[7], 8);
  CHECK(f.due_at(4'999).empty());
  CHECK(f.due_at(5'000) == Indices{8});
  CHECK(f.wheel.deadline_sum() == 0);
}

TEST_CASE("a carved wheel takes a timer for each key that may expire, and its slots") {
  Config config;
  config.expiring_keys_max = 10;
  Arena arena;
  REQUIRE(!arena.reserve(mebibyte, HugePages::off));
  CHECK(TimingWheel::carve(arena, config).count() == 0);
  CHECK(arena.ledger().part_bytes[static_cast<uint64_t>(Part::timers)] == 200);
  CHECK(arena.ledger().part_bytes[static_cast<uint64_t>(Part::wheel_slots)] == 2'816);
}

/// A distance that lies in any of the levels that matter.
uint64_t distance(Random& random) {
  switch (random.below(5)) {
    case 0:
      return random.below(4);
    case 1:
      return random.below(100);
    case 2:
      return random.below(10'000);
    case 3:
      return random.below(1'000'000);
    default:
      return random.next() >> random.below(64) >> 2;
  }
}

/// Random timers beside a multimap from deadlines to entries.
class ModelRun {
 public:
  explicit ModelRun(uint64_t seed) : random_(seed) { f_.wheel.advance(now_); }

  void step() {
    const uint32_t entry = static_cast<uint32_t>(random_.below(timer_count));
    const bool is_set = deadline_of_[entry] != UINT64_MAX;
    const uint64_t choice = random_.below(10);
    if (choice < 4) {
      if (!is_set || choice == 0) set(entry, is_set);
    } else if (choice < 5) {
      if (!is_set) return;
      REQUIRE(f_.wheel.deadline_ms(f_.timer_of[entry]) == deadline_of_[entry]);
      f_.cancel(entry);
      forget(entry);
    } else if (choice < 7) {
      pass_time();
    } else if (choice < 9) {
      uint64_t steps = 1 + random_.below(5);  // Some of what is due, and no more than that.
      const uint32_t due = f_.wheel.next_due(steps);
      if (due != index_none) expire(due);
    } else {
      for (const uint32_t due : f_.due()) expire(due);
      check();
    }
  }

  void finish() const {
    CHECK(expired_ > 10'000);
    TimingWheel::Sum sum = 0;
    for (const auto& [deadline, entry] : model_) sum += deadline;
    CHECK((sum == f_.wheel.deadline_sum()));
  }

 private:
  static constexpr uint32_t timer_count = 300;

  void set(uint32_t entry, bool is_set) {
    const uint64_t past = std::min<uint64_t>(now_, random_.below(8) == 0 ? distance(random_) : 0);
    const uint64_t deadline =
        std::min(past > 0 ? now_ - past : now_ + distance(random_), TimingWheel::deadline_max);
    if (is_set) {
      f_.wheel.change(f_.timer_of[entry], deadline);
      forget(entry);
    } else {
      f_.set(entry, deadline);
    }
    model_.emplace(deadline, entry);
    deadline_of_[entry] = deadline;
  }

  void pass_time() {
    const uint64_t step = distance(random_) >> random_.below(20);
    const bool back = random_.below(50) == 0;
    now_ = back ? now_ - std::min(now_, step) : std::min(now_ + step, uint64_t{1} << 62);
    f_.wheel.advance(now_);
  }

  void expire(uint32_t entry) {
    REQUIRE(deadline_of_[entry] <= now_);
    forget(entry);
    ++expired_;
  }

  void forget(uint32_t entry) {
    auto [at, end] = model_.equal_range(deadline_of_[entry]);
    while (at != end && at->second != entry) ++at;
    REQUIRE(at != end);
    model_.erase(at);
    deadline_of_[entry] = UINT64_MAX;
  }

  /// REQUIRES: nothing is due.
  void check() const {
    REQUIRE((model_.empty() || model_.begin()->first > now_));
    REQUIRE(f_.wheel.count() == model_.size());
    if (model_.empty()) {
      REQUIRE(f_.wheel.idle_ms() == UINT64_MAX);
    } else {
      REQUIRE(f_.wheel.idle_ms() > 0);
      REQUIRE(f_.wheel.idle_ms() <= model_.begin()->first - now_);
    }
  }

  Random random_;
  WheelFixture f_{timer_count};
  std::multimap<uint64_t, uint32_t> model_;
  std::vector<uint64_t> deadline_of_ = std::vector<uint64_t>(timer_count, UINT64_MAX);
  uint64_t now_ = 1'700'000'000'000;
  uint64_t expired_ = 0;
};

TEST_CASE("any history of timers agrees with a standard multimap") {
  const uint64_t seed = test_seed();
  INFO("KV_TEST_SEED=" << seed);
  ModelRun run(seed);
  for (int i = 0; i < 1'000'000; ++i) run.step();
  run.finish();
}

}  // namespace
}  // namespace kv
