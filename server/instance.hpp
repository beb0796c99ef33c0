// An instance: everything that a server allocates, carved from one arena.
//
// allocate() is the init phase: reserve, carve each component in the plan's order, verify
// against the plan, and only then put memory behind it.
#pragma once

#include "kvcore/memory/arena.hpp"
#include "kvcore/memory/scratch.hpp"
#include "kvcore/memory/verify.hpp"
#include "kvcore/plan/allocation.hpp"
#include "server/blocking.hpp"
#include "server/connections.hpp"
#include "server/epoll.hpp"
#include "server/snapshot_writer.hpp"
#include "server/store.hpp"
#include "server/transaction.hpp"
#include "server/uring.hpp"

namespace kv {

struct Instance {
  Allocation allocation;
  Arena arena;
  Connections connections;
  Scratch scratch;
  Store store;
  Blocking blocking;
  Transactions transactions;
  Uring::Memory ring;
  Epoll::Memory epoll;
  CommandCounters counters;
  SnapshotWriter snapshot_writer;
  Verification verification;

  /// Carves every component and compares the ledger with the plan. No memory is behind the
  /// arena yet. REQUIRES: `planned` is the plan of a valid config.
  [[nodiscard]] Failure carve(const Allocation& planned);

  /// Puts memory behind the arena as the config says: populate, lock.
  [[nodiscard]] Failure back();
};

}  // namespace kv
