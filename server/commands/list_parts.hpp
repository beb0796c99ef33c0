// What the commands on lists have in common: walks, positions, elements as replies.
//
// Replies go straight from the blocks into the reply buffer. Nothing is written before all of
// it is known to fit.
#pragma once

#include <algorithm>

#include "server/commands/handlers.hpp"

namespace kv {

inline bool is_list(const Entry& entry) { return entry.type == Entry::Type::list; }

/// A walk over `count` elements from one on.
struct Walk {
  uint32_t first;
  uint64_t count;
  bool forward;
};

/// Calls `visit` with each node of the walk. The bytes of the next one are on their way meanwhile.
template <class Visit>
void walk(const Store& store, Walk range, Visit visit) {
  uint32_t at = range.first;
  for (uint64_t left = range.count; left > 0; --left) {
    const ListNode& node = store.node(at);
    at = range.forward ? node.next : node.previous;
    if (left > 1) store.prefetch(store.node(at));
    visit(node);
  }
}

inline void write_element(ReplyWriter& reply, const Store& store, const ListNode& node) {
  store.read(node, reply.begin_bulk(node.bytes));
}

/// Size of the elements as an array.
inline uint64_t elements_bytes(const Store& store, Walk range) {
  uint64_t bytes = array_reply_bytes(range.count);
  walk(store, range, [&](const ListNode& node) { bytes += bulk_reply_bytes(node.bytes); });
  return bytes;
}

/// Writes the elements as an array, if it fits; in one walk, which adds up the size as well.
Outcome write_elements(Call& call, Walk range);

/// A position from the head; negative ones count from the tail. May lie outside the list.
inline int64_t position(int64_t index, const Entry& entry) {
  return index < 0 ? index + static_cast<int64_t>(entry.length) : index;
}

/// A range of positions cut to the list, as a first position and a count, which may be 0.
struct Range {
  uint64_t first;
  uint64_t count;
};

inline Range cut_range(int64_t from, int64_t to, const Entry& entry) {
  const int64_t first = std::max<int64_t>(position(from, entry), 0);
  const int64_t last = std::min<int64_t>(position(to, entry), int64_t{entry.length} - 1);
  if (first > last) return {0, 0};
  return {static_cast<uint64_t>(first), static_cast<uint64_t>(last - first + 1)};
}

}  // namespace kv
