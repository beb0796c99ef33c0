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

  /// Everything that is due, in the order in which it comes.
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
  TimingWheel wheel;
};

using Indices = std::vector<uint32_t>;

TEST_CASE("a timer is due at its deadline, not a millisecond before") {
  WheelFixture f(4);
  CHECK(f.due_at(1'000'000).empty());
  // One deadline for each of the first levels: within 64, 64^2 and 64^3 milliseconds.
  f.wheel.set(0, 1'000'010);
  f.wheel.set(1, 1'003'000);
  f.wheel.set(2, 1'200'000);
  f.wheel.set(3, 1'000'000);
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
  f.wheel.set(0, 0);
  f.wheel.set(1, 4'999);
  CHECK(f.wheel.idle_ms() == 0);
  CHECK(f.due().size() == 2);
}

TEST_CASE("a cancelled timer is never due, wherever it stands in its slot") {
  WheelFixture f(5);
  for (uint32_t i = 0; i < 5; ++i) f.wheel.set(i, 100);
  for (const uint32_t i : {4U, 2U, 0U}) f.wheel.cancel(i);  // The first, the middle, the last.
  CHECK(f.wheel.count() == 2);
  Indices due = f.due_at(100);
  std::sort(due.begin(), due.end());
  CHECK(due == Indices{1, 3});
}

TEST_CASE("the largest deadline is kept exactly, and due in its time") {
  WheelFixture f(2);
  f.wheel.advance(1'700'000'000'000);
  f.wheel.set(0, TimingWheel::deadline_max);
  f.wheel.set(1, 1'700'000'000'001);
  CHECK(f.wheel.deadline_ms(0) == 9'223'372'036'854'775'807);
  CHECK(f.due_at(1'700'000'000'001) == Indices{1});
  CHECK(f.due_at(TimingWheel::deadline_max - 1).empty());
  CHECK(f.due_at(TimingWheel::deadline_max) == Indices{0});
}

TEST_CASE("work is done in as many steps as are allowed, and nothing is lost between them") {
  WheelFixture f(1000);
  f.wheel.advance(1'000);
  for (uint32_t i = 0; i < 1000; ++i) f.wheel.set(i, 100'000 + i % 10);
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
  f.wheel.set(0, 1'000'500);
  CHECK(f.due_at(900'000).empty());
  f.wheel.set(1, 900'100);
  CHECK(f.due_at(900'099).empty());
  CHECK(f.due_at(900'100) == Indices{1});
  CHECK(f.due_at(1'000'499).empty());
  CHECK(f.due_at(1'000'500) == Indices{0});
  CHECK(f.due_at(500).empty());
  f.wheel.set(2, 501);
  CHECK(f.due_at(501) == Indices{2});
}

TEST_CASE("a clock that jumps ahead makes everything due that it passed") {
  WheelFixture f(100);
  f.wheel.advance(1'000);
  for (uint32_t i = 0; i < 100; ++i) f.wheel.set(i, 1'000 + uint64_t{i} * i * i * 1'000);
  CHECK(f.due_at(2'000'000'000).size() == 100);
}

TEST_CASE("a cleared wheel has no timer and takes new ones") {
  WheelFixture f(3);
  for (uint32_t i = 0; i < 3; ++i) f.wheel.set(i, 10 + i * 1'000);
  f.wheel.clear();
  CHECK(f.wheel.count() == 0);
  CHECK(f.wheel.deadline_sum() == 0);
  CHECK(f.wheel.idle_ms() == UINT64_MAX);
  CHECK(f.due_at(10'000).empty());
  f.wheel.set(1, 10'001);
  CHECK(f.due_at(10'001) == Indices{1});
}

TEST_CASE("a carved wheel takes a timer for each key, and its slots") {
  Config config;
  config.key_count = 10;
  Arena arena;
  REQUIRE(!arena.reserve(mebibyte, HugePages::off));
  CHECK(TimingWheel::carve(arena, config).count() == 0);
  CHECK(arena.ledger().part_bytes[static_cast<uint64_t>(Part::timers)] == 160);
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

TEST_CASE("any history of timers agrees with a standard multimap") {
  const uint64_t seed = test_seed();
  INFO("KV_TEST_SEED=" << seed);
  Random random(seed);
  constexpr uint32_t timer_count = 300;
  WheelFixture f(timer_count);
  std::multimap<uint64_t, uint32_t> model;
  std::vector<uint64_t> deadline_of(timer_count, UINT64_MAX);  // UINT64_MAX: not set
  const auto forget = [&](uint32_t index) {
    auto [at, end] = model.equal_range(deadline_of[index]);
    while (at != end && at->second != index) ++at;
    REQUIRE(at != end);
    model.erase(at);
    deadline_of[index] = UINT64_MAX;
  };
  uint64_t now = 1'700'000'000'000;
  f.wheel.advance(now);
  uint64_t expired = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const uint32_t index = static_cast<uint32_t>(random.below(timer_count));
    const uint64_t choice = random.below(10);
    if (choice < 4) {
      if (deadline_of[index] != UINT64_MAX) continue;
      const uint64_t past = std::min<uint64_t>(now, random.below(8) == 0 ? distance(random) : 0);
      const uint64_t deadline =
          std::min(past > 0 ? now - past : now + distance(random), TimingWheel::deadline_max);
      f.wheel.set(index, deadline);
      model.emplace(deadline, index);
      deadline_of[index] = deadline;
    } else if (choice < 5) {
      if (deadline_of[index] == UINT64_MAX) continue;
      REQUIRE(f.wheel.deadline_ms(index) == deadline_of[index]);
      f.wheel.cancel(index);
      forget(index);
    } else if (choice < 7) {
      const uint64_t step = distance(random) >> random.below(20);
      const bool back = random.below(50) == 0;
      now = back ? now - std::min(now, step) : std::min(now + step, uint64_t{1} << 62);
      f.wheel.advance(now);
    } else if (choice < 9) {
      uint64_t steps = 1 + random.below(5);  // Some of what is due, and no more than that.
      const uint32_t due = f.wheel.next_due(steps);
      if (due == index_none) continue;
      REQUIRE(deadline_of[due] <= now);
      forget(due);
      ++expired;
    } else {
      for (const uint32_t due : f.due()) {
        REQUIRE(deadline_of[due] <= now);
        forget(due);
        ++expired;
      }
      REQUIRE((model.empty() || model.begin()->first > now));
      REQUIRE(f.wheel.count() == model.size());
      if (model.empty()) {
        REQUIRE(f.wheel.idle_ms() == UINT64_MAX);
      } else {
        REQUIRE(f.wheel.idle_ms() > 0);
        REQUIRE(f.wheel.idle_ms() <= model.begin()->first - now);
      }
    }
  }
  CHECK(expired > 10'000);
  TimingWheel::Sum sum = 0;
  for (const auto& [deadline, index] : model) sum += deadline;
  CHECK((sum == f.wheel.deadline_sum()));
}

}  // namespace
}  // namespace kv
