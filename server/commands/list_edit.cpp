// LPUSHX RPUSHX LSET LINSERT LREM LTRIM LPOS.

#include "server/commands/list_parts.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

namespace {

Outcome push_if_present(Call& call, ListEnd end) {
  const Store::Found found = call.store.find(call.args[1]);
  count_lookup(call, static_cast<bool>(found));
  if (!found) {
    call.reply.integer(0);
    return Outcome::done;
  }
  const StoreResult result = call.store.push(call.args[1], call.args.from(2), end);
  if (!result.ok()) return fail(call, result);
  call.reply.integer(static_cast<int64_t>(result.value));
  return Outcome::done;
}

struct PositionOptions {
  int64_t rank = 1;
  bool with_count = false;
  uint64_t count = 1;    ///< matches wanted, 0 for all
  uint64_t compare = 0;  ///< MAXLEN: elements to look at, 0 for all
};

/// Returns whether the options are right; if not, replies.
bool parse_position_options(Call& call, PositionOptions& options) {
  const Arguments& args = call.args;
  for (uint64_t i = 3; i < args.size(); i += 2) {
    const bool is_rank = same_word(args[i], "RANK");
    const bool is_count = same_word(args[i], "COUNT");
    if (i + 1 == args.size() || (!is_rank && !is_count && !same_word(args[i], "MAXLEN"))) {
      return fail_syntax(call), false;
    }
    const std::optional<int64_t> number = parse_integer(args[i + 1]);
    if (is_rank) {
      if (!number) return fail_not_an_integer(call), false;
      if (*number == 0) {
        fail(call,
             "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... "
             "or use negative to start from the end of the list");
        return false;
      }
      if (*number == INT64_MIN) {
        fail(call,
             "ERR value is out of range, value must between -9223372036854775807 and "
             "9223372036854775807");
        return false;
      }
      options.rank = *number;
    } else if (!number || *number < 0) {
      fail(call, is_count ? "ERR COUNT can't be negative" : "ERR MAXLEN can't be negative");
      return false;
    } else if (is_count) {
      options.with_count = true;
      options.count = static_cast<uint64_t>(*number);
    } else {
      options.compare = static_cast<uint64_t>(*number);
    }
  }
  return true;
}

/// Calls `visit` with the position of each match that is asked for.
template <class Visit>
void find_positions(const Call& call, const Entry& entry, const PositionOptions& options,
                    Visit visit) {
  const bool forward = options.rank > 0;
  uint64_t to_skip = static_cast<uint64_t>(forward ? options.rank : -options.rank) - 1;
  uint64_t wanted = options.count == 0 ? UINT64_MAX : options.count;
  const uint64_t compare = options.compare == 0 ? UINT64_MAX : options.compare;
  uint32_t at = call.store.end_node(entry, forward ? ListEnd::head : ListEnd::tail);
  for (uint64_t i = 0; i < entry.length && i < compare && wanted > 0; ++i) {
    const ListNode& node = call.store.node(at);
    at = forward ? node.next : node.previous;
    if (!call.store.equals(node, call.args[2])) continue;
    if (to_skip > 0) {
      --to_skip;
      continue;
    }
    visit(forward ? i : entry.length - 1 - i);
    --wanted;
  }
}

}  // namespace

Outcome lpushx(Call& call) { return push_if_present(call, ListEnd::head); }
Outcome rpushx(Call& call) { return push_if_present(call, ListEnd::tail); }

Outcome lset(Call& call) {
  const Store::Found found = call.store.find(call.args[1]);
  count_lookup(call, static_cast<bool>(found));
  if (!found) return fail(call, "ERR no such key");
  const Entry& entry = call.store.entry(found);
  if (!is_list(entry)) return fail_wrong_type(call);
  const std::optional<int64_t> index = parse_integer(call.args[2]);
  if (!index) return fail_not_an_integer(call);
  const int64_t at = position(*index, entry);
  if (at < 0 || at >= int64_t{entry.length}) return fail(call, "ERR index out of range");
  const uint32_t node = call.store.node_at(entry, static_cast<uint64_t>(at));
  const StoreResult result = call.store.replace_element(found, node, call.args[3]);
  if (!result.ok()) return fail(call, result);
  call.reply.ok();
  return Outcome::done;
}

Outcome linsert(Call& call) {
  const bool before = same_word(call.args[2], "BEFORE");
  if (!before && !same_word(call.args[2], "AFTER")) return fail_syntax(call);
  const Store::Found found = call.store.find(call.args[1]);
  count_lookup(call, static_cast<bool>(found));
  if (!found) return call.reply.integer(0), Outcome::done;
  const Entry& entry = call.store.entry(found);
  if (!is_list(entry)) return fail_wrong_type(call);
  uint32_t pivot = entry.first;
  while (pivot != index_none && !call.store.equals(call.store.node(pivot), call.args[3])) {
    pivot = call.store.node(pivot).next;
  }
  if (pivot == index_none) return call.reply.integer(-1), Outcome::done;
  const StoreResult result =
      call.store.insert_element(found, pivot, before ? ListEnd::head : ListEnd::tail, call.args[4]);
  if (!result.ok()) return fail(call, result);
  call.reply.integer(static_cast<int64_t>(result.value));
  return Outcome::done;
}

Outcome lrem(Call& call) {
  const std::optional<int64_t> count = parse_integer(call.args[2]);
  if (!count) return fail_not_an_integer(call);
  const Store::Found found = call.store.find(call.args[1]);
  count_lookup(call, static_cast<bool>(found));
  if (!found) return call.reply.integer(0), Outcome::done;
  if (!is_list(call.store.entry(found))) return fail_wrong_type(call);
  const uint64_t wanted = *count == 0  ? UINT64_MAX
                          : *count > 0 ? static_cast<uint64_t>(*count)
                                       : 0 - static_cast<uint64_t>(*count);
  const uint64_t removed = call.store.remove_elements(found, call.args[3], wanted,
                                                      *count < 0 ? ListEnd::tail : ListEnd::head);
  call.reply.integer(static_cast<int64_t>(removed));
  return Outcome::done;
}

Outcome ltrim(Call& call) {
  const std::optional<int64_t> from = parse_integer(call.args[2]);
  const std::optional<int64_t> to = parse_integer(call.args[3]);
  if (!from || !to) return fail_not_an_integer(call);
  const Store::Found found = call.store.find(call.args[1]);
  count_lookup(call, static_cast<bool>(found));
  if (found) {
    const Entry& entry = call.store.entry(found);
    if (!is_list(entry)) return fail_wrong_type(call);
    const uint64_t length = entry.length;
    const Range kept = cut_range(*from, *to, entry);
    const uint64_t behind = length - kept.first - kept.count;
    if (behind > 0) call.store.pop(found, behind, ListEnd::tail);
    if (kept.first > 0) call.store.pop(found, kept.first, ListEnd::head);
    if (kept.count == length) call.store.touch(found);
  }
  call.reply.ok();
  return Outcome::done;
}

Outcome lpos(Call& call) {
  PositionOptions options;
  if (!parse_position_options(call, options)) return Outcome::done;
  const Store::Found found = call.store.find(call.args[1]);
  if (!found) {
    count_lookup(call, false);
    options.with_count ? call.reply.array(0) : call.reply.null();
    return Outcome::done;
  }
  const Entry& entry = call.store.entry(found);
  if (!is_list(entry)) return fail_wrong_type(call);
  const Outcome outcome = write_measured(call, [&](ReplyWriter& reply) {
    uint64_t matches = 0;
    find_positions(call, entry, options, [&](uint64_t) { ++matches; });
    if (options.with_count) reply.array(matches);
    if (!options.with_count && matches == 0) reply.null();
    find_positions(call, entry, options,
                   [&](uint64_t at) { reply.integer(static_cast<int64_t>(at)); });
  });
  if (outcome == Outcome::done) count_lookup(call, true);
  return outcome;
}

}  // namespace kv::handle
