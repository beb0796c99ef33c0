// DEL EXISTS TYPE DBSIZE FLUSHALL.

#include "server/commands/handlers.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

Outcome del(Call& call) {
  int64_t deleted = 0;
  for (uint64_t i = 1; i < call.args.size(); ++i) deleted += call.store.erase(call.args[i]);
  call.reply.integer(deleted);
  return Outcome::done;
}

Outcome exists(Call& call) {
  int64_t existing = 0;
  for (uint64_t i = 1; i < call.args.size(); ++i) {
    const bool found = static_cast<bool>(call.store.find(call.args[i]));
    count_lookup(call, found);
    existing += found;
  }
  call.reply.integer(existing);
  return Outcome::done;
}

Outcome type(Call& call) {
  const Store::Found found = call.store.find(call.args[1]);
  if (!found) {
    call.reply.status("none");
  } else {
    const bool list = call.store.entry(found).type == Entry::Type::list;
    call.reply.status(list ? "list" : "string");
  }
  return Outcome::done;
}

Outcome dbsize(Call& call) {
  call.reply.integer(static_cast<int64_t>(call.store.key_count()));
  return Outcome::done;
}

/// ASYNC and SYNC are the same here: what is deleted costs nothing per key.
Outcome flushall(Call& call) {
  if (call.args.size() > 2) return fail_syntax(call);
  if (call.args.size() == 2 && !same_word(call.args[1], "ASYNC") &&
      !same_word(call.args[1], "SYNC")) {
    return fail_syntax(call);
  }
  call.store.clear();
  call.reply.ok();
  return Outcome::done;
}

}  // namespace kv::handle
