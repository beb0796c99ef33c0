#include "model.hpp"

#include <algorithm>

namespace kv::fuzz {

namespace {

const std::string wrong_type =
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const std::string null = "$-1\r\n";

uint64_t blocks_for(const std::string& text) {
  constexpr uint64_t payload = 28;
  return std::max<uint64_t>(1, (text.size() + payload - 1) / payload);
}

std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

std::string integer(uint64_t value) { return ":" + std::to_string(value) + "\r\n"; }

std::string too_long(uint64_t bytes, const LocalServer& local) {
  return "-ERR value of " + std::to_string(bytes) + " bytes exceeds val_size_max (" +
         std::to_string(local.config().val_size_max) + ")\r\n";
}

}  // namespace

bool Model::knows(const std::string& name) {
  static const std::string names[] = {"SET",   "GET",  "APPEND", "STRLEN", "DEL",    "RPUSH",
                                      "LPUSH", "RPOP", "LPOP",   "LLEN",   "LRANGE", "TYPE"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool Model::is_list(const std::string& key) const {
  const auto found = keys_.find(key);
  return found != keys_.end() && std::holds_alternative<List>(found->second);
}

Model::List* Model::list(const std::string& key) {
  const auto found = keys_.find(key);
  return found == keys_.end() ? nullptr : std::get_if<List>(&found->second);
}

/// Whether a change fits that takes `more` blocks for values and gives `freed` back.
bool Model::has_room(const std::string& key, uint64_t more, uint64_t freed,
                     const LocalServer& local) const {
  const bool is_new = keys_.count(key) == 0;
  if (is_new && local.store().key_count() == local.config().key_count) return false;
  const uint64_t needed = more + (is_new ? blocks_for(key) : 0);
  return local.store().use(Part::blocks).used + needed <= local.block_count() + freed;
}

std::string Model::set(const Words& words, const LocalServer& local) {
  const std::string& value = words[2];
  if (value.size() > local.config().val_size_max) return too_long(value.size(), local);
  uint64_t freed = 0;
  if (const List* elements = list(words[1])) {
    for (const std::string& element : *elements) freed += blocks_for(element);
  } else if (keys_.count(words[1]) == 1) {
    freed = blocks_for(std::get<std::string>(keys_[words[1]]));
  }
  if (!has_room(words[1], blocks_for(value), freed, local)) return "-OOM";
  keys_[words[1]] = value;
  return "+OK\r\n";
}

std::string Model::append(const Words& words, const LocalServer& local) {
  if (words[2].size() > local.config().val_size_max) return too_long(words[2].size(), local);
  if (is_list(words[1])) return wrong_type;
  const auto found = keys_.find(words[1]);
  const std::string old = found == keys_.end() ? "" : std::get<std::string>(found->second);
  const std::string value = old + words[2];
  if (value.size() > local.config().val_size_max) return "-ERR";
  const uint64_t freed = found == keys_.end() ? 0 : blocks_for(old);
  if (!has_room(words[1], blocks_for(value), freed, local)) return "-OOM";
  keys_[words[1]] = value;
  return integer(value.size());
}

std::string Model::push(const Words& words, const LocalServer& local, bool at_head) {
  uint64_t blocks = 0;
  for (uint64_t i = 2; i < words.size(); ++i) {
    if (words[i].size() > local.config().val_size_max) return too_long(words[i].size(), local);
    blocks += blocks_for(words[i]);
  }
  if (keys_.count(words[1]) == 1 && !is_list(words[1])) return wrong_type;
  List* elements = list(words[1]);
  const uint64_t length = (elements == nullptr ? 0 : elements->size()) + words.size() - 2;
  if (length > local.config().list_length_max) {
    return "-ERR list of " + std::to_string(length) + " elements would exceed list_length_max (" +
           std::to_string(local.config().list_length_max) + ")\r\n";
  }
  if (!has_room(words[1], blocks, 0, local)) return "-OOM";
  if (elements == nullptr) elements = &std::get<List>(keys_[words[1]] = List());
  for (uint64_t i = 2; i < words.size(); ++i) {
    at_head ? elements->push_front(words[i]) : elements->push_back(words[i]);
  }
  return integer(length);
}

std::string Model::pop(const Words& words, bool at_head) {
  if (keys_.count(words[1]) == 0) return null;
  List* elements = list(words[1]);
  if (elements == nullptr) return wrong_type;
  const std::string element = at_head ? elements->front() : elements->back();
  at_head ? elements->pop_front() : elements->pop_back();
  if (elements->empty()) keys_.erase(words[1]);
  return bulk(element);
}

/// LRANGE key 0 -1
std::string Model::range(const Words& words) {
  if (keys_.count(words[1]) == 0) return "*0\r\n";
  const List* elements = list(words[1]);
  if (elements == nullptr) return wrong_type;
  std::string reply = "*" + std::to_string(elements->size()) + "\r\n";
  for (const std::string& element : *elements) reply += bulk(element);
  return reply;
}

std::string Model::get(const Words& words) {
  if (is_list(words[1])) return wrong_type;
  const auto found = keys_.find(words[1]);
  const bool wants_length = words[0] == "STRLEN";
  if (found == keys_.end()) return wants_length ? integer(0) : null;
  const std::string& value = std::get<std::string>(found->second);
  return wants_length ? integer(value.size()) : bulk(value);
}

std::string Model::erase(const Words& words) { return integer(keys_.erase(words[1])); }

std::string Model::expected(const Words& words, const LocalServer& local) {
  const std::string& name = words[0];
  if (name == "SET") return set(words, local);
  if (name == "APPEND") return append(words, local);
  if (name == "RPUSH" || name == "LPUSH") return push(words, local, name == "LPUSH");
  if (name == "RPOP" || name == "LPOP") return pop(words, name == "LPOP");
  if (name == "LRANGE") return range(words);
  if (name == "DEL") return erase(words);
  if (name == "GET" || name == "STRLEN") return get(words);
  if (name == "LLEN") {
    const List* elements = list(words[1]);
    if (elements == nullptr) return keys_.count(words[1]) == 0 ? integer(0) : wrong_type;
    return integer(elements->size());
  }
  const char* const type = is_list(words[1]) ? "list" : "string";
  return std::string("+") + (keys_.count(words[1]) == 0 ? "none" : type) + "\r\n";
}

}  // namespace kv::fuzz
