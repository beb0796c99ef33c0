// RPUSH LPUSH RPOP LPOP LLEN LRANGE LINDEX.

#include <algorithm>

#include "server/commands/list_parts.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

namespace {

Outcome push(Call& call, ListEnd end) {
  const StoreResult result = call.store.push(call.args[1], call.args.from(2), end);
  if (!result.ok()) return fail(call, result);
  call.reply.integer(static_cast<int64_t>(result.value));
  return Outcome::done;
}

/// Without a count the reply is one element, with one it is an array of at most so many.
Outcome pop(Call& call, ListEnd end) {
  const bool with_count = call.args.size() == 3;
  if (call.args.size() > 3) return fail_arity(call, end == ListEnd::head ? "lpop" : "rpop");
  uint64_t count = 1;
  if (with_count) {
    const std::optional<int64_t> given = parse_integer(call.args[2]);
    if (!given || *given < 0) return fail(call, "ERR value is out of range, must be positive");
    count = static_cast<uint64_t>(*given);
  }
  const Store::Found found = call.store.find(call.args[1]);
  if (!found) {
    count_lookup(call, false);
    with_count ? call.reply.null_array() : call.reply.null();
    return Outcome::done;
  }
  const Entry& entry = call.store.entry(found);
  if (!is_list(entry)) return fail_wrong_type(call);
  count = std::min<uint64_t>(count, entry.length);

  const bool forward = end == ListEnd::head;
  const uint32_t first = call.store.end_node(entry, end);
  if (with_count) {
    const Outcome outcome = write_elements(call, {first, count, forward});
    if (outcome != Outcome::done) return outcome;
  } else {
    const ListNode& node = call.store.node(first);
    const uint64_t bytes = bulk_reply_bytes(node.bytes);
    if (!call.reply.fits(bytes)) return call.needs(bytes);
    write_element(call.reply, call.store, node);
  }
  count_lookup(call, true);
  call.store.pop(found, count, end);
  return Outcome::done;
}

}  // namespace

Outcome rpush(Call& call) { return push(call, ListEnd::tail); }
Outcome lpush(Call& call) { return push(call, ListEnd::head); }
Outcome rpop(Call& call) { return pop(call, ListEnd::tail); }
Outcome lpop(Call& call) { return pop(call, ListEnd::head); }

Outcome llen(Call& call) {
  const Store::Found found = call.store.find(call.args[1]);
  if (found && !is_list(call.store.entry(found))) return fail_wrong_type(call);
  count_lookup(call, static_cast<bool>(found));
  call.reply.integer(found ? call.store.entry(found).length : 0);
  return Outcome::done;
}

Outcome lrange(Call& call) {
  const std::optional<int64_t> from = parse_integer(call.args[2]);
  const std::optional<int64_t> to = parse_integer(call.args[3]);
  if (!from || !to) return fail_not_an_integer(call);
  const Store::Found found = call.store.find(call.args[1]);
  if (!found) {
    count_lookup(call, false);
    call.reply.array(0);
    return Outcome::done;
  }
  const Entry& entry = call.store.entry(found);
  if (!is_list(entry)) return fail_wrong_type(call);
  const Range range = cut_range(*from, *to, entry);
  if (range.count == 0) {
    count_lookup(call, true);
    call.reply.array(0);
    return Outcome::done;
  }
  const uint32_t node = call.store.node_at(entry, range.first);
  const Outcome outcome = write_elements(call, {node, range.count, true});
  if (outcome == Outcome::done) count_lookup(call, true);
  return outcome;
}

Outcome lindex(Call& call) {
  const Store::Found found = call.store.find(call.args[1]);
  if (!found) {
    count_lookup(call, false);
    call.reply.null();
    return Outcome::done;
  }
  const Entry& entry = call.store.entry(found);
  if (!is_list(entry)) return fail_wrong_type(call);
  const std::optional<int64_t> index = parse_integer(call.args[2]);
  if (!index) return fail_not_an_integer(call);
  const int64_t at = position(*index, entry);
  if (at < 0 || at >= static_cast<int64_t>(entry.length)) {
    count_lookup(call, true);
    call.reply.null();
    return Outcome::done;
  }
  const ListNode& node = call.store.node(call.store.node_at(entry, static_cast<uint64_t>(at)));
  const uint64_t bytes = bulk_reply_bytes(node.bytes);
  if (!call.reply.fits(bytes)) return call.needs(bytes);
  count_lookup(call, true);
  write_element(call.reply, call.store, node);
  return Outcome::done;
}

}  // namespace kv::handle
