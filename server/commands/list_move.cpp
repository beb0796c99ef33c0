// LMOVE RPOPLPUSH LMPOP: from one list to another, and from the first of several; and BLMOVE
// BRPOPLPUSH BLMPOP BLPOP BRPOP, which wait for elements where there are none.

#include <charconv>
#include <cmath>

#include "server/commands/list_parts.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

namespace {

std::optional<ListEnd> parse_end(std::string_view word) {
  if (same_word(word, "LEFT")) return ListEnd::head;
  if (same_word(word, "RIGHT")) return ListEnd::tail;
  return {};
}

/// Seconds as a decimal fraction, in milliseconds. Replies where it is none.
std::optional<uint64_t> parse_timeout(Call& call, std::string_view text) {
  double seconds = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (end.ec == std::errc::result_out_of_range || (end.ec == std::errc() && seconds > 9e15)) {
    return fail(call, "ERR timeout is out of range"), std::nullopt;
  }
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || std::isnan(seconds)) {
    return fail(call, "ERR timeout is not a float or out of range"), std::nullopt;
  }
  if (seconds < 0) return fail(call, "ERR timeout is negative"), std::nullopt;
  return static_cast<uint64_t>(std::ceil(seconds * 1000));
}

/// The client waits for elements. In a transaction nobody waits: the answer is nil, of the kind
/// that the command has for it.
Outcome wait_for(Call& call, Block block, bool null_is_array) {
  if (call.caller.executing || call.wake.timed_out) {
    null_is_array || call.wake.timed_out ? call.reply.null_array() : call.reply.null();
    return Outcome::done;
  }
  call.block = block;
  return Outcome::blocks;
}

/// Whether a command looks at the key now: one that waited looks at the key that was changed.
bool is_looked_at(const Call& call, Store::Found found) {
  const uint32_t wanted = call.wake.hash_high;
  return found && !call.wake.timed_out && (wanted == 0 || wanted == found.hash_high());
}

/// Moves an element from the list at argument 1 to that at argument 2.
Outcome move(Call& call, ListEnd from_end, ListEnd to_end) {
  const Store::Found from = call.store.find(call.args[1]);
  if (!from) {
    count_lookup(call, false);
    call.reply.null();
    return Outcome::done;
  }
  const Entry& entry = call.store.entry(from);
  if (!is_list(entry)) return fail_wrong_type(call);
  // A copy: the element is the same after the move, its neighbours are not.
  const ListNode node = call.store.node(call.store.end_node(entry, from_end));
  const uint64_t bytes = bulk_reply_bytes(node.bytes);
  if (!call.reply.fits(bytes)) return call.needs(bytes);
  count_lookup(call, true);
  const StoreResult result = call.store.move_element(from, from_end, call.args[2], to_end);
  if (!result.ok()) return fail(call, result);
  write_element(call.reply, call.store, node);
  return Outcome::done;
}

/// numkeys key [key …] LEFT|RIGHT [COUNT count]
struct MultiPop {
  uint64_t first_key = 0;  ///< its argument
  uint64_t keys = 0;
  ListEnd end = ListEnd::head;
  uint64_t count = 1;
  bool single = false;  ///< the reply has one element, not an array of them
};

/// Reads the arguments from `at` on. Returns whether they are right; if not, replies.
bool parse_multi_pop(Call& call, uint64_t at, MultiPop& pop) {
  const Arguments& args = call.args;
  const std::optional<int64_t> keys = parse_integer(args[at]);
  if (!keys || *keys <= 0) return fail(call, "ERR numkeys should be greater than 0"), false;
  pop.first_key = at + 1;
  pop.keys = static_cast<uint64_t>(*keys);
  if (pop.keys >= args.size() - pop.first_key) return fail_syntax(call), false;
  const uint64_t where = pop.first_key + pop.keys;
  const std::optional<ListEnd> end = parse_end(args[where]);
  if (!end) return fail_syntax(call), false;
  pop.end = *end;
  if (args.size() == where + 1) return true;
  if (args.size() < where + 3 || !same_word(args[where + 1], "COUNT")) {
    return fail_syntax(call), false;
  }
  const std::optional<int64_t> count = parse_integer(args[where + 2]);
  if (!count || *count <= 0) return fail(call, "ERR count should be greater than 0"), false;
  if (args.size() != where + 3) return fail_syntax(call), false;
  pop.count = static_cast<uint64_t>(*count);
  return true;
}

/// Pops from the list `found` under `key`; the reply is the key and the elements.
Outcome pop_from(Call& call, std::string_view key, Store::Found found, const MultiPop& pop) {
  const Entry& entry = call.store.entry(found);
  const bool forward = pop.end == ListEnd::head;
  const Walk range = {call.store.end_node(entry, pop.end),
                      std::min<uint64_t>(pop.count, entry.length), forward};
  const uint64_t bytes =
      array_reply_bytes(2) + bulk_reply_bytes(key.size()) + elements_bytes(call.store, range);
  if (!call.reply.fits(bytes)) return call.needs(bytes);
  call.reply.array(2);
  call.reply.bulk(key);
  if (!pop.single) call.reply.array(range.count);
  walk(call.store, range,
       [&](const ListNode& node) { write_element(call.reply, call.store, node); });
  call.store.pop(found, range.count, pop.end);
  return Outcome::done;
}

/// Pops from the first key that has elements, if there is one.
std::optional<Outcome> pop_first(Call& call, const MultiPop& pop) {
  for (uint64_t i = 0; i < pop.keys; ++i) {
    const std::string_view key = call.args[pop.first_key + i];
    const Store::Found found = call.store.find(key);
    if (!is_looked_at(call, found)) continue;
    if (!is_list(call.store.entry(found))) {
      if (call.wake.resumed) continue;
      return fail_wrong_type(call);
    }
    const Outcome outcome = pop_from(call, key, found, pop);
    if (outcome == Outcome::done) count_lookup(call, true);
    return outcome;
  }
  return {};
}

/// key [key …] timeout. The reply is the key and its element.
Outcome blocking_pop(Call& call, ListEnd end) {
  const uint64_t last = call.args.size() - 1;
  const std::optional<uint64_t> timeout_ms = parse_timeout(call, call.args[last]);
  if (!timeout_ms) return Outcome::done;
  MultiPop pop;
  pop.first_key = 1;
  pop.keys = last - 1;
  pop.end = end;
  pop.single = true;
  if (const std::optional<Outcome> outcome = pop_first(call, pop)) return *outcome;
  return wait_for(call, {1, last - 1, *timeout_ms}, true);
}

Outcome blocking_move(Call& call, std::string_view timeout, ListEnd from_end, ListEnd to_end) {
  const std::optional<uint64_t> timeout_ms = parse_timeout(call, timeout);
  if (!timeout_ms) return Outcome::done;
  const Store::Found from = call.store.find(call.args[1]);
  const bool skipped = call.wake.resumed && from && !is_list(call.store.entry(from));
  if (is_looked_at(call, from) && !skipped) return move(call, from_end, to_end);
  return wait_for(call, {1, 1, *timeout_ms}, false);
}

}  // namespace

Outcome lmove(Call& call) {
  const std::optional<ListEnd> from = parse_end(call.args[3]);
  const std::optional<ListEnd> to = parse_end(call.args[4]);
  if (!from || !to) return fail_syntax(call);
  return move(call, *from, *to);
}

Outcome rpoplpush(Call& call) { return move(call, ListEnd::tail, ListEnd::head); }

Outcome lmpop(Call& call) {
  MultiPop pop;
  if (!parse_multi_pop(call, 1, pop)) return Outcome::done;
  if (const std::optional<Outcome> outcome = pop_first(call, pop)) return *outcome;
  count_lookup(call, false);
  call.reply.null_array();
  return Outcome::done;
}

Outcome blmpop(Call& call) {
  MultiPop pop;
  if (!parse_multi_pop(call, 2, pop)) return Outcome::done;
  const std::optional<uint64_t> timeout_ms = parse_timeout(call, call.args[1]);
  if (!timeout_ms) return Outcome::done;
  if (const std::optional<Outcome> outcome = pop_first(call, pop)) return *outcome;
  return wait_for(call, {pop.first_key, pop.keys, *timeout_ms}, true);
}

Outcome blpop(Call& call) { return blocking_pop(call, ListEnd::head); }
Outcome brpop(Call& call) { return blocking_pop(call, ListEnd::tail); }

Outcome blmove(Call& call) {
  const std::optional<ListEnd> from = parse_end(call.args[3]);
  const std::optional<ListEnd> to = parse_end(call.args[4]);
  if (!from || !to) return fail_syntax(call);
  return blocking_move(call, call.args[5], *from, *to);
}

Outcome brpoplpush(Call& call) {
  return blocking_move(call, call.args[3], ListEnd::tail, ListEnd::head);
}

}  // namespace kv::handle
