// EXPIRE PEXPIRE EXPIREAT PEXPIREAT TTL PTTL EXPIRETIME PEXPIRETIME PERSIST.

#include "server/commands/deadline.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/text.hpp"

namespace kv {

namespace {

Outcome fail_expire_time(Call& call, std::string_view command) {
  return fail_with(call, "ERR invalid expire time in '{}' command", command);
}

/// Milliseconds since 1970, or nothing where they are beyond 63 bits. May be negative.
std::optional<int64_t> absolute_ms(int64_t number, ExpireUnit unit, uint64_t now_ms) {
  int64_t ms = number;
  if (unit.seconds && __builtin_mul_overflow(ms, int64_t{1000}, &ms)) return std::nullopt;
  const int64_t base = unit.since_1970 ? 0 : static_cast<int64_t>(now_ms);
  if (__builtin_add_overflow(ms, base, &ms)) return std::nullopt;
  return ms;
}

}  // namespace

std::optional<uint64_t> parse_deadline(Call& call, std::string_view text, ExpireUnit unit,
                                       std::string_view command) {
  const std::optional<int64_t> number = parse_integer(text);
  if (!number) return fail_not_an_integer(call), std::nullopt;
  const std::optional<int64_t> ms =
      *number > 0 ? absolute_ms(*number, unit, call.server.now_ms) : std::nullopt;
  if (!ms) return fail_expire_time(call, command), std::nullopt;
  return static_cast<uint64_t>(*ms);
}

namespace handle {

namespace {

struct Conditions {
  bool if_none = false;    ///< NX
  bool if_some = false;    ///< XX
  bool if_later = false;   ///< GT
  bool if_sooner = false;  ///< LT
};

/// Returns whether the options are known and go together; if not, replies.
bool parse_conditions(Call& call, Conditions& out) {
  for (uint64_t i = 3; i < call.args.size(); ++i) {
    const std::string_view word = call.args[i];
    if (same_word(word, "NX")) {
      out.if_none = true;
    } else if (same_word(word, "XX")) {
      out.if_some = true;
    } else if (same_word(word, "GT")) {
      out.if_later = true;
    } else if (same_word(word, "LT")) {
      out.if_sooner = true;
    } else {
      fail_with(call, "ERR Unsupported option {}", printed(word));
      return false;
    }
  }
  if (out.if_none && (out.if_some || out.if_later || out.if_sooner)) {
    fail(call, "ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (out.if_later && out.if_sooner) {
    fail(call, "ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

/// A key without a deadline lives for ever, which is later than any deadline.
bool are_met(const Conditions& conditions, uint64_t current, int64_t wanted) {
  const bool none = current == Store::no_deadline;
  if (conditions.if_none && !none) return false;
  if (conditions.if_some && none) return false;
  const int64_t current_ms = none ? INT64_MAX : static_cast<int64_t>(current);
  if (conditions.if_later && (none || wanted <= current_ms)) return false;
  return !conditions.if_sooner || none || wanted < current_ms;
}

/// Source: expireGenericCommand() of Redis 7. A deadline that is over deletes the key.
Outcome expire_generic(Call& call, ExpireUnit unit, std::string_view command) {
  Conditions conditions;
  if (!parse_conditions(call, conditions)) return Outcome::done;
  const std::optional<int64_t> number = parse_integer(call.args[2]);
  if (!number) return fail_not_an_integer(call);
  const std::optional<int64_t> ms = absolute_ms(*number, unit, call.server.now_ms);
  if (!ms) return fail_expire_time(call, command);

  const Store::Found found = call.store.find(call.args[1]);
  if (!found || !are_met(conditions, call.store.deadline_ms(found), *ms)) {
    call.reply.integer(0);
    return Outcome::done;
  }
  if (*ms <= static_cast<int64_t>(call.server.now_ms)) {
    call.store.erase(found);
  } else {
    const StoreResult result = call.store.set_deadline(found, static_cast<uint64_t>(*ms));
    if (!result.ok()) return fail(call, result);
  }
  call.reply.integer(1);
  return Outcome::done;
}

/// What remains or, since 1970, when it ends; -1 for a key that stays, -2 for none.
Outcome show_deadline(Call& call, ExpireUnit unit) {
  const Store::Found found = call.store.peek(call.args[1]);
  count_lookup(call, static_cast<bool>(found));
  const uint64_t deadline = found ? call.store.deadline_ms(found) : Store::no_deadline;
  if (deadline == Store::no_deadline) {
    call.reply.integer(found ? -1 : -2);
    return Outcome::done;
  }
  const uint64_t ms = unit.since_1970 ? deadline : deadline - call.server.now_ms;
  call.reply.integer(static_cast<int64_t>(unit.seconds ? (ms + 500) / 1000 : ms));
  return Outcome::done;
}

}  // namespace

Outcome expire(Call& call) { return expire_generic(call, {true, false}, "expire"); }
Outcome pexpire(Call& call) { return expire_generic(call, {false, false}, "pexpire"); }
Outcome expireat(Call& call) { return expire_generic(call, {true, true}, "expireat"); }
Outcome pexpireat(Call& call) { return expire_generic(call, {false, true}, "pexpireat"); }
Outcome ttl(Call& call) { return show_deadline(call, {true, false}); }
Outcome pttl(Call& call) { return show_deadline(call, {false, false}); }
Outcome expiretime(Call& call) { return show_deadline(call, {true, true}); }
Outcome pexpiretime(Call& call) { return show_deadline(call, {false, true}); }

Outcome persist(Call& call) {
  const Store::Found found = call.store.find(call.args[1]);
  const bool expires = found && call.store.deadline_ms(found) != Store::no_deadline;
  if (expires) call.store.set_deadline(found, Store::no_deadline);
  call.reply.integer(expires);
  return Outcome::done;
}

}  // namespace handle

}  // namespace kv
