#include "server/store.hpp"

#include <algorithm>
#include <utility>

#include "kvcore/memory/assert.hpp"
#include "server/planted.hpp"

namespace kv {

namespace {

using Code = StoreResult::Code;
using Type = Entry::Type;

std::string_view view(const Slice& slice) { return {slice.data, slice.bytes}; }

/// Pairs of slices as heap sort sees them. While they are sorted, the upper half of a key's
/// size holds the pair's place in the command, so that equal keys keep their order.
class PairSort {
 public:
  explicit PairSort(std::span<Slice> pairs) : pairs_(pairs) {}

  void sort() {
    const uint64_t count = pairs_.size() / 2;
    for (uint64_t i = 0; i < count; ++i) pairs_[2 * i].bytes |= i << 32;
    for (uint64_t i = count / 2; i > 0; --i) sift(i - 1, count);
    for (uint64_t end = count; end > 1; --end) {
      swap(0, end - 1);
      sift(0, end - 1);
    }
    for (uint64_t i = 0; i < count; ++i) pairs_[2 * i].bytes = key_bytes(i);
  }

 private:
  uint64_t key_bytes(uint64_t pair) const { return static_cast<uint32_t>(pairs_[2 * pair].bytes); }
  uint64_t place(uint64_t pair) const { return pairs_[2 * pair].bytes >> 32; }

  bool less(uint64_t a, uint64_t b) const {
    const std::string_view left(pairs_[2 * a].data, key_bytes(a));
    const std::string_view right(pairs_[2 * b].data, key_bytes(b));
    const int order = left.compare(right);
    return order != 0 ? order < 0 : place(a) < place(b);
  }

  void swap(uint64_t a, uint64_t b) {
    std::swap(pairs_[2 * a], pairs_[2 * b]);
    std::swap(pairs_[2 * a + 1], pairs_[2 * b + 1]);
  }

  void sift(uint64_t at, uint64_t count) {
    for (;;) {
      uint64_t child = 2 * at + 1;
      if (child >= count) return;
      if (child + 1 < count && less(child, child + 1)) ++child;
      if (!less(at, child)) return;
      swap(at, child);
      at = child;
    }
  }

  std::span<Slice> pairs_;
};

/// Leaves the last pair of each key and returns how many slices that are.
uint64_t keep_last_of_each_key(std::span<Slice> pairs) {
  PairSort(pairs).sort();
  uint64_t kept = 0;
  for (uint64_t i = 0; i < pairs.size(); i += 2) {
    if (i + 2 < pairs.size() && view(pairs[i]) == view(pairs[i + 2])) continue;
    pairs[kept] = pairs[i];
    pairs[kept + 1] = pairs[i + 1];
    kept += 2;
  }
  return kept;
}

}  // namespace

Store Store::carve(Arena& arena, const Config& config, HashKey hash_key) {
  const Table table = Table::carve(arena, config, hash_key);
  const BlockPool blocks = BlockPool::carve(arena, config);
  const NodePool nodes = NodePool::carve(arena, config);
  const TimingWheel wheel = TimingWheel::carve(arena, config);
  const KeyWatches watches = KeyWatches::carve(arena, config);
  return Store(table, blocks, nodes, wheel, watches, config.list_length_max);
}

Store::Store(const Table& table, const BlockPool& blocks, const NodePool& nodes,
             const TimingWheel& wheel, const KeyWatches& watches, uint64_t list_length_max)
    : StoreContent(table, blocks, nodes),
      wheel_(wheel),
      watches_(watches),
      list_length_max_(list_length_max) {}

PoolUse Store::use(Part part) const {
  if (part == Part::entries) return {table_.count(), entries_used_max_};
  if (part == Part::blocks) return {blocks_.used_count(), blocks_used_max_};
  if (part == Part::timers) return {wheel_.count(), wheel_.count_max_seen()};
  KV_ASSERT(part == Part::list_nodes);
  return {nodes_.used_count(), nodes_used_max_};
}

Store::Found Store::find(std::string_view key, uint64_t hash) {
  const Found found = peek(key, hash);
  if (found) table_.entry(found.index).accessed_s = now_s_;
  return found;
}

Store::Found Store::peek(std::string_view key, uint64_t hash) {
  const uint32_t index = table_.find(key, hash, blocks_);
  const bool is_dead = index != index_none && is_due(table_.entry(index));
  if (!is_dead || planted(Fault::expired_key)) return {index, hash};
  remove_expired(index);
  return {index_none, hash};
}

StoreResult Store::set(std::string_view key, std::string_view value, uint64_t deadline_ms) {
  const Found found = find(key);
  const bool has_timer = found && entry(found).timer != index_none;
  const bool has_blocks =
      found && entry(found).type == Type::string && value.size() <= entry(found).length;
  Need need = {.entries = !found,
               .blocks = has_blocks ? 0 : string_blocks(key.size(), value.size()),
               .timers = sets_timer(deadline_ms) && !has_timer};
  if (found && need.blocks > blocks_.free_count()) {
    need.blocks -= blocks_of(table_.entry(found.index), need.blocks);
  }
  if (const StoreResult room = make_room(need); !room.ok()) return room;
  set_found(key, found, value, deadline_ms);
  note_use();
  return {};
}

/// Sets without a check: the caller made sure of the entry, the blocks and the timer.
void Store::set_found(std::string_view key, Found found, std::string_view value,
                      uint64_t deadline_ms) {
  if (!found) {
    found.index = insert(key, found.hash, Type::string, value);
    note_change(found.index);
    if (sets_timer(deadline_ms)) change_deadline(found.index, deadline_ms);
    return;
  }
  note_change(found.index);
  Entry& entry = table_.entry(found.index);
  change_deadline(found.index, deadline_ms);
  if (entry.type == Type::list) {
    release_elements(entry);
    entry.type = Type::string;
    reclaim({.blocks = string_blocks(key.size(), value.size()) - blocks_.blocks_for(key.size())});
  }
  blocks_.overwrite(entry.key_block, entry.chain_bytes(), entry.key_bytes, value);
  entry.length = static_cast<uint32_t>(value.size());
}

StoreResult Store::set_all(std::span<Slice> pairs) {
  KV_ASSERT(pairs.size() % 2 == 0);
  // What is enough in any case: no key comes twice, nothing shrinks, no list is replaced.
  Need need;
  for (uint64_t i = 0; i < pairs.size(); i += 2) {
    const Found found = find(view(pairs[i]));
    const uint64_t blocks = string_blocks(pairs[i].bytes, pairs[i + 1].bytes);
    const uint64_t old = found ? blocks_.blocks_for(entry(found).chain_bytes()) : 0;
    if (!found) ++need.entries;
    if (blocks > old) need.blocks += blocks - old;
  }
  if (!reclaim(need)) return set_all_exactly(pairs);
  for (uint64_t i = 0; i < pairs.size(); i += 2) {
    set_found(view(pairs[i]), find(view(pairs[i])), view(pairs[i + 1]), no_deadline);
  }
  note_use();
  return {};
}

/// Near the limits: what the pairs need is counted as the difference that they make.
StoreResult Store::set_all_exactly(std::span<Slice> pairs) {
  pairs = pairs.first(keep_last_of_each_key(pairs));
  uint64_t entries = 0;
  uint64_t taken = 0;
  uint64_t given_back = 0;
  for (uint64_t i = 0; i < pairs.size(); i += 2) {
    const Found found = find(view(pairs[i]));
    taken += string_blocks(pairs[i].bytes, pairs[i + 1].bytes);
    if (found) {
      given_back += blocks_of(entry(found));
    } else {
      ++entries;
    }
  }
  const uint64_t entries_free = table_.capacity() - table_.count();
  if (entries > entries_free) return {Code::no_entry, entries, entries_free};
  const uint64_t needed = taken - std::min(taken, given_back);
  if (needed > blocks_.free_count()) return {Code::no_block, needed, blocks_.free_count()};

  // First those that give blocks back, then those that take some, perhaps of what is only now dead.
  for (const bool shrinking : {true, false}) {
    for (uint64_t i = 0; i < pairs.size(); i += 2) {
      const Found found = find(view(pairs[i]));
      const uint64_t old = found ? blocks_of(entry(found)) : 0;
      const uint64_t after = string_blocks(pairs[i].bytes, pairs[i + 1].bytes);
      if ((after <= old) != shrinking) continue;
      if (!shrinking) reclaim({.blocks = after - old});
      set_found(view(pairs[i]), found, view(pairs[i + 1]), no_deadline);
    }
  }
  note_use();
  return {};
}

StoreResult Store::push(std::string_view key, std::span<const Slice> elements, ListEnd end) {
  KV_ASSERT(!elements.empty());
  Found found = find(key);
  if (found && table_.entry(found.index).type != Type::list) return {Code::wrong_type};
  const uint64_t length = (found ? table_.entry(found.index).length : 0) + elements.size();
  if (length > list_length_max_) return {Code::too_long, length};
  Need need = {.entries = !found,
               .blocks = found ? 0 : blocks_.blocks_for(key.size()),
               .nodes = elements.size()};
  for (const Slice& element : elements) need.blocks += blocks_.blocks_for(element.bytes);
  if (const StoreResult room = make_room(need); !room.ok()) return room;

  if (!found) found.index = insert(key, found.hash, Type::list);
  Entry& entry = table_.entry(found.index);
  for (const Slice& element : elements) {
    const uint32_t index = nodes_.allocate();
    nodes_[index].block = blocks_.store(view(element));
    nodes_[index].bytes = static_cast<uint32_t>(element.bytes);
    link(entry, index, end);
  }
  note_use();
  note_change(found.index);
  KV_ASSERT(entry.length == length);
  return {Code::ok, length};
}

void Store::pop(Found found, uint64_t count, ListEnd end) {
  Entry& entry = table_.entry(found.index);
  KV_ASSERT(entry.type == Type::list);
  KV_ASSERT(count <= entry.length);
  release_elements(entry, count, end);
  if (entry.length == 0) {
    remove(found.index);
  } else if (count > 0) {
    note_change(found.index);
  }
}

bool Store::erase(std::string_view key) {
  const Found found = peek(key);
  if (found) remove(found.index);
  return static_cast<bool>(found);
}

void Store::remove(uint32_t index) {
  Entry& entry = table_.entry(index);
  note_change(index, /*goes=*/true);
  marks_.goes(index);
  release(entry);
  if (entry.timer != index_none) wheel_.cancel(entry.timer);
  table_.erase(index);
}

void Store::clear() {
  KV_ASSERT(!marks_.active());
  changes_ += table_.count();
  if (watches_.active()) watches_.cleared();
  table_.clear();
  blocks_.clear();
  nodes_.clear();
  wheel_.clear();
  dead_ = index_none;
}

/// Blocks of what the entry holds, under a key of so many bytes; counted no further than to
/// `enough`.
uint64_t Store::blocks_under(const Entry& entry, uint64_t key_bytes, uint64_t enough) const {
  if (entry.type == Type::string) return std::min(enough, string_blocks(key_bytes, entry.length));
  KV_ASSERT(entry.type == Type::list);
  uint64_t blocks = blocks_.blocks_for(key_bytes);
  for (uint32_t at = entry.first; at != index_none && blocks < enough; at = nodes_[at].next) {
    blocks += blocks_.blocks_for(nodes_[at].bytes);
  }
  return std::min(enough, blocks);
}

/// Makes an entry of the key, with a string's value or a list that has no elements yet.
uint32_t Store::insert(std::string_view key, uint64_t hash, Entry::Type type,
                       std::string_view value) {
  const uint32_t index = table_.insert(hash);
  if (!planted(Fault::unmarked_key)) marks_.made(index);
  Entry& entry = table_.entry(index);
  entry.key_block = blocks_.store(key, value);
  entry.key_bytes = static_cast<uint32_t>(key.size());
  entry.first = index_none;
  entry.timer = index_none;
  entry.length = static_cast<uint32_t>(value.size());
  entry.accessed_s = now_s_;
  entry.type = type;
  return index;
}

/// Gives back everything that the entry holds, its key too.
void Store::release(Entry& entry) {
  if (entry.type == Type::list) release_elements(entry);
  blocks_.release(entry.key_block, entry.chain_bytes());
}

void Store::note_use() {
  entries_used_max_ = std::max(entries_used_max_, table_.count());
  blocks_used_max_ = std::max(blocks_used_max_, blocks_.used_count());
  nodes_used_max_ = std::max(nodes_used_max_, nodes_.used_count());
}

}  // namespace kv
