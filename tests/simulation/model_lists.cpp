// The model's lists, and the commands that wait for their elements.

#include <algorithm>
#include <cmath>

#include "model.hpp"
#include "model_text.hpp"

namespace kv::sim {

namespace {

std::string too_long(uint64_t length, uint64_t limit) {
  return error("list of " + std::to_string(length) + " elements would exceed list_length_max (" +
               std::to_string(limit) + ")");
}

std::string elements_reply(const std::deque<std::string>& elements) {
  std::string reply = array(elements.size());
  for (const std::string& element : elements) reply += bulk(element);
  return reply;
}

/// The part of a list between two positions, both included; negative ones count from the end.
std::deque<std::string> part_of(const std::deque<std::string>& list, int64_t first, int64_t last) {
  const auto length = static_cast<int64_t>(list.size());
  if (first < 0) first += length;
  if (last < 0) last += length;
  std::deque<std::string> out;
  for (int64_t i = 0; i < length; ++i) {
    if (i >= first && i <= last) out.push_back(list[static_cast<uint64_t>(i)]);
  }
  return out;
}

/// What is wrong with the seconds that a client is ready to wait; nothing if they are right.
std::string wrong_timeout(const std::string& text) {
  if (text.find_first_not_of("0123456789.-") != std::string::npos) {
    return error("timeout is not a float or out of range");
  }
  return text.starts_with("-") ? error("timeout is negative") : "";
}

bool is_left(const std::string& word) { return upper(word) == "LEFT"; }

}  // namespace

void Model::add_lists() {
  for (const char* name : {"RPUSH", "LPUSH", "RPUSHX", "LPUSHX"}) handlers_[name] = &Model::push;
  for (const char* name : {"RPOP", "LPOP"}) handlers_[name] = &Model::pop;
  for (const char* name : {"LLEN", "LRANGE", "LINDEX", "LPOS"}) {
    handlers_[name] = &Model::read_list;
  }
  for (const char* name : {"LSET", "LINSERT", "LREM"}) handlers_[name] = &Model::edit_list;
  handlers_["LTRIM"] = &Model::trim;
  for (const char* name : {"LMOVE", "RPOPLPUSH", "BLMOVE", "BRPOPLPUSH"}) {
    handlers_[name] = &Model::move;
  }
  for (const char* name : {"LMPOP", "BLMPOP", "BLPOP", "BRPOP"}) {
    handlers_[name] = &Model::pop_first;
  }
}

Expected Model::push(const Words& words) {
  const std::string name = upper(words[0]);
  const uint64_t limit = allocation_.config.list_length_max;
  if (name.ends_with("X") && find(words[1]) == nullptr) return {integer(0)};
  if (has_other(words[1], /*list=*/true)) return {wrong_type};
  Keys after = keys_;
  Value& value = after[words[1]];
  value.is_list = true;
  for (uint64_t i = 2; i < words.size(); ++i) {
    name[0] == 'L' ? value.list.push_front(words[i]) : value.list.push_back(words[i]);
  }
  const uint64_t length = value.list.size();
  if (length > limit) return {too_long(length, limit)};
  if (const std::string full = commit(after); !full.empty()) return {full, /*is_prefix=*/true};
  note_change(words[1]);
  return {integer(static_cast<int64_t>(length))};
}

/// LPOP key [count]
Expected Model::pop(const Words& words) {
  if (words.size() > 3) {
    return {error("wrong number of arguments for '" + lower(words[0]) + "' command")};
  }
  const bool with_count = words.size() == 3;
  const std::optional<int64_t> count = with_count ? to_integer(words[2]) : 1;
  if (!count || *count < 0) return {error("value is out of range, must be positive")};
  if (find(words[1]) == nullptr) return {with_count ? null_array() : null()};
  if (has_other(words[1], /*list=*/true)) return {wrong_type};
  const bool left = upper(words[0]) == "LPOP";
  std::deque<std::string>& list = keys_[words[1]].list;
  std::deque<std::string> taken;
  while (!list.empty() && taken.size() < static_cast<uint64_t>(*count)) {
    taken.push_back(left ? list.front() : list.back());
    left ? list.pop_front() : list.pop_back();
  }
  if (!taken.empty()) note_change(words[1]);
  if (list.empty()) keys_.erase(words[1]);
  return {with_count ? elements_reply(taken) : bulk(taken.front())};
}

/// LLEN key, LRANGE key start stop, LINDEX key index, LPOS key element.
Expected Model::read_list(const Words& words) {
  const std::string name = upper(words[0]);
  const Value* const value = find(words[1]);
  std::optional<int64_t> first, last;
  if (name == "LRANGE") {
    first = to_integer(words[2]);
    last = to_integer(words[3]);
    if (!first || !last) return {no_integer};
  }
  if (value == nullptr) {
    return {name == "LLEN" ? integer(0) : name == "LRANGE" ? array(0) : null()};
  }
  if (!value->is_list) return {wrong_type};
  if (name == "LLEN") return {integer(static_cast<int64_t>(value->list.size()))};
  if (name == "LRANGE") return {elements_reply(part_of(value->list, *first, *last))};
  if (name == "LINDEX") {
    const std::optional<int64_t> index = to_integer(words[2]);
    if (!index) return {no_integer};
    const std::deque<std::string> one = part_of(value->list, *index, *index);
    return {one.empty() ? null() : bulk(one.front())};
  }
  const auto at = std::find(value->list.begin(), value->list.end(), words[2]);
  return {at == value->list.end() ? null() : integer(at - value->list.begin())};
}

/// LSET key index element, LINSERT key BEFORE|AFTER pivot element, LREM key count element.
Expected Model::edit_list(const Words& words) {
  const std::string name = upper(words[0]);
  const std::optional<int64_t> number = to_integer(words[2]);
  const std::string side = upper(words[2]);
  if (name == "LINSERT" && side != "BEFORE" && side != "AFTER") return {no_syntax};
  if (name == "LREM" && !number) return {no_integer};
  if (find(words[1]) == nullptr) return {name == "LSET" ? error("no such key") : integer(0)};
  if (has_other(words[1], /*list=*/true)) return {wrong_type};
  Keys after = keys_;
  std::deque<std::string>& list = after[words[1]].list;
  const auto length = static_cast<int64_t>(list.size());
  std::string reply = ok;
  if (name == "LSET") {
    if (!number) return {no_integer};
    const int64_t index = *number < 0 ? *number + length : *number;
    if (index < 0 || index >= length) return {error("index out of range")};
    list[static_cast<uint64_t>(index)] = words[3];
  } else if (name == "LINSERT") {
    auto at = std::find(list.begin(), list.end(), words[3]);
    if (at == list.end()) return {integer(-1)};
    list.insert(side == "AFTER" ? at + 1 : at, words[4]);
    const uint64_t limit = allocation_.config.list_length_max;
    if (list.size() > limit) return {too_long(list.size(), limit)};
    reply = integer(static_cast<int64_t>(list.size()));
  } else {
    int64_t left = *number == 0 ? INT64_MAX : std::abs(*number);
    int64_t removed = 0;
    const bool backwards = *number < 0;
    if (backwards) std::reverse(list.begin(), list.end());
    for (auto at = list.begin(); at != list.end() && left > 0;) {
      if (*at != words[3]) {
        ++at;
        continue;
      }
      at = list.erase(at);
      ++removed;
      --left;
    }
    if (backwards) std::reverse(list.begin(), list.end());
    if (list.empty()) after.erase(words[1]);
    if (removed == 0) return {integer(0)};
    reply = integer(removed);
  }
  if (const std::string full = commit(after); !full.empty()) return {full, /*is_prefix=*/true};
  note_change(words[1]);
  return {reply};
}

Expected Model::trim(const Words& words) {
  const std::optional<int64_t> first = to_integer(words[2]);
  const std::optional<int64_t> last = to_integer(words[3]);
  if (!first || !last) return {no_integer};
  if (has_other(words[1], /*list=*/true)) return {wrong_type};
  if (find(words[1]) == nullptr) return {ok};
  note_change(words[1]);
  std::deque<std::string>& list = keys_[words[1]].list;
  list = part_of(list, *first, *last);
  if (list.empty()) keys_.erase(words[1]);
  return {ok};
}

/// LMOVE, RPOPLPUSH, and BLMOVE, BRPOPLPUSH, which wait where there is nothing to move.
Expected Model::move(const Words& words) {
  const std::string name = upper(words[0]);
  const bool by_words = name.ends_with("LMOVE");
  const bool from_left = by_words && is_left(words[3]);
  const bool to_left = !by_words || is_left(words[4]);
  const bool waits = name[0] == 'B';
  if (waits) {
    const std::string wrong = wrong_timeout(words.back());
    if (!wrong.empty()) return {wrong};
    const bool skipped = at_.resumed && has_other(words[1], /*list=*/true);
    if (find(words[1]) == nullptr || skipped || !looks_at(words[1])) {
      return wait_for({words[1]}, words.back(), /*null_is_array=*/false);
    }
  }
  const Expected out = move_element(words[1], words[2], from_left, to_left);
  if (at_.resumed) served_from_ = words[1];
  return out;
}

Expected Model::move_element(const std::string& from, const std::string& to, bool from_left,
                             bool to_left) {
  if (find(from) == nullptr) return {null()};
  if (has_other(from, /*list=*/true)) return {wrong_type};
  Keys after = keys_;
  std::deque<std::string>& source = after[from].list;
  const std::string element = from_left ? source.front() : source.back();
  if (has_other(to, /*list=*/true)) return {wrong_type};
  from_left ? source.pop_front() : source.pop_back();
  if (source.empty() && from != to) after.erase(from);
  Value& target = after[to];
  target.is_list = true;
  to_left ? target.list.push_front(element) : target.list.push_back(element);
  const uint64_t limit = allocation_.config.list_length_max;
  if (target.list.size() > limit) return {too_long(target.list.size(), limit)};
  if (const std::string full = commit(after); !full.empty()) return {full, /*is_prefix=*/true};
  note_change(from);
  note_change(to);
  return {bulk(element)};
}

/// LMPOP numkeys key … LEFT|RIGHT [COUNT n], BLMPOP timeout numkeys …, BLPOP key … timeout.
Expected Model::pop_first(const Words& words) {
  const std::string name = upper(words[0]);
  const bool multi = name.ends_with("MPOP"), waits = name[0] == 'B';
  uint64_t first = 1, last = words.size() - 2, count = 1;
  bool left = name == "BLPOP";
  if (multi) {
    const uint64_t at = waits ? 2 : 1;
    const std::optional<int64_t> keys = to_integer(words[at]);
    if (!keys || *keys <= 0) return {error("numkeys should be greater than 0")};
    first = at + 1;
    last = at + static_cast<uint64_t>(*keys);
    if (last + 1 >= words.size()) return {no_syntax};
    left = is_left(words[last + 1]);
    if (words.size() == last + 4) {
      count = static_cast<uint64_t>(*to_integer(words[last + 3]));
      if (count == 0) return {error("count should be greater than 0")};
    }
  }
  const std::string& timeout = multi ? words[1] : words.back();
  if (const std::string wrong = waits ? wrong_timeout(timeout) : ""; !wrong.empty()) {
    return {wrong};
  }
  for (uint64_t i = first; i <= last; ++i) {
    if (find(words[i]) == nullptr || !looks_at(words[i])) continue;
    if (find_list(words[i]) != nullptr) return take(words[i], left, count, /*is_single=*/!multi);
    if (!at_.resumed) return {wrong_type};
  }
  if (!waits) return {null_array()};
  const auto begin = words.begin();
  return wait_for({begin + static_cast<int64_t>(first), begin + static_cast<int64_t>(last) + 1},
                  timeout, /*null_is_array=*/true);
}

Expected Model::take(const std::string& key, bool left, uint64_t count, bool is_single) {
  std::deque<std::string>& list = keys_[key].list;
  std::deque<std::string> taken;
  while (!list.empty() && taken.size() < count) {
    taken.push_back(left ? list.front() : list.back());
    left ? list.pop_front() : list.pop_back();
  }
  if (list.empty()) keys_.erase(key);
  note_change(key);
  if (at_.resumed) served_from_ = key;
  return {array(2) + bulk(key) + (is_single ? bulk(taken.front()) : elements_reply(taken))};
}

bool Model::looks_at(const std::string& key) const {
  if (at_.timed_out) return false;
  return !at_.resumed || !at_.looks_at || at_.looks_at(key);
}

/// A client waits, unless it is in a transaction, has waited long enough, or there is no room for
/// one more that waits: then the reply says so.
Expected Model::wait_for(const std::vector<std::string>& keys, const std::string& timeout,
                         bool null_is_array) {
  const double seconds = std::atof(timeout.c_str());
  if (executing_ || at_.timed_out) {
    return {null_is_array || at_.timed_out ? null_array() : null()};
  }
  effect_ = Effect::blocks;
  if (at_.resumed) return {};
  const Config& config = allocation_.config;
  const uint64_t clients_max = allocation_.terms.blocked_clients_max;
  if (blocked_count() >= clients_max) {
    return {error("too many blocked clients (" + std::to_string(clients_max) +
                  "): the rest of request_buffers is for those who are not")};
  }
  if (keys.size() > config.key_watches_max - watches_used()) {
    return {error("too many watched keys: key_watches_max (" +
                  std::to_string(config.key_watches_max) + ")")};
  }
  if (at_.too_large_to_block) {
    return {error("a blocking command and what follows it must be smaller than a receive buffer (" +
                  std::to_string(allocation_.terms.request_unit_bytes) + ")")};
  }
  session_->blocked = true;
  session_->waits = keys;
  session_->blocked_since = ++blocked_so_far_;
  session_->gives_up_ms =
      seconds == 0 ? never : at_.clock_ms + static_cast<uint64_t>(std::ceil(seconds * 1000));
  return {};
}

}  // namespace kv::sim
