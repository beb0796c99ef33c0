// SAVE BGSAVE LASTSAVE.

#include "server/commands/handlers.hpp"
#include "server/commands/text.hpp"
#include "server/connection_flags.hpp"
#include "server/snapshots.hpp"

namespace kv::handle {

namespace {

Outcome fail_disabled(Call& call) {
  const bool at_prompt = call.server.live.snapshot_enabled != 0;
  return fail(call, at_prompt ? "ERR nothing is saved at this prompt, only by a server"
                              : "ERR nothing is saved: snapshot.enabled is off");
}

}  // namespace

/// The server goes on serving others, which Redis's does not; the reply comes when all is on disk.
Outcome save(Call& call) {
  Snapshots* const snapshots = call.server.snapshots;
  if (snapshots == nullptr) return fail_disabled(call);
  if (!client_trait::has(call.client, client_trait::saving)) {
    if (snapshots->busy()) return fail(call, "ERR Background save already in progress");
    snapshots->request_awaited();
    client_trait::set(call.client, client_trait::saving);
    return Outcome::unfinished;
  }
  // Another one may have been asked for meanwhile, and be the next.
  if (snapshots->awaited()) return Outcome::unfinished;
  client_trait::clear(call.client, client_trait::saving);
  if (snapshots->state().error != 0) {
    return fail(call,
                "ERR the snapshot failed: snapshot_last_errno in INFO persistence has the reason");
  }
  call.reply.ok();
  return Outcome::done;
}

Outcome bgsave(Call& call) {
  Snapshots* const snapshots = call.server.snapshots;
  if (snapshots == nullptr) return fail_disabled(call);
  const bool schedules = call.args.size() == 2 && same_word(call.args[1], "SCHEDULE");
  if (call.args.size() > 1 && !schedules) return fail_syntax(call);
  if (!snapshots->busy()) {
    snapshots->request();
    call.reply.status("Background saving started");
    return Outcome::done;
  }
  if (!schedules) return fail(call, "ERR Background save already in progress");
  snapshots->request();
  call.reply.status("Background saving scheduled");
  return Outcome::done;
}

/// Without a snapshot the time when the server began, as in Redis.
Outcome lastsave(Call& call) {
  const Snapshots* const snapshots = call.server.snapshots;
  const uint64_t saved_ms =
      snapshots == nullptr ? call.server.started_ms : snapshots->state().saved_ms;
  call.reply.integer(static_cast<int64_t>(saved_ms / 1000));
  return Outcome::done;
}

}  // namespace kv::handle
