// SET GET STRLEN MGET MSET.

#include "server/commands/handlers.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

namespace {

/// Size of a string as a reply.
uint64_t string_reply_bytes(const Entry& entry) { return bulk_reply_bytes(entry.length); }

/// REQUIRES: the entry is a string and its reply fits.
void write_string(ReplyWriter& reply, const Store& store, const Entry& entry) {
  char* const out = reply.begin_bulk(entry.length);
  if (out != nullptr) store.read(entry, out);
}

bool is_string(const Entry& entry) { return entry.type == Entry::Type::string; }

struct SetOptions {
  bool if_absent = false;   ///< NX
  bool if_present = false;  ///< XX
  bool get = false;         ///< GET
};

/// Returns whether the options are known and go together.
bool parse_set_options(const Arguments& args, SetOptions& options) {
  for (uint64_t i = 3; i < args.size(); ++i) {
    if (same_word(args[i], "NX")) {
      options.if_absent = true;
    } else if (same_word(args[i], "XX")) {
      options.if_present = true;
    } else if (same_word(args[i], "GET")) {
      options.get = true;
    } else {
      return false;
    }
  }
  return !(options.if_absent && options.if_present);
}

/// SET with NX, XX or GET. With GET the reply is the old value, whether or not the new one is
/// stored, so an error must be known before the old value is written.
Outcome set_with_options(Call& call) {
  SetOptions options;
  if (!parse_set_options(call.args, options)) return fail_syntax(call);
  const Store::Found found = call.store.find(call.args[1]);
  const bool wanted = found ? !options.if_absent : !options.if_present;
  if (!options.get) {
    if (!wanted) return call.reply.null(), Outcome::done;
    const StoreResult result = call.store.set(call.args[1], call.args[2]);
    if (!result.ok()) return fail(call, result);
    return call.reply.ok(), Outcome::done;
  }

  if (found && !is_string(call.store.entry(found))) return fail_wrong_type(call);
  if (found) {
    const uint64_t bytes = string_reply_bytes(call.store.entry(found));
    if (!call.reply.fits(bytes)) return call.needs(bytes);
  }
  // The old value is copied to the reply before it is overwritten; the reply is taken back
  // when the new one does not fit.
  const ReplyWriter before = call.reply;
  if (found) {
    write_string(call.reply, call.store, call.store.entry(found));
  } else {
    call.reply.null();
  }
  if (wanted) {
    const StoreResult result = call.store.set(call.args[1], call.args[2]);
    if (!result.ok()) {
      call.reply = before;
      return fail(call, result);
    }
  }
  count_lookup(call, static_cast<bool>(found));
  return Outcome::done;
}

/// Writes the values of the keys. Keys without a string are null.
void write_values(ReplyWriter& reply, const Call& call) {
  reply.array(call.args.size() - 1);
  for (uint64_t i = 1; i < call.args.size(); ++i) {
    const Store::Found found = call.store.find(call.args[i]);
    if (found && is_string(call.store.entry(found))) {
      write_string(reply, call.store, call.store.entry(found));
    } else {
      reply.null();
    }
  }
}

}  // namespace

Outcome set(Call& call) {
  if (call.args.size() > 3) return set_with_options(call);
  const StoreResult result = call.store.set(call.args[1], call.args[2]);
  if (!result.ok()) return fail(call, result);
  call.reply.ok();
  return Outcome::done;
}

Outcome get(Call& call) {
  const Store::Found found = call.store.find(call.args[1]);
  if (!found) {
    count_lookup(call, false);
    call.reply.null();
    return Outcome::done;
  }
  const Entry& entry = call.store.entry(found);
  if (!is_string(entry)) return fail_wrong_type(call);
  const uint64_t bytes = string_reply_bytes(entry);
  if (!call.reply.fits(bytes)) return call.needs(bytes);
  count_lookup(call, true);
  write_string(call.reply, call.store, entry);
  return Outcome::done;
}

Outcome strlen(Call& call) {
  const Store::Found found = call.store.find(call.args[1]);
  if (found && !is_string(call.store.entry(found))) return fail_wrong_type(call);
  count_lookup(call, static_cast<bool>(found));
  call.reply.integer(found ? call.store.entry(found).length : 0);
  return Outcome::done;
}

Outcome mget(Call& call) {
  const Outcome outcome =
      write_measured(call, [&](ReplyWriter& reply) { write_values(reply, call); });
  if (outcome == Outcome::needs_room) return outcome;
  for (uint64_t i = 1; i < call.args.size(); ++i) {
    const Store::Found found = call.store.find(call.args[i]);
    count_lookup(call, found && is_string(call.store.entry(found)));
  }
  return outcome;
}

Outcome mset(Call& call) {
  if (call.args.size() % 2 == 0) return fail_arity(call, "mset");
  const StoreResult result = call.store.set_all(call.args.from(1));
  if (!result.ok()) return fail(call, result);
  call.reply.ok();
  return Outcome::done;
}

}  // namespace kv::handle
