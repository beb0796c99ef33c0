// The store's keys as such: when they expire, what they are called, and freeing what is dead.

#include <algorithm>

#include "kvcore/memory/assert.hpp"
#include "server/planted.hpp"
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
    entry.timer = index_none;  // The wheel has let go of it.
    remove(index);
    ++expired_count_;
  }
  return steps == 0 || dead_ != index_none;
}

bool Store::reclaim(const Need& need) {
  while (!has_room(need)) {
    if (dead_ != index_none) {
      free_dead_element();
      continue;
    }
    uint64_t steps = UINT64_MAX;
    const uint32_t index = wheel_.next_due(steps);
    if (index == index_none) return false;
    table_.entry(index).timer = index_none;
    remove(index);
    ++expired_count_;
  }
  return true;
}

StoreResult Store::make_more_room(const Need& need) {
  if (reclaim(need)) return {};
  const uint64_t entries = table_.capacity() - table_.count();
  if (need.entries > entries) return {Code::no_entry, need.entries, entries};
  if (need.blocks > blocks_.free_count()) {
    return {Code::no_block, need.blocks, blocks_.free_count()};
  }
  if (need.nodes > nodes_.free_count()) return {Code::no_node, need.nodes, nodes_.free_count()};
  return {Code::no_timer, need.timers, wheel_.free_count()};
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
  return entry.type != Type::free && !is_due(entry);
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
  const uint32_t timer = entry(found).timer;
  return timer != index_none ? wheel_.deadline_ms(timer) : no_deadline;
}

StoreResult Store::set_deadline(Found found, uint64_t deadline_ms) {
  KV_ASSERT(found);
  const bool more = sets_timer(deadline_ms) && entry(found).timer == index_none;
  if (const StoreResult room = make_room({.timers = more}); !room.ok()) return room;
  change_deadline(found.index, deadline_ms);
  note_change(found.index);
  return {};
}

/// REQUIRES: a free timer where the entry needs one.
void Store::change_deadline(uint32_t index, uint64_t deadline_ms) {
  if (deadline_ms == keep_deadline) return;
  Entry& entry = table_.entry(index);
  if (deadline_ms == no_deadline) {
    if (entry.timer != index_none) wheel_.cancel(entry.timer);
    entry.timer = index_none;
  } else if (entry.timer != index_none) {
    wheel_.change(entry.timer, deadline_ms);
  } else {
    entry.timer = wheel_.set(index, deadline_ms);
  }
}

StoreResult Store::write(std::string_view key, Found found, uint64_t offset,
                         std::string_view data) {
  const uint64_t old_bytes = found ? entry(found).length : 0;
  const uint64_t bytes = std::max(old_bytes, offset + data.size());
  Need need = {.entries = !found, .blocks = string_blocks(key.size(), bytes)};
  if (found) need.blocks -= string_blocks(key.size(), old_bytes);
  if (const StoreResult room = make_room(need); !room.ok()) return room;
  if (!found) found.index = insert(key, found.hash, Type::string);
  Entry& entry = table_.entry(found.index);
  KV_ASSERT(entry.type == Type::string);
  blocks_.write(entry.key_block, entry.chain_bytes(), entry.key_bytes + offset, data);
  entry.length = static_cast<uint32_t>(bytes);
  if (!planted(Fault::missed_change)) note_change(found.index);
  note_use();
  return {Code::ok, bytes};
}

StoreResult Store::rename(Found from, std::string_view to) {
  const Found target = peek(to);
  if (target.index == from.index) return {};
  Entry& entry = table_.entry(from.index);
  const uint64_t before = blocks_.blocks_for(entry.chain_bytes());
  const uint64_t after = blocks_.blocks_for(entry.chain_bytes() - entry.key_bytes + to.size());
  const uint64_t more = after - std::min(after, before);
  const uint64_t given_back = target ? blocks_of(this->entry(target), more) : 0;
  if (const StoreResult room = make_room({.blocks = more - given_back}); !room.ok()) return room;
  if (target) {
    replace(target, from, to, more);
  } else {
    change_name(entry, to);
    // It goes to another bucket, in the same entry: the one that was freed last is taken first.
    Entry moved = entry;
    note_change(from.index, /*goes=*/true);
    table_.erase(from.index);
    const uint32_t index = table_.insert(target.hash);
    KV_ASSERT(index == from.index);
    moved.hash_high = table_.entry(index).hash_high;
    table_.entry(index) = moved;
    if (!planted(Fault::lost_wake_up)) note_change(index);
  }
  note_use();
  return {};
}

/// Rewrites the key. REQUIRES: there are the blocks that it takes more.
void Store::change_name(Entry& entry, std::string_view name) {
  entry.key_block =
      blocks_.replace_head(entry.key_block, entry.chain_bytes(), entry.key_bytes, name);
  entry.key_bytes = static_cast<uint32_t>(name.size());
}

/// Gives the entry `target` under `name` what `from` holds, and frees `from`. REQUIRES: with what
/// `target` gives back there are the blocks that the name takes more.
void Store::replace(Found target, Found from, std::string_view name, uint64_t blocks) {
  Entry& source = table_.entry(from.index);
  Entry& replaced = table_.entry(target.index);
  release(replaced);
  // What was replaced may be dead and not yet free.
  const bool enough = reclaim({.blocks = blocks});
  KV_ASSERT(enough);
  change_name(source, name);
  replaced.key_block = source.key_block;
  replaced.key_bytes = source.key_bytes;
  replaced.first = source.first;
  replaced.length = source.length;
  replaced.accessed_s = source.accessed_s;
  replaced.type = source.type;
  change_deadline(target.index, no_deadline);
  replaced.timer = source.timer;
  if (replaced.timer != index_none) wheel_.set_entry(replaced.timer, target.index);
  note_change(target.index);
  note_change(from.index, /*goes=*/true);
  table_.erase(from.index);
}

StoreResult Store::copy(Found from, std::string_view to) {
  Found target = peek(to);
  KV_ASSERT(target.index != from.index);
  const auto nodes_of = [](const Entry& entry) -> uint64_t {
    return entry.type == Type::list ? entry.length : 0;
  };
  const Entry source = entry(from);
  const Need whole = {.blocks = blocks_under(source, to.size()), .nodes = nodes_of(source)};
  Need need = whole;
  need.entries = !target;
  need.timers = source.timer != index_none && !(target && entry(target).timer != index_none);
  if (target) {
    need.blocks -= blocks_of(entry(target), need.blocks);
    need.nodes -= std::min(need.nodes, nodes_of(entry(target)));
  }
  if (const StoreResult room = make_room(need); !room.ok()) return room;

  if (target) {
    if (!planted(Fault::leaked_blocks)) release(table_.entry(target.index));
  } else {
    target.index = table_.insert(target.hash);
    marks_.made(target.index);
    table_.entry(target.index).accessed_s = now_s_;
    table_.entry(target.index).timer = index_none;
  }
  // What was replaced may be dead and not yet free.
  const bool enough = reclaim(whole);
  KV_ASSERT(enough);
  Entry& copied = table_.entry(target.index);
  copied.key_bytes = static_cast<uint32_t>(to.size());
  copied.key_block = blocks_.store(to, source.key_block, source.chain_bytes(), source.key_bytes);
  copied.type = source.type;
  copied.first = index_none;
  copied.length = 0;
  if (source.type == Type::string) {
    copied.length = source.length;
  } else {
    copy_elements(source, copied);
  }
  change_deadline(target.index, deadline_ms(from));
  note_change(target.index);
  note_use();
  return {};
}

/// REQUIRES: there are blocks and nodes enough, and `target` has no elements.
void Store::copy_elements(const Entry& source, Entry& target) {
  for (uint32_t at = source.first; at != index_none; at = nodes_[at].next) {
    const uint32_t index = nodes_.allocate();
    nodes_[index].block = blocks_.store({}, nodes_[at].block, nodes_[at].bytes, /*offset=*/0);
    nodes_[index].bytes = nodes_[at].bytes;
    link(target, index, ListEnd::tail);
  }
}

}  // namespace kv
