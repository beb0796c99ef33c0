// The model's keys as such: names, deadlines, and which there are.

#include <set>

#include "model.hpp"
#include "model_text.hpp"
#include "server/repl/reply_text.hpp"

namespace kv::sim {

namespace {

/// The elements of an array of strings; an element that is none spoils the comparison.
std::multiset<std::string> strings_of(const std::string& reply) {
  std::multiset<std::string> out;
  uint64_t at = reply.find('\n');
  if (at == std::string::npos || reply[0] != '*') return {"not an array"};
  for (++at; at < reply.size();) {
    const uint64_t bytes = reply_bytes(std::string_view(reply).substr(at));
    const auto text = reply_string(std::string_view(reply).substr(at, bytes));
    if (bytes == 0 || !text) return {"not an array of strings"};
    out.insert(std::string(*text));
    at += bytes;
  }
  return out;
}

struct Conditions {
  bool if_none = false, if_some = false, if_later = false, if_sooner = false;
};

/// NX, XX, GT and LT; what is wrong with them, or nothing.
std::string read_conditions(const Words& words, Conditions& out) {
  for (uint64_t i = 3; i < words.size(); ++i) {
    const std::string option = upper(words[i]);
    if (option == "NX") {
      out.if_none = true;
    } else if (option == "XX") {
      out.if_some = true;
    } else if (option == "GT") {
      out.if_later = true;
    } else if (option == "LT") {
      out.if_sooner = true;
    } else {
      return error("Unsupported option " + words[i]);
    }
  }
  if (out.if_none && (out.if_some || out.if_later || out.if_sooner)) {
    return error("NX and XX, GT or LT options at the same time are not compatible");
  }
  if (out.if_later && out.if_sooner) {
    return error("GT and LT options at the same time are not compatible");
  }
  return {};
}

}  // namespace

void Model::add_keys() {
  for (const char* name : {"DEL", "UNLINK"}) handlers_[name] = &Model::delete_keys;
  for (const char* name : {"EXISTS", "TOUCH"}) handlers_[name] = &Model::count_keys;
  handlers_["TYPE"] = &Model::type;
  for (const char* name : {"RENAME", "RENAMENX"}) handlers_[name] = &Model::rename;
  handlers_["COPY"] = &Model::copy;
  for (const char* name : {"EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"}) {
    handlers_[name] = &Model::expire;
  }
  for (const char* name : {"TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"}) {
    handlers_[name] = &Model::show_deadline;
  }
  handlers_["PERSIST"] = &Model::persist;
  for (const char* name : {"KEYS", "SCAN", "RANDOMKEY", "DBSIZE"}) {
    handlers_[name] = &Model::list_keys;
  }
  for (const char* name : {"FLUSHALL", "FLUSHDB"}) handlers_[name] = &Model::flush;
}

Expected Model::delete_keys(const Words& words) {
  int64_t count = 0;
  for (uint64_t i = 1; i < words.size(); ++i) {
    if (find(words[i]) == nullptr) continue;
    note_change(words[i]);
    keys_.erase(words[i]);
    ++count;
  }
  return {integer(count)};
}

Expected Model::count_keys(const Words& words) {
  int64_t count = 0;
  for (uint64_t i = 1; i < words.size(); ++i) count += find(words[i]) != nullptr;
  return {integer(count)};
}

Expected Model::type(const Words& words) {
  const Value* const value = find(words[1]);
  return {value == nullptr ? "+none\r\n" : value->is_list ? "+list\r\n" : "+string\r\n"};
}

Expected Model::rename(const Words& words) {
  const bool if_absent = upper(words[0]) == "RENAMENX";
  if (find(words[1]) == nullptr) return {error("no such key")};
  const bool renames = !if_absent || find(words[2]) == nullptr;
  if (renames && words[1] != words[2]) {
    Keys after = keys_;
    after[words[2]] = after[words[1]];
    after.erase(words[1]);
    if (const std::string full = commit(after); !full.empty()) return {full, /*is_prefix=*/true};
    note_change(words[1]);
    note_change(words[2]);
  }
  return {if_absent ? integer(renames) : ok};
}

/// COPY source destination [REPLACE]
Expected Model::copy(const Words& words) {
  const bool replaces = words.size() == 4 && upper(words[3]) == "REPLACE";
  if (words.size() > 3 && !replaces) return {no_syntax};
  if (words[1] == words[2]) return {error("source and destination objects are the same")};
  if (find(words[1]) == nullptr) return {integer(0)};
  if (!replaces && find(words[2]) != nullptr) return {integer(0)};
  Keys after = keys_;
  after[words[2]] = after[words[1]];
  if (const std::string full = commit(after); !full.empty()) return {full, /*is_prefix=*/true};
  note_change(words[2]);
  return {integer(1)};
}

Expected Model::expire(const Words& words) {
  const std::string name = lower(words[0]);
  Conditions conditions;
  const std::string wrong = read_conditions(words, conditions);
  if (!wrong.empty()) return {wrong};
  const std::optional<int64_t> number = to_integer(words[2]);
  if (!number) return {no_integer};
  int64_t ms = *number;
  const bool seconds = name[0] == 'e';
  const int64_t from = name.ends_with("at") ? 0 : static_cast<int64_t>(at_.unix_ms);
  if ((seconds && __builtin_mul_overflow(ms, int64_t{1000}, &ms)) ||
      __builtin_add_overflow(ms, from, &ms)) {
    return {error("invalid expire time in '" + name + "' command")};
  }
  const Value* const value = find(words[1]);
  if (value == nullptr) return {integer(0)};
  const bool stays = value->deadline_ms == never;
  const auto current = stays ? INT64_MAX : static_cast<int64_t>(value->deadline_ms);
  const bool is_met = !(conditions.if_none && !stays) && !(conditions.if_some && stays) &&
                      !(conditions.if_later && (stays || ms <= current)) &&
                      !(conditions.if_sooner && !stays && ms >= current);
  if (!is_met) return {integer(0)};
  Keys after = keys_;
  after[words[1]].deadline_ms = static_cast<uint64_t>(ms);
  if (ms <= static_cast<int64_t>(at_.unix_ms)) after.erase(words[1]);
  if (const std::string full = commit(after); !full.empty()) return {full, /*is_prefix=*/true};
  note_change(words[1]);
  return {integer(1)};
}

Expected Model::show_deadline(const Words& words) {
  const std::string name = upper(words[0]);
  const Value* const value = find(words[1]);
  if (value == nullptr) return {integer(-2)};
  if (value->deadline_ms == never) return {integer(-1)};
  const bool absolute = name.ends_with("TIME");
  const uint64_t ms = absolute ? value->deadline_ms : value->deadline_ms - at_.unix_ms;
  return {integer(static_cast<int64_t>(name[0] == 'P' ? ms : (ms + 500) / 1000))};
}

Expected Model::persist(const Words& words) {
  const Value* const value = find(words[1]);
  if (value == nullptr || value->deadline_ms == never) return {integer(0)};
  keys_[words[1]].deadline_ms = never;
  note_change(words[1]);
  return {integer(1)};
}

/// KEYS and SCAN in any order; SCAN as a whole. DBSIZE may count what expired just now.
Expected Model::list_keys(const Words& words) {
  const std::string name = upper(words[0]);
  std::multiset<std::string> names;
  for (const auto& [key, value] : keys_) names.insert(key);
  if (name == "DBSIZE") {
    const uint64_t least = keys_.size(), most = least + expired_lately_;
    return {"DBSIZE", false, [least, most](const std::string& reply) {
              for (uint64_t n = least; n <= most; ++n) {
                if (reply == integer(static_cast<int64_t>(n))) return true;
              }
              return false;
            }};
  }
  if (name == "RANDOMKEY") {
    if (names.empty()) return {null()};
    return {"any key", false, [names](const std::string& reply) {
              const auto key = reply_string(reply);
              return key && names.count(std::string(*key)) == 1;
            }};
  }
  const std::string head = name == "SCAN" ? "*2\r\n$1\r\n0\r\n" : "";
  return {"every key", false, [names, head](const std::string& reply) {
            return reply.starts_with(head) && strings_of(reply.substr(head.size())) == names;
          }};
}

Expected Model::flush(const Words& words) {
  if (words.size() > 1) return {no_syntax};
  for (const auto& [key, value] : keys_) note_change(key);
  keys_.clear();
  expired_lately_ = 0;
  return {ok};
}

}  // namespace kv::sim
