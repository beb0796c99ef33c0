// SET GET and their kin: GETSET GETDEL GETEX SETNX SETEX PSETEX STRLEN MGET MSET MSETNX.

#include <array>

#include "server/commands/deadline.hpp"
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

/// The options of SET and GETEX.
struct Options {
  bool if_absent = false;   ///< NX
  bool if_present = false;  ///< XX
  bool get = false;         ///< GET
  bool keep = false;        ///< KEEPTTL
  bool persist = false;     ///< PERSIST
  bool expires = false;     ///< EX, PX, EXAT or PXAT
  ExpireUnit unit;
  std::string_view time;
};

enum class OptionsOf : uint8_t { set, getex };

struct UnitWord {
  std::string_view word;
  ExpireUnit unit;
};

constexpr auto unit_words = std::to_array<UnitWord>({
    {"EX", {.seconds = true, .since_1970 = false}},
    {"PX", {.seconds = false, .since_1970 = false}},
    {"EXAT", {.seconds = true, .since_1970 = true}},
    {"PXAT", {.seconds = false, .since_1970 = true}},
});

/// Takes EX, PX, EXAT or PXAT and its number. The same word may come twice, and then the last
/// one counts, as in Redis.
bool parse_time(const Arguments& args, uint64_t& i, Options& out) {
  for (const UnitWord& known : unit_words) {
    if (!same_word(args[i], known.word)) continue;
    const bool same_unit =
        out.unit.seconds == known.unit.seconds && out.unit.since_1970 == known.unit.since_1970;
    if (out.keep || out.persist || (out.expires && !same_unit) || i + 1 == args.size())
      return false;
    out.expires = true;
    out.unit = known.unit;
    out.time = args[++i];
    return true;
  }
  return false;
}

/// Returns whether the options from `i` on are known and go together.
/// Source: parseExtendedStringArgumentsOrReply() of Redis 7.
bool parse_options(const Arguments& args, uint64_t i, OptionsOf of, Options& out) {
  const bool set = of == OptionsOf::set;
  for (; i < args.size(); ++i) {
    if (set && same_word(args[i], "NX") && !out.if_present) {
      out.if_absent = true;
    } else if (set && same_word(args[i], "XX") && !out.if_absent) {
      out.if_present = true;
    } else if (set && same_word(args[i], "GET")) {
      out.get = true;
    } else if (set && same_word(args[i], "KEEPTTL") && !out.expires) {
      out.keep = true;
    } else if (!set && same_word(args[i], "PERSIST") && !out.expires) {
      out.persist = true;
    } else if (!parse_time(args, i, out)) {
      return false;
    }
  }
  return true;
}

/// What a SET is to do, once its options are read.
struct Setting {
  std::string_view key;
  std::string_view value;
  uint64_t deadline_ms = Store::no_deadline;
};

Outcome store_and_reply_ok(Call& call, const Setting& setting) {
  const StoreResult result = call.store.set(setting.key, setting.value, setting.deadline_ms);
  if (!result.ok()) return fail(call, result);
  call.reply.ok();
  return Outcome::done;
}

/// The reply is the old value, whether or not the new one is stored, so an error must be known
/// before the old value is written.
Outcome set_and_get(Call& call, const Setting& setting, const Options& options) {
  const Store::Found found = call.store.find(setting.key);
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
  if (found ? !options.if_absent : !options.if_present) {
    const StoreResult result = call.store.set(setting.key, setting.value, setting.deadline_ms);
    if (!result.ok()) {
      call.reply = before;
      return fail(call, result);
    }
  }
  count_lookup(call, static_cast<bool>(found));
  return Outcome::done;
}

Outcome set_with_options(Call& call) {
  Options options;
  if (!parse_options(call.args, 3, OptionsOf::set, options)) return fail_syntax(call);
  Setting setting{call.args[1], call.args[2]};
  if (options.keep) setting.deadline_ms = Store::keep_deadline;
  if (options.expires) {
    const std::optional<uint64_t> deadline =
        parse_deadline(call, options.time, options.unit, "set");
    if (!deadline) return Outcome::done;
    setting.deadline_ms = *deadline;
  }
  if (options.get) return set_and_get(call, setting, options);
  if (options.if_absent || options.if_present) {
    const bool found = static_cast<bool>(call.store.find(setting.key));
    if (found ? options.if_absent : options.if_present) {
      call.reply.null();
      return Outcome::done;
    }
  }
  return store_and_reply_ok(call, setting);
}

/// SETEX and PSETEX: key, time, value.
Outcome set_with_time(Call& call, ExpireUnit unit, std::string_view command) {
  const std::optional<uint64_t> deadline = parse_deadline(call, call.args[2], unit, command);
  if (!deadline) return Outcome::done;
  return store_and_reply_ok(call, {call.args[1], call.args[3], *deadline});
}

/// Replies with a string and then does `more` with it; where that is refused, replies so instead.
/// Where the key is not there, only replies.
template <class More>
Outcome get_and(Call& call, More more) {
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
  const ReplyWriter before = call.reply;
  write_string(call.reply, call.store, entry);
  if (const StoreResult result = more(found); !result.ok()) {
    call.reply = before;
    return fail(call, result);
  }
  count_lookup(call, true);
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
  return get_and(call, [](Store::Found) { return StoreResult(); });
}

Outcome getdel(Call& call) {
  return get_and(call, [&](Store::Found found) {
    call.store.erase(found);
    return StoreResult();
  });
}

Outcome getset(Call& call) { return set_and_get(call, {call.args[1], call.args[2]}, Options()); }

/// A time that means no deadline is an error only where there is a string, as in Redis.
Outcome getex(Call& call) {
  Options options;
  if (!parse_options(call.args, 2, OptionsOf::getex, options)) return fail_syntax(call);
  uint64_t deadline = options.persist ? Store::no_deadline : Store::keep_deadline;
  if (options.expires) {
    const Store::Found found = call.store.find(call.args[1]);
    if (found && is_string(call.store.entry(found))) {
      const auto parsed = parse_deadline(call, options.time, options.unit, "getex");
      if (!parsed) return Outcome::done;
      deadline = *parsed;
    }
  }
  return get_and(call, [&](Store::Found found) {
    const bool changes =
        options.expires || (options.persist && call.store.deadline_ms(found) != Store::no_deadline);
    if (!changes) return StoreResult();
    if (deadline > call.store.now_ms()) return call.store.set_deadline(found, deadline);
    call.store.erase(found);
    return StoreResult();
  });
}

Outcome setnx(Call& call) {
  if (call.store.find(call.args[1])) {
    call.reply.integer(0);
    return Outcome::done;
  }
  const StoreResult result = call.store.set(call.args[1], call.args[2]);
  if (!result.ok()) return fail(call, result);
  call.reply.integer(1);
  return Outcome::done;
}

Outcome setex(Call& call) {
  return set_with_time(call, {.seconds = true, .since_1970 = false}, "setex");
}

Outcome psetex(Call& call) {
  return set_with_time(call, {.seconds = false, .since_1970 = false}, "psetex");
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

Outcome msetnx(Call& call) {
  if (call.args.size() % 2 == 0) return fail_arity(call, "msetnx");
  for (uint64_t i = 1; i < call.args.size(); i += 2) {
    if (!call.store.find(call.args[i])) continue;
    call.reply.integer(0);
    return Outcome::done;
  }
  const StoreResult result = call.store.set_all(call.args.from(1));
  if (!result.ok()) return fail(call, result);
  call.reply.integer(1);
  return Outcome::done;
}

Outcome mset(Call& call) {
  if (call.args.size() % 2 == 0) return fail_arity(call, "mset");
  const StoreResult result = call.store.set_all(call.args.from(1));
  if (!result.ok()) return fail(call, result);
  call.reply.ok();
  return Outcome::done;
}

}  // namespace kv::handle
