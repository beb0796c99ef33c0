// DEL UNLINK EXISTS TOUCH TYPE RENAME RENAMENX COPY DBSIZE FLUSHALL FLUSHDB.

#include "server/commands/handlers.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

namespace {

Outcome count_keys(Call& call, bool touch) {
  int64_t existing = 0;
  for (uint64_t i = 1; i < call.args.size(); ++i) {
    const bool found =
        static_cast<bool>(touch ? call.store.find(call.args[i]) : call.store.peek(call.args[i]));
    count_lookup(call, found);
    existing += found;
  }
  call.reply.integer(existing);
  return Outcome::done;
}

/// Source: renameGenericCommand() of Redis 7. RENAME replaces a key of the new name, RENAMENX
/// then does nothing.
Outcome rename_generic(Call& call, bool if_absent) {
  const Store::Found from = call.store.find(call.args[1]);
  if (!from) return fail(call, "ERR no such key");
  const bool renames = !if_absent || !call.store.peek(call.args[2]);
  if (renames) {
    const StoreResult result = call.store.rename(from, call.args[2]);
    if (!result.ok()) return fail(call, result);
  }
  if (if_absent) {
    call.reply.integer(renames);
  } else {
    call.reply.ok();
  }
  return Outcome::done;
}

/// DB takes the only database there is.
bool parse_copy_options(Call& call, bool& replace) {
  for (uint64_t i = 3; i < call.args.size(); ++i) {
    if (same_word(call.args[i], "REPLACE")) {
      replace = true;
    } else if (same_word(call.args[i], "DB") && i + 1 < call.args.size()) {
      const std::optional<int64_t> database = parse_integer(call.args[++i]);
      if (!database) return fail_not_an_integer(call), false;
      if (*database < INT32_MIN || *database > INT32_MAX) {
        fail(call, "ERR value is out of range, value must between -2147483648 and 2147483647");
        return false;
      }
      if (*database != 0) return fail(call, "ERR DB index is out of range"), false;
    } else {
      return fail_syntax(call), false;
    }
  }
  return true;
}

}  // namespace

Outcome del(Call& call) {
  int64_t deleted = 0;
  for (uint64_t i = 1; i < call.args.size(); ++i) deleted += call.store.erase(call.args[i]);
  call.reply.integer(deleted);
  return Outcome::done;
}

Outcome unlink(Call& call) { return del(call); }

Outcome exists(Call& call) { return count_keys(call, /*touch=*/false); }
Outcome touch(Call& call) { return count_keys(call, /*touch=*/true); }

Outcome type(Call& call) {
  const Store::Found found = call.store.peek(call.args[1]);
  if (!found) {
    call.reply.status("none");
  } else {
    const bool list = call.store.entry(found).type == Entry::Type::list;
    call.reply.status(list ? "list" : "string");
  }
  return Outcome::done;
}

Outcome rename(Call& call) { return rename_generic(call, /*if_absent=*/false); }
Outcome renamenx(Call& call) { return rename_generic(call, /*if_absent=*/true); }

/// Source: copyCommand() of Redis 7.
Outcome copy(Call& call) {
  bool replace = false;
  if (!parse_copy_options(call, replace)) return Outcome::done;
  if (call.args[1] == call.args[2]) {
    return fail(call, "ERR source and destination objects are the same");
  }
  const Store::Found from = call.store.find(call.args[1]);
  count_lookup(call, static_cast<bool>(from));
  const bool copies = from && (replace || !call.store.peek(call.args[2]));
  if (copies) {
    const StoreResult result = call.store.copy(from, call.args[2]);
    if (!result.ok()) return fail(call, result);
  }
  call.reply.integer(copies);
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

Outcome flushdb(Call& call) { return flushall(call); }

}  // namespace kv::handle
