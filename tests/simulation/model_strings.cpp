// The model's strings and counters.

#include <algorithm>

#include "model.hpp"
#include "model_text.hpp"

namespace kv::sim {

namespace {

/// EX and SETEX count seconds, PX and PSETEX milliseconds; both from now.
std::string read_deadline(const std::string& text, bool seconds, uint64_t now_ms,
                          const std::string& command, uint64_t& deadline_ms) {
  const std::optional<int64_t> number = to_integer(text);
  if (!number) return no_integer;
  const int64_t limit = (INT64_MAX - static_cast<int64_t>(now_ms)) / (seconds ? 1000 : 1);
  if (*number <= 0 || *number > limit) {
    return error("invalid expire time in '" + command + "' command");
  }
  deadline_ms = now_ms + static_cast<uint64_t>(*number) * (seconds ? 1000 : 1);
  return {};
}

}  // namespace

void Model::add_strings() {
  for (const char* name : {"SET", "SETNX", "GETSET"}) handlers_[name] = &Model::set;
  for (const char* name : {"SETEX", "PSETEX"}) handlers_[name] = &Model::set_timed;
  for (const char* name : {"GET", "GETDEL", "STRLEN"}) handlers_[name] = &Model::get;
  handlers_["GETEX"] = &Model::getex;
  for (const char* name : {"APPEND", "SETRANGE"}) handlers_[name] = &Model::change_text;
  for (const char* name : {"INCR", "DECR", "INCRBY", "DECRBY"}) handlers_[name] = &Model::count_up;
  handlers_["GETRANGE"] = &Model::get_range;
  handlers_["MGET"] = &Model::get_several;
  for (const char* name : {"MSET", "MSETNX"}) handlers_[name] = &Model::set_several;
}

/// Sets a string, whatever was there before, and answers `done`.
Expected Model::set_value(const std::string& key, const std::string& value, uint64_t deadline_ms,
                          bool keeps_deadline, const std::string& done) {
  Keys after = keys_;
  Value& changed = after[key];
  if (keeps_deadline) deadline_ms = changed.deadline_ms;
  changed = {false, value, {}, deadline_ms};
  if (const std::string full = commit(after); !full.empty()) return {full, /*is_prefix=*/true};
  note_change(key);
  return {done};
}

/// SET key value [NX | XX] [GET] [EX s | PX ms | KEEPTTL], SETNX, GETSET.
Expected Model::set(const Words& words) {
  const std::string name = upper(words[0]);
  bool if_absent = name == "SETNX", if_present = false, gets = name == "GETSET", keeps = false;
  uint64_t deadline_ms = never;
  for (uint64_t i = 3; i < words.size(); ++i) {
    const std::string option = upper(words[i]);
    if (option == "NX" && !if_present) {
      if_absent = true;
    } else if (option == "XX" && !if_absent) {
      if_present = true;
    } else if (option == "GET") {
      gets = true;
    } else if (option == "KEEPTTL" && deadline_ms == never) {
      keeps = true;
    } else if ((option == "EX" || option == "PX") && !keeps && deadline_ms == never &&
               i + 2 == words.size()) {
      const std::string wrong =
          read_deadline(words[++i], option == "EX", at_.unix_ms, "set", deadline_ms);
      if (!wrong.empty()) return {wrong};
    } else {
      return {no_syntax};
    }
  }
  const Value* const old = find(words[1]);
  if (gets && has_other(words[1], /*list=*/false)) return {wrong_type};
  const std::string before = old == nullptr ? null() : bulk(old->text);
  const bool sets = old != nullptr ? !if_absent : !if_present;
  const std::string done = name == "SETNX" ? integer(sets) : gets ? before : sets ? ok : null();
  if (!sets) return {done};
  return set_value(words[1], words[2], deadline_ms, keeps, done);
}

/// SETEX key seconds value, PSETEX key milliseconds value.
Expected Model::set_timed(const Words& words) {
  uint64_t deadline_ms = never;
  const std::string name = lower(words[0]);
  const std::string wrong =
      read_deadline(words[2], name == "setex", at_.unix_ms, name, deadline_ms);
  if (!wrong.empty()) return {wrong};
  return set_value(words[1], words[3], deadline_ms, /*keeps_deadline=*/false, ok);
}

Expected Model::get(const Words& words) {
  const std::string name = upper(words[0]);
  if (has_other(words[1], /*list=*/false)) return {wrong_type};
  const Value* const value = find(words[1]);
  if (name == "STRLEN") {
    return {integer(value == nullptr ? 0 : static_cast<int64_t>(value->text.size()))};
  }
  if (value == nullptr) return {null()};
  const std::string reply = bulk(value->text);
  if (name == "GETDEL") {
    note_change(words[1]);
    keys_.erase(words[1]);
  }
  return {reply};
}

/// GETEX key [EX s | PX ms | PERSIST]
Expected Model::getex(const Words& words) {
  const std::string option = words.size() > 2 ? upper(words[2]) : "";
  const bool timed = option == "EX" || option == "PX";
  const uint64_t count = option.empty() ? 2 : timed ? 4 : 3;
  if (words.size() != count || (!option.empty() && !timed && option != "PERSIST")) {
    return {no_syntax};
  }
  const Value* const value = find(words[1]);
  if (value == nullptr) return {null()};
  uint64_t deadline_ms = never;
  if (timed && !value->is_list) {
    const std::string wrong =
        read_deadline(words[3], option == "EX", at_.unix_ms, "getex", deadline_ms);
    if (!wrong.empty()) return {wrong};
  }
  if (value->is_list) return {wrong_type};
  const std::string reply = bulk(value->text);
  if (timed || (option == "PERSIST" && value->deadline_ms != never)) {
    Keys after = keys_;
    after[words[1]].deadline_ms = deadline_ms;
    if (const std::string full = commit(after); !full.empty()) return {full, /*is_prefix=*/true};
    note_change(words[1]);
  }
  return {reply};
}

/// APPEND key value, SETRANGE key offset value.
Expected Model::change_text(const Words& words) {
  const bool appends = upper(words[0]) == "APPEND";
  const std::string& data = words.back();
  const std::optional<int64_t> offset = appends ? 0 : to_integer(words[2]);
  if (!offset) return {no_integer};
  if (*offset < 0) return {error("offset is out of range")};
  if (has_other(words[1], /*list=*/false)) return {wrong_type};
  const Value* const value = find(words[1]);
  std::string text = value == nullptr ? "" : value->text;
  if (!appends && data.empty()) return {integer(static_cast<int64_t>(text.size()))};
  const uint64_t begin = appends ? text.size() : static_cast<uint64_t>(*offset);
  const uint64_t end = begin + data.size();
  const uint64_t limit = allocation_.config.val_size_max;
  if (end > limit) {
    return {error("value of " + std::to_string(end) + " bytes exceeds val_size_max (" +
                  std::to_string(limit) + ")")};
  }
  if (text.size() < end) text.resize(end, '\0');
  text.replace(begin, data.size(), data);
  return set_value(words[1], text, never, /*keeps_deadline=*/true,
                   integer(static_cast<int64_t>(text.size())));
}

/// INCR, DECR, INCRBY, DECRBY.
Expected Model::count_up(const Words& words) {
  const std::string name = upper(words[0]);
  const bool down = name.starts_with("DECR");
  const std::optional<int64_t> by = words.size() > 2 ? to_integer(words[2]) : 1;
  if (!by) return {no_integer};
  if (down && *by == INT64_MIN) return {error("decrement would overflow")};
  if (has_other(words[1], /*list=*/false)) return {wrong_type};
  const Value* const value = find(words[1]);
  const std::optional<int64_t> old = value == nullptr ? 0 : to_integer(value->text);
  if (!old) return {no_integer};
  int64_t sum = 0;
  if (__builtin_add_overflow(*old, down ? -*by : *by, &sum)) {
    return {error("increment or decrement would overflow")};
  }
  const std::string text = std::to_string(sum);
  const uint64_t limit = allocation_.config.val_size_max;
  if (text.size() > limit) {
    return {error("value of " + std::to_string(text.size()) + " bytes exceeds val_size_max (" +
                  std::to_string(limit) + ")")};
  }
  return set_value(words[1], text, never, /*keeps_deadline=*/true, integer(sum));
}

Expected Model::get_range(const Words& words) {
  const std::optional<int64_t> first = to_integer(words[2]);
  const std::optional<int64_t> last = to_integer(words[3]);
  if (!first || !last) return {no_integer};
  if (has_other(words[1], /*list=*/false)) return {wrong_type};
  const Value* const value = find(words[1]);
  const std::string text = value == nullptr ? "" : value->text;
  const auto size = static_cast<int64_t>(text.size());
  // Redis: a position before the head is the head, at either end.
  const auto at = [&](int64_t i) { return std::max<int64_t>(i < 0 ? size + i : i, 0); };
  const int64_t begin = at(*first), end = std::min(at(*last), size - 1);
  const bool backwards = *first < 0 && *last < 0 && *first > *last;
  if (backwards || begin > end) return {bulk("")};
  return {bulk(text.substr(static_cast<uint64_t>(begin), static_cast<uint64_t>(end - begin + 1)))};
}

Expected Model::get_several(const Words& words) {
  std::string reply = array(words.size() - 1);
  for (uint64_t i = 1; i < words.size(); ++i) {
    const Value* const value = find(words[i]);
    reply += value == nullptr || value->is_list ? null() : bulk(value->text);
  }
  return {reply};
}

/// MSET and MSETNX: all or none.
Expected Model::set_several(const Words& words) {
  const std::string name = lower(words[0]);
  const bool if_none = name == "msetnx";
  if (words.size() % 2 == 0) return {error("wrong number of arguments for '" + name + "' command")};
  Keys after = keys_;
  for (uint64_t i = 1; i < words.size(); i += 2) {
    if (if_none && find(words[i]) != nullptr) return {integer(0)};
    after[words[i]] = {false, words[i + 1], {}, never};
  }
  if (const std::string full = commit(after); !full.empty()) return {full, /*is_prefix=*/true};
  for (uint64_t i = 1; i < words.size(); i += 2) note_change(words[i]);
  return {if_none ? integer(1) : ok};
}

}  // namespace kv::sim
