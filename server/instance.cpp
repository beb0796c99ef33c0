#include "server/instance.hpp"

#include <sys/random.h>

#include <algorithm>

namespace kv {

namespace {

/// Address space beyond the plan, so that a part nobody planned shows as a difference in
/// verify() and not as an arena that is too small. It costs nothing and is given back.
/// Explicit huge pages are set aside for all of it, so one of them has to do.
uint64_t spare_bytes(HugePages huge_pages) {
  return huge_pages == HugePages::explicit_ ? 2 * mebibyte : 64 * mebibyte;
}

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
  if (Failure failure =
          arena.reserve(allocation.arena_bytes + spare_bytes(huge_pages), huge_pages)) {
    return failure;
  }
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
