// A server over an instance: the one place where its parts are handed over, whatever io it has.
// Costs no bytes of its own.
#pragma once

#include "server/instance.hpp"
#include "server/server.hpp"

namespace kv {

/// What commands tell of the instance. The caller adds what it knows of the io.
inline ServerView view_of(const Instance& instance) {
  ServerView view;
  view.allocation = &instance.allocation;
  view.verification = &instance.verification;
  view.ledger = &instance.arena.ledger();
  view.counters = instance.counters;
  return view;
}

/// Without snapshots the server writes none.
/// REQUIRES: instance, io, view and snapshots outlive the server.
inline Server::Parts parts_of(Instance& instance, Io& io, ServerView& view, uint32_t listeners = 1,
                              Snapshots* snapshots = nullptr) {
  return {instance.allocation, io,       instance.connections, instance.scratch,
          instance.store,      view,     instance.blocking,    instance.transactions,
          listeners,           snapshots};
}

}  // namespace kv
