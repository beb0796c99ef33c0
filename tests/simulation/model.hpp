// The reference model: what a server of strings, lists, transactions and blocking commands answers,
// written down with the containers of the standard library. It is slow and meant to be obviously
// right. It shares with the server the table of commands (arity, where the keys are) and nothing
// of how it works.
//
// Memory has one rule: a change is refused if and only if the state after it would not fit. What a
// state takes is counted from its keys and values alone, so the server may call a pool full only
// when it really is.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kvcore/plan/allocation.hpp"
#include "kvcore/plan/commands.hpp"
#include "model_types.hpp"

namespace kv::sim {

class Model {
 public:
  static constexpr uint64_t never = UINT64_MAX;

  struct Value {
    bool is_list = false;
    std::string text;
    std::deque<std::string> list;
    uint64_t deadline_ms = never;
    bool operator==(const Value&) const = default;
  };
  using Keys = std::map<std::string, Value>;

  struct Session {
    int protocol = 2;
    bool stranger = false;  ///< has not authenticated
    bool in_multi = false, aborted = false, has_slot = false;
    uint64_t queued_bytes = 0;
    std::vector<Words> queue;
    std::set<std::string> watched;
    bool changed = false;  ///< one of them was
    bool blocked = false;
    std::vector<std::string> waits;  ///< the keys that it waits for
    uint64_t blocked_since = 0;      ///< grows with every client that blocks
    uint64_t gives_up_ms = never;
    bool muted = false, skips = false, skips_next = false;  ///< CLIENT REPLY
  };

  explicit Model(const Allocation& allocation);

  /// A client comes, and goes with everything that it holds.
  void open(int client);
  void close(int client);
  Session& session(int client) { return sessions_.at(client); }
  const std::map<int, Session>& sessions() const { return sessions_; }

  /// Executes a command, and says what must be answered.
  Answer execute(int client, const Words& words, const Circumstances& at);
  /// A request was refused before it was a command: a transaction is given up.
  void refuse_request(int client);
  /// Whether replies are dropped now; moves on to the next command.
  bool drops_reply(int client);

  /// Time passes: keys expire.
  void set_clock(uint64_t unix_ms);
  /// Nothing that has expired is left in the server.
  void forget_expired() { expired_lately_ = 0; }

  const Keys& keys() const { return keys_; }
  /// Begins with these, as a server does that has loaded them.
  void restore(Keys keys) { keys_ = std::move(keys); }
  StoreUse use() const { return use_of(keys_); }
  uint64_t watches_used() const;
  uint64_t slots_used() const;
  uint64_t blocked_count() const;
  /// The key that the last blocked client was served from; empty if it was not.
  const std::string& served_from() const { return served_from_; }

 private:
  using Handler = Expected (Model::*)(const Words&);

  // Admission (model.cpp).
  Answer run(const Words& words);
  Answer queue(const Words& words);
  std::string denial(const Words& words) const;
  std::string over_limits(const Words& words, const CommandInfo& info) const;
  bool is_held(const Words& words) const;
  StoreUse use_of(const Keys& keys) const;
  uint64_t blocks_for(uint64_t bytes) const;
  std::string commit(Keys after);
  void note_change(const std::string& key);

  // What a reply looks like.
  std::string null() const { return session_->protocol >= 3 ? "_\r\n" : "$-1\r\n"; }
  std::string null_array() const { return session_->protocol >= 3 ? "_\r\n" : "*-1\r\n"; }

  const Value* find(const std::string& key) const;
  const Value* find_list(const std::string& key) const;
  bool has_other(const std::string& key, bool list) const;

  // By group: model_strings.cpp, model_keys.cpp, model_lists.cpp, model_sessions.cpp.
  void add_strings();
  void add_keys();
  void add_lists();
  void add_sessions();

  Expected set(const Words& words);
  Expected set_value(const std::string& key, const std::string& value, uint64_t deadline_ms,
                     bool keeps_deadline, const std::string& done);
  Expected set_timed(const Words& words);
  Expected get(const Words& words);
  Expected getex(const Words& words);
  Expected change_text(const Words& words);
  Expected count_up(const Words& words);
  Expected get_range(const Words& words);
  Expected get_several(const Words& words);
  Expected set_several(const Words& words);

  Expected delete_keys(const Words& words);
  Expected count_keys(const Words& words);
  Expected type(const Words& words);
  Expected rename(const Words& words);
  Expected copy(const Words& words);
  Expected expire(const Words& words);
  Expected show_deadline(const Words& words);
  Expected persist(const Words& words);
  Expected list_keys(const Words& words);
  Expected flush(const Words& words);

  Expected push(const Words& words);
  Expected pop(const Words& words);
  Expected read_list(const Words& words);
  Expected edit_list(const Words& words);
  Expected trim(const Words& words);
  Expected move(const Words& words);
  Expected move_element(const std::string& from, const std::string& to, bool from_left,
                        bool to_left);
  Expected pop_first(const Words& words);
  Expected take(const std::string& key, bool left, uint64_t count, bool is_single);
  Expected wait_for(const std::vector<std::string>& keys, const std::string& timeout,
                    bool null_is_array);
  bool looks_at(const std::string& key) const;

  Expected begin(const Words& words);
  Expected exec(const Words& words);
  Expected exec_queued();
  bool replies_may_lack_room() const;
  Expected discard(const Words& words);
  Expected watch(const Words& words);
  Expected greet(const Words& words);
  Expected authenticate(const Words& words);
  Expected talk(const Words& words);
  Expected client(const Words& words);
  Expected save(const Words& words);
  void abandon();

  const Allocation& allocation_;
  std::map<std::string, Handler> handlers_;
  Keys keys_;
  std::map<int, Session> sessions_;
  Session* session_ = nullptr;  ///< whose command is executed
  Circumstances at_;
  Effect effect_ = Effect::replies;
  bool executing_ = false;       ///< EXEC runs what was queued
  uint64_t expired_lately_ = 0;  ///< keys that the server may not have freed yet
  uint64_t blocked_so_far_ = 0;
  uint64_t paused_until_ms_ = 0;
  bool pauses_all_ = false;
  std::string served_from_;
};

}  // namespace kv::sim
