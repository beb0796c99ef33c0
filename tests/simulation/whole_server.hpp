// A whole server in this process, over an arena of its own: everything but the io, which the
// fuzzers and the simulator bring.
#pragma once

#include <optional>
#include <string>

#include "server/serving.hpp"

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
    view = view_of(instance);
    view.io = "none";
    view.ring_memory = "arena";
    return {};
  }

  /// REQUIRES: carve() found nothing wrong.
  void start(Io& io, uint32_t listeners = 1, Snapshots* snapshots = nullptr) {
    server.emplace(parts_of(instance, io, view, listeners, snapshots));
    server->start();
  }
};

}  // namespace kv
