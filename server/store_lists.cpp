// What lists can do beyond pushing and popping at their ends.

#include <algorithm>

#include "kvcore/memory/assert.hpp"
#include "server/planted.hpp"
#include "server/store.hpp"

namespace kv {

namespace {

using Code = StoreResult::Code;
using Type = Entry::Type;

}  // namespace

bool Store::equals(const ListNode& node, std::string_view element) const {
  return node.bytes == element.size() && blocks_.begins_with(node.block, node.bytes, element);
}

StoreResult Store::replace_element(Found found, uint32_t node, std::string_view element) {
  KV_ASSERT(table_.entry(found.index).type == Type::list);
  ListNode& at = nodes_[node];
  const uint64_t blocks = blocks_.blocks_for(element.size());
  const uint64_t needed = blocks - std::min(blocks, blocks_.blocks_for(at.bytes));
  if (const StoreResult room = make_room({.blocks = needed}); !room.ok()) return room;
  blocks_.overwrite(at.block, at.bytes, /*offset=*/0, element);
  at.bytes = static_cast<uint32_t>(element.size());
  note_change(found.index);
  note_use();
  return {};
}

StoreResult Store::insert_element(Found found, uint32_t neighbour, ListEnd side,
                                  std::string_view element) {
  Entry& entry = table_.entry(found.index);
  KV_ASSERT(entry.type == Type::list);
  const uint64_t length = uint64_t{entry.length} + 1;
  if (length > list_length_max_) return {Code::too_long, length};
  const Need need = {.blocks = blocks_.blocks_for(element.size()), .nodes = 1};
  if (const StoreResult room = make_room(need); !room.ok()) return room;

  const uint32_t index = nodes_.allocate();
  nodes_[index].block = blocks_.store(element);
  nodes_[index].bytes = static_cast<uint32_t>(element.size());
  const bool before = side == ListEnd::head;
  if (neighbour == end_node(entry, side)) {
    link(entry, index, side);
  } else {
    const uint32_t previous = before ? nodes_[neighbour].previous : neighbour;
    const uint32_t next = before ? neighbour : nodes_[neighbour].next;
    nodes_[index].previous = previous;
    nodes_[index].next = next;
    nodes_[previous].next = index;
    nodes_[next].previous = index;
    ++entry.length;
  }
  note_use();
  note_change(found.index);
  return {Code::ok, length};
}

uint64_t Store::remove_elements(Found found, std::string_view element, uint64_t count,
                                ListEnd from) {
  Entry& entry = table_.entry(found.index);
  KV_ASSERT(entry.type == Type::list);
  uint64_t removed = 0;
  uint32_t at = end_node(entry, from);
  for (uint64_t left = entry.length; left > 0 && removed < count; --left) {
    const uint32_t after = from == ListEnd::head ? nodes_[at].next : nodes_[at].previous;
    if (equals(nodes_[at], element)) {
      unlink(entry, at);
      blocks_.release(nodes_[at].block, nodes_[at].bytes);
      if (!planted(Fault::leaked_node)) nodes_.release(at);
      ++removed;
    }
    at = after;
  }
  if (entry.length == 0) {
    remove(found.index);
  } else if (removed > 0) {
    note_change(found.index);
  }
  return removed;
}

StoreResult Store::move_element(Found from, ListEnd from_end, std::string_view to, ListEnd to_end) {
  Entry& source = table_.entry(from.index);
  KV_ASSERT(source.type == Type::list);
  Found target = find(to);
  const uint32_t node = end_node(source, from_end);
  if (target && table_.entry(target.index).type != Type::list) return {Code::wrong_type};
  if (target && target.index == from.index) {
    unlink(source, node);
    link(source, node, to_end);
    note_change(from.index);
    return {};
  }
  const uint64_t length = (target ? uint64_t{table_.entry(target.index).length} : 0) + 1;
  if (length > list_length_max_) return {Code::too_long, length};
  const bool source_goes = source.length == 1;
  if (!target) {
    // The entry and the blocks of a source that goes with its last element are there for the
    // new key.
    const uint64_t blocks = blocks_.blocks_for(to.size());
    const uint64_t given_back = source_goes ? blocks_.blocks_for(source.key_bytes) : 0;
    const Need need = {.entries = !source_goes, .blocks = blocks - std::min(blocks, given_back)};
    if (const StoreResult room = make_room(need); !room.ok()) return room;
  }

  unlink(source, node);
  if (source_goes) {
    remove(from.index);
  } else {
    note_change(from.index);
  }
  if (!target) target.index = insert(to, target.hash, Type::list);
  link(table_.entry(target.index), node, to_end);
  note_change(target.index);
  note_use();
  return {};
}

/// Puts a node at an end of a list. What the node holds is the caller's.
void Store::link(Entry& entry, uint32_t index, ListEnd end) {
  ListNode& node = nodes_[index];
  node.next = index_none;
  if (entry.length++ == 0) {
    node.previous = index;
    entry.first = index;
    return;
  }
  ListNode& first = nodes_[entry.first];
  node.previous = first.previous;
  first.previous = index;
  if (end == ListEnd::head) {
    node.next = entry.first;
    entry.first = index;
  } else {
    nodes_[node.previous].next = index;
  }
}

/// Takes a node out of its list; what it holds stays.
void Store::unlink(Entry& entry, uint32_t index) {
  KV_ASSERT(entry.length > 0);
  const ListNode node = nodes_[index];
  if (--entry.length == 0) {
    entry.first = index_none;
    return;
  }
  (index == entry.first ? entry.first : nodes_[node.previous].next) = node.next;
  nodes_[node.next == index_none ? entry.first : node.next].previous = node.previous;
}

/// Frees elements from an end on.
void Store::release_elements(Entry& entry, uint64_t count, ListEnd end) {
  if (count == 0) return;
  const bool forward = end == ListEnd::head;
  uint32_t first = entry.first;
  uint32_t last = nodes_[first].previous;
  for (uint64_t i = 0; i < count; ++i) {
    const uint32_t index = forward ? first : last;
    const ListNode node = nodes_[index];
    blocks_.release(node.block, node.bytes);
    nodes_.release(index);
    (forward ? first : last) = forward ? node.next : node.previous;
  }
  entry.length -= static_cast<uint32_t>(count);
  entry.first = entry.length == 0 ? index_none : first;
  if (entry.length == 0) return;
  nodes_[first].previous = last;
  if (!forward) nodes_[last].next = index_none;
}

/// Frees all elements. Those of a long list are only unhooked: they wait for tidy().
void Store::release_elements(Entry& entry) {
  if (entry.length <= elements_freed_at_once) {
    release_elements(entry, entry.length, ListEnd::head);
    return;
  }
  nodes_[end_node(entry, ListEnd::tail)].next = dead_;
  dead_ = entry.first;
  entry.first = index_none;
  entry.length = 0;
}

}  // namespace kv
