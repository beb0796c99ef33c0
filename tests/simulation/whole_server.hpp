// A whole server in this process, over an arena of its own: everything but the io, which the
// fuzzers and the simulator bring.
#pragma once

#include <optional>
#include <string>

#include "server/instance.hpp"
#include "server/server.hpp"

namespace kv {

struct WholeServer {
  Instance instance;
  ServerView view;
  std::optional<Server> server;

  /// Carves what a valid config needs. Returns what is wrong, or nothing.
  std::string carve(const Config& config) {
    const PlanResult planned = plan(config);
    if (!planned.ok) return "the config cannot be planned";
    if (const Failure failure = instance.carve(planned.allocation)) return "carve: " + *failure;
    if (!instance.verification.equal()) return "the arena is not what was planned";
    view.allocation = &instance.allocation;
    view.verification = &instance.verification;
    view.ledger = &instance.arena.ledger();
    view.counters = instance.counters;
    view.io = "none";
    view.ring_memory = "arena";
    return {};
  }

  /// REQUIRES: carve() found nothing wrong.
  void start(Io& io, uint32_t listeners = 1) {
    server.emplace(Server::Parts{instance.allocation, io, instance.connections, instance.scratch,
                                 instance.store, view, instance.blocking, instance.transactions,
                                 listeners});
    server->start();
  }
};

}  // namespace kv
