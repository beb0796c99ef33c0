// What lists can do beyond pushing and popping at their ends.

#include <algorithm>

#include "kvcore/memory/assert.hpp"
#include "server/store.hpp"

namespace kv {

namespace {

using Code = StoreResult::Code;
using Type = Entry::Type;

}  // namespace

bool Store::equals(const ListNode& node, std::string_view element) const {
  return blocks_.equals(node.block, node.bytes, element);
}

StoreResult Store::replace_element(Found found, uint32_t node, std::string_view element) {
  KV_ASSERT(table_.entry(found.index).type == Type::list);
  ListNode& at = nodes_[node];
  const uint64_t blocks = blocks_.blocks_for(element.size());
  const uint64_t needed = blocks - std::min(blocks, blocks_.blocks_for(at.bytes));
  if (!reclaim(0, needed, 0)) return {Code::no_block, needed, blocks_.free_count()};
  blocks_.overwrite(at.block, at.bytes, element);
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
  const uint64_t needed = blocks_.blocks_for(element.size());
  if (!reclaim(0, needed, 0)) return {Code::no_block, needed, blocks_.free_count()};
  if (!reclaim(0, 0, /*nodes=*/1)) return {Code::no_node, 1, 0};

  const uint32_t index = nodes_.allocate();
  nodes_[index].block = blocks_.store(element);
  nodes_[index].bytes = static_cast<uint32_t>(element.size());
  const bool before = side == ListEnd::head;
  const uint32_t beyond = before ? nodes_[neighbour].previous : nodes_[neighbour].next;
  if (beyond == index_none) {
    link(entry, index, side);
  } else {
    const uint32_t previous = before ? beyond : neighbour;
    const uint32_t next = before ? neighbour : beyond;
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
  uint32_t at = from == ListEnd::head ? entry.first : entry.last;
  while (at != index_none && removed < count) {
    const uint32_t after = from == ListEnd::head ? nodes_[at].next : nodes_[at].previous;
    if (equals(nodes_[at], element)) {
      unlink(entry, at);
      blocks_.release(nodes_[at].block, nodes_[at].bytes);
      nodes_.release(at);
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
  const uint32_t node = from_end == ListEnd::head ? source.first : source.last;
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
    if (!source_goes && !reclaim(/*entries=*/1, 0, 0)) return {Code::no_entry, 1, 0};
    const uint64_t blocks = blocks_.blocks_for(to.size());
    const uint64_t given_back = source_goes ? blocks_.blocks_for(source.key_bytes) : 0;
    const uint64_t needed = blocks - std::min(blocks, given_back);
    if (!reclaim(0, needed, 0)) return {Code::no_block, needed, blocks_.free_count()};
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

/// Takes a node out of its list; what it holds stays.
void Store::unlink(Entry& entry, uint32_t index) {
  KV_ASSERT(entry.length > 0);
  const ListNode node = nodes_[index];
  (node.previous == index_none ? entry.first : nodes_[node.previous].next) = node.next;
  (node.next == index_none ? entry.last : nodes_[node.next].previous) = node.previous;
  --entry.length;
}

}  // namespace kv
