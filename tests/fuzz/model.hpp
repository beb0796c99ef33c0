// What a store of strings and lists answers, written down with the containers of the standard
// library: the other side of commands_fuzz. It knows what every change costs in blocks, so it
// also knows what must be refused.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "local_server.hpp"

namespace kv::fuzz {

class Model {
 public:
  using Words = std::vector<std::string>;

  /// What must be answered to a command of known names, given how full the store is; the model
  /// changes with it. "-OOM" stands for any error that begins so.
  std::string expected(const Words& words, const LocalServer& local);

  /// Whether the model has a part for this command.
  static bool knows(const std::string& name);

  /// Every key that it holds.
  const auto& keys() const { return keys_; }

 private:
  using List = std::deque<std::string>;
  using Value = std::variant<std::string, List>;

  std::string set(const Words& words, const LocalServer& local);
  std::string append(const Words& words, const LocalServer& local);
  std::string push(const Words& words, const LocalServer& local, bool at_head);
  std::string pop(const Words& words, bool at_head);
  std::string range(const Words& words);
  std::string get(const Words& words);
  std::string erase(const Words& words);
  bool has_room(const std::string& key, uint64_t needed, bool replaces,
                const LocalServer& local) const;
  List* list(const std::string& key);
  bool is_list(const std::string& key) const;

  std::map<std::string, Value> keys_;
};

}  // namespace kv::fuzz
