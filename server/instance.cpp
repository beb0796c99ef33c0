#include "server/instance.hpp"

#include <sys/random.h>

namespace kv {

namespace {

HashKey random_hash_key() {
  HashKey key;
  while (getrandom(&key, sizeof key, 0) != sizeof key) {
  }
  return key;
}

}  // namespace

Failure Instance::carve(const Allocation& planned) {
  allocation = planned;
  const Config& config = allocation.config;
  const auto huge_pages = static_cast<HugePages>(config.memory_huge_pages);
  const uint64_t asked = allocation.arena_bytes + arena_spare_bytes(huge_pages);
  if (Failure failure = arena.reserve(asked, huge_pages)) return failure;
  connections.carve(arena, allocation);
  scratch = Scratch::carve(arena, config);
  store = Store::carve(arena, config, random_hash_key());
#ifdef KV_TEST_UNPLANNED_ARRAY
  arena.take<uint64_t>(Part::client_watches, 512);
#endif
  blocking = Blocking::carve(arena, config);
  transactions = Transactions::carve(arena, allocation);
  ring = Uring::carve(arena, config);
  epoll = Epoll::carve(arena, config);
  counters = CommandCounters::carve(arena, allocation);
  snapshot_writer = SnapshotWriter::carve(arena, config);
  store.marks() = SavedMarks::carve(arena, config);
  if (Failure failure = arena.commit()) return failure;
  verification = verify(allocation, arena.ledger());
  return {};
}

Failure Instance::back() {
  const Config& config = allocation.config;
  if (config.memory_populate != 0) {
    if (Failure failure = arena.populate()) return failure;
  }
  if (config.memory_lock != 0) return arena.lock();
  return {};
}

}  // namespace kv
