// The store's keys as such: when they expire, what they are called, and freeing what is dead.

#include <algorithm>

#include "kvcore/memory/assert.hpp"
#include "server/store.hpp"

namespace kv {

namespace {

using Code = StoreResult::Code;
using Type = Entry::Type;

// What tidying costs, in steps of the wheel: a deleted key touches about as much memory as eight
// timers that move down, and an element of a list as much as four.
constexpr uint64_t key_steps = 8;
constexpr uint64_t element_steps = 4;

}  // namespace

void Store::move_clock(uint64_t now_ms) {
  now_ms_ = now_ms;
  now_s_ = static_cast<uint32_t>(now_ms / 1000);
  wheel_.advance(now_ms);
}

bool Store::tidy(uint64_t steps) {
  const auto spend = [&](uint64_t cost) { steps -= std::min(steps, cost); };
  while (steps > 0 && dead_ != index_none) {
    free_dead_element();
    spend(element_steps);
  }
  while (steps > 0) {
    const uint32_t index = wheel_.next_due(steps);
    if (index == index_none) break;
    Entry& entry = table_.entry(index);
    spend(key_steps);
    if (entry.type == Type::list && entry.length <= elements_freed_at_once) {
      spend(element_steps * entry.length);
    }
    entry.expires = false;  // The wheel has let go of it.
    remove(index);
    ++expired_count_;
  }
  return steps == 0 || dead_ != index_none;
}

bool Store::reclaim(uint64_t entries, uint64_t blocks, uint64_t nodes) {
  const auto enough = [&] {
    return entries <= table_.capacity() - table_.count() && blocks <= blocks_.free_count() &&
           nodes <= nodes_.free_count();
  };
  while (!enough()) {
    if (dead_ != index_none) {
      free_dead_element();
      continue;
    }
    uint64_t steps = UINT64_MAX;
    const uint32_t index = wheel_.next_due(steps);
    if (index == index_none) return false;
    table_.entry(index).expires = false;
    remove(index);
    ++expired_count_;
  }
  return true;
}

void Store::free_dead_element() {
  const uint32_t index = dead_;
  const ListNode node = nodes_[index];
  dead_ = node.next;
  blocks_.release(node.block, node.bytes);
  nodes_.release(index);
}

void Store::remove_expired(uint32_t index) {
  remove(index);
  ++expired_count_;
}

uint64_t Store::average_ttl_ms() const {
  if (wheel_.count() == 0) return 0;
  const auto average = static_cast<uint64_t>(wheel_.deadline_sum() / wheel_.count());
  return average > now_ms_ ? average - now_ms_ : 0;
}

bool Store::is_live(uint32_t index) const {
  const Entry& entry = table_.entry(index);
  return entry.type != Type::free && !(entry.expires && is_due(index));
}

uint32_t Store::random_entry() {
  while (table_.count() > 0) {
    // Source: xorshift64*, as in Marsaglia and Vigna.
    random_ ^= random_ >> 12;
    random_ ^= random_ << 25;
    random_ ^= random_ >> 27;
    const uint32_t index = table_.random_entry(random_ * 0x2545f4914f6cdd1d);
    if (is_live(index)) return index;
    remove_expired(index);
  }
  return index_none;
}

uint64_t Store::deadline_ms(Found found) const {
  return entry(found).expires ? wheel_.deadline_ms(found.index) : no_deadline;
}

void Store::set_deadline(Found found, uint64_t deadline_ms) {
  KV_ASSERT(found);
  change_deadline(found.index, deadline_ms);
  note_change(found.index);
}

void Store::change_deadline(uint32_t index, uint64_t deadline_ms) {
  if (deadline_ms == keep_deadline) return;
  Entry& entry = table_.entry(index);
  if (entry.expires) wheel_.cancel(index);
  entry.expires = deadline_ms != no_deadline;
  if (entry.expires) wheel_.set(index, deadline_ms);
}

StoreResult Store::write(std::string_view key, Found found, uint64_t offset,
                         std::string_view data) {
  const uint64_t old_bytes = found ? entry(found).length : 0;
  const uint64_t bytes = std::max(old_bytes, offset + data.size());
  uint64_t needed = blocks_.blocks_for(bytes);
  if (found) {
    needed -= blocks_.blocks_for(old_bytes);
  } else {
    if (!reclaim(/*entries=*/1, 0, 0)) return {Code::no_entry, 1, 0};
    needed += blocks_.blocks_for(key.size());
  }
  if (!reclaim(0, needed, 0)) return {Code::no_block, needed, blocks_.free_count()};
  if (!found) {
    found.index = insert(key, found.hash, Type::string);
    table_.entry(found.index).first = blocks_.store({});
  }
  Entry& entry = table_.entry(found.index);
  KV_ASSERT(entry.type == Type::string);
  blocks_.write(entry.first, old_bytes, offset, data);
  entry.length = static_cast<uint32_t>(bytes);
  note_change(found.index);
  note_use();
  return {Code::ok, bytes};
}

StoreResult Store::rename(Found from, std::string_view to) {
  const Found target = peek(to);
  if (target.index == from.index) return {};
  Entry& entry = table_.entry(from.index);
  const uint64_t deadline_ms = this->deadline_ms(from);
  if (target) {
    Entry& replaced = table_.entry(target.index);
    release_value(replaced);
    replaced.type = entry.type;
    replaced.first = entry.first;
    replaced.last = entry.last;
    replaced.length = entry.length;
    replaced.accessed_s = entry.accessed_s;
    change_deadline(from.index, no_deadline);
    change_deadline(target.index, deadline_ms);
    note_change(target.index);
    note_change(from.index, /*goes=*/true);
    blocks_.release(entry.key_block, entry.key_bytes);
    table_.erase(from.index);
    return {};
  }
  const uint64_t old_blocks = blocks_.blocks_for(entry.key_bytes);
  const uint64_t new_blocks = blocks_.blocks_for(to.size());
  const uint64_t needed = new_blocks - std::min(new_blocks, old_blocks);
  if (!reclaim(0, needed, 0)) return {Code::no_block, needed, blocks_.free_count()};
  blocks_.overwrite(entry.key_block, entry.key_bytes, to);
  entry.key_bytes = static_cast<uint32_t>(to.size());
  // It goes to another bucket, in the same entry: the one that was freed last is taken first.
  Entry moved = entry;
  note_change(from.index, /*goes=*/true);
  table_.erase(from.index);
  const uint32_t index = table_.insert(target.hash);
  KV_ASSERT(index == from.index);
  moved.hash_high = table_.entry(index).hash_high;
  table_.entry(index) = moved;
  note_change(index);
  note_use();
  return {};
}

StoreResult Store::copy(Found from, std::string_view to) {
  Found target = peek(to);
  KV_ASSERT(target.index != from.index);
  const auto nodes_of = [](const Entry& entry) -> uint64_t {
    return entry.type == Type::list ? entry.length : 0;
  };
  const Entry source = entry(from);
  const uint64_t blocks = blocks_of(source);
  const uint64_t nodes = nodes_of(source);
  uint64_t blocks_needed = blocks;
  uint64_t nodes_needed = nodes;
  if (target) {
    const Entry& replaced = entry(target);
    blocks_needed -= blocks_of(replaced, blocks);
    nodes_needed -= std::min(nodes, nodes_of(replaced));
  } else {
    if (!reclaim(/*entries=*/1, 0, 0)) return {Code::no_entry, 1, 0};
    blocks_needed += blocks_.blocks_for(to.size());
  }
  if (!reclaim(0, blocks_needed, 0)) return {Code::no_block, blocks_needed, blocks_.free_count()};
  if (!reclaim(0, 0, nodes_needed)) return {Code::no_node, nodes_needed, nodes_.free_count()};

  if (target) {
    release_value(table_.entry(target.index));
  } else {
    target.index = insert(to, target.hash, source.type);
  }
  // What was replaced may be dead and not yet free.
  const bool enough = reclaim(0, blocks, nodes);
  KV_ASSERT(enough);
  copy_value(source, table_.entry(target.index));
  change_deadline(target.index, deadline_ms(from));
  note_change(target.index);
  note_use();
  return {};
}

/// REQUIRES: there are blocks and nodes enough, and `target` holds nothing.
void Store::copy_value(const Entry& source, Entry& target) {
  target.type = source.type;
  if (source.type == Type::string) {
    target.first = blocks_.copy(source.first, source.length);
    target.last = index_none;
    target.length = source.length;
    return;
  }
  target.first = target.last = index_none;
  target.length = 0;
  for (uint32_t at = source.first; at != index_none; at = nodes_[at].next) {
    const uint32_t index = nodes_.allocate();
    nodes_[index].block = blocks_.copy(nodes_[at].block, nodes_[at].bytes);
    nodes_[index].bytes = nodes_[at].bytes;
    link(target, index, ListEnd::tail);
  }
}

}  // namespace kv
