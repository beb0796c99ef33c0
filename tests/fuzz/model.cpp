#include "model.hpp"

#include <algorithm>

namespace kv::fuzz {

namespace {

const std::string wrong_type =
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const std::string null = "$-1\r\n";

/// Of blocks of 32 bytes, all but the last with a link of 4.
uint64_t blocks_for(uint64_t bytes) {
  constexpr uint64_t payload = 28;
  return bytes <= payload + 4 ? 1 : 1 + (bytes - 4 - 1) / payload;
}
uint64_t blocks_for(const std::string& text) { return blocks_for(text.size()); }

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

/// Whether a change fits that takes `needed` blocks and gives those of the key back, if `replaces`.
bool Model::has_room(const std::string& key, uint64_t needed, bool replaces,
                     const LocalServer& local) const {
  const auto found = keys_.find(key);
  const bool is_new = found == keys_.end();
  if (is_new && local.store().key_count() == local.config().key_count) return false;
  uint64_t freed = 0;
  if (replaces && !is_new) {
    const auto* text = std::get_if<std::string>(&found->second);
    freed = blocks_for(key.size() + (text == nullptr ? 0 : text->size()));
    if (text == nullptr) {
      for (const std::string& element : std::get<List>(found->second)) freed += blocks_for(element);
    }
  }
  return local.store().use(Part::blocks).used + needed <= local.block_count() + freed;
}

std::string Model::set(const Words& words, const LocalServer& local) {
  const std::string& value = words[2];
  if (value.size() > local.config().val_size_max) return too_long(value.size(), local);
  const uint64_t needed = blocks_for(words[1].size() + value.size());
  if (!has_room(words[1], needed, /*replaces=*/true, local)) return "-OOM";
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
  const uint64_t needed = blocks_for(words[1].size() + value.size());
  if (!has_room(words[1], needed, /*replaces=*/true, local)) return "-OOM";
  keys_[words[1]] = value;
  return integer(value.size());
}

std::string Model::push(const Words& words, const LocalServer& local, bool at_head) {
  uint64_t blocks = keys_.count(words[1]) == 0 ? blocks_for(words[1]) : 0;
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
  if (!has_room(words[1], blocks, /*replaces=*/false, local)) return "-OOM";
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
