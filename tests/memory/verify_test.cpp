#include "kvcore/memory/verify.hpp"

#include <doctest/doctest.h>

#include "kvcore/memory/block_pool.hpp"
#include "kvcore/memory/node_pool.hpp"
#include "kvcore/memory/scratch.hpp"
#include "kvcore/memory/table.hpp"
#include "kvcore/memory/timing_wheel.hpp"
#include "kvcore/plan/validate.hpp"
#include "tests/memory/random.hpp"

namespace kv {
namespace {

/// Carves what the plan says, as bytes, with `extra` more for one part.
Verification carve_and_verify(const Allocation& planned, Part changed, int64_t extra) {
  Arena arena;
  REQUIRE(!arena.reserve(planned.arena_bytes + mebibyte, HugePages::off));
  for (const PartInfo& part : parts) {
    uint64_t bytes = planned[part.id].bytes;
    if (part.id == changed) bytes += static_cast<uint64_t>(extra);
    arena.take<std::byte>(part.id, bytes, part.align);
  }
  REQUIRE(!arena.commit());
  return verify(planned, arena.ledger());
}

const ComponentCheck& check_of(const Verification& verification, Component component) {
  return verification.components[static_cast<uint64_t>(component)];
}

TEST_CASE("an arena that was carved as planned is equal in every component") {
  const Allocation planned = plan(Config()).allocation;
  const Verification verification = carve_and_verify(planned, Part::blocks, 0);
  CHECK(verification.equal());
  CHECK(verification.carved_bytes == planned.arena_bytes);
  for (const ComponentCheck& check : verification.components) CHECK(check.equal());
}

TEST_CASE("a component that carved a byte more or less is named, and no other") {
  const Allocation planned = plan(Config()).allocation;
  for (const int64_t extra : {-1, 1}) {
    const Verification verification = carve_and_verify(planned, Part::entries, extra);
    CHECK(!verification.equal());
    for (const ComponentCheck& check : verification.components) {
      // What a part takes from the padding behind it shows there as well.
      if (check.component == Component::padding) continue;
      CHECK(check.equal() == (check.component != Component::map));
    }
    const ComponentCheck& map = check_of(verification, Component::map);
    CHECK(map.planned_bytes == 38'720);  // 105 × 64 + 1,000 × 32
    CHECK(map.carved_bytes == 38'720 + static_cast<uint64_t>(extra));
  }
}

TEST_CASE("equal components with another total are not equal") {
  Allocation planned = plan(Config()).allocation;
  planned.arena_bytes += 4096;
  const Verification verification = carve_and_verify(planned, Part::blocks, 0);
  for (const ComponentCheck& check : verification.components) CHECK(check.equal());
  CHECK(!verification.equal());
}

TEST_CASE("what the table, the pools and the scratch carve is what is planned for any config") {
  const uint64_t seed = test_seed();
  INFO("KV_TEST_SEED=" << seed);
  Random random(seed);
  for (int valid = 0; valid < 10'000;) {
    Config config;
    config.key_count = 1 + random.below(100'000);
    config.key_size_max = 1 + random.below(2'000);
    config.val_size_max = 1 + random.below(5'000);
    config.list_length_max = random.below(2'000);
    config.block_bytes = 32 + 8 * random.below(100);
    if (random.below(2) == 0) config.store_bytes = 1 + random.below(mebibyte);
    if (random.below(2) == 0) config.command_args_max = 8 + random.below(10'000);
    if (!validate(config).empty()) continue;
    ++valid;
    const Allocation planned = plan(config).allocation;

    Arena arena;
    REQUIRE(!arena.reserve(planned.arena_bytes, HugePages::off));
    Scratch::carve(arena, planned.config);
    Table::carve(arena, planned.config, HashKey{1, 2});
    BlockPool::carve(arena, planned.config);
    NodePool::carve(arena, planned.config);
    TimingWheel::carve(arena, planned.config);
    const Verification verification = verify(planned, arena.ledger());
    for (const Component component : {Component::fba, Component::map, Component::blocks,
                                      Component::list_pool, Component::expiry}) {
      CAPTURE(component_info(component).id_text);
      REQUIRE(check_of(verification, component).equal());
    }
  }
}

}  // namespace
}  // namespace kv
