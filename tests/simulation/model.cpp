#include "model.hpp"

#include <algorithm>

#include "model_text.hpp"
#include "server/commands/lookup.hpp"

namespace kv::sim {

bool Expected::matches(const std::string& reply) const {
  if (accepts) return accepts(reply);
  return is_prefix ? reply.starts_with(text) : reply == text;
}

Model::Model(const Allocation& allocation) : allocation_(allocation) {
  add_strings();
  add_keys();
  add_lists();
  add_sessions();
}

void Model::open(int client) {
  Session session;
  session.stranger = allocation_.config.server_password.bytes > 0;
  sessions_[client] = session;
}

void Model::close(int client) { sessions_.erase(client); }

Answer Model::execute(int client, const Words& words, const Circumstances& at) {
  set_clock(at.unix_ms);
  session_ = &sessions_.at(client);
  at_ = at;
  effect_ = Effect::replies;
  served_from_.clear();
  const Answer answer = run(words);
  // A refusal of what would have been queued gives the transaction up.
  static const std::set<std::string> at_once = {"EXEC",  "DISCARD", "MULTI",
                                                "WATCH", "QUIT",    "RESET"};
  const bool is_error = answer.reply.text.starts_with("-");
  const bool is_denied = find_command(words[0]) == Command::unknown || !denial(words).empty();
  if (session_->in_multi && is_error && (is_denied || at_once.count(upper(words[0])) == 0)) {
    session_->aborted = true;
  }
  return answer;
}

Answer Model::run(const Words& words) {
  const std::string name = upper(words[0]);
  if (find_command(words[0]) == Command::unknown) {
    return {Effect::replies, {"-ERR unknown command '" + words[0] + "'", /*is_prefix=*/true}};
  }
  if (const std::string text = denial(words); !text.empty()) return {Effect::replies, {text}};
  if (is_held(words)) return {Effect::is_held, {}};
  static const std::set<std::string> at_once = {"EXEC",  "DISCARD", "MULTI",
                                                "WATCH", "QUIT",    "RESET"};
  if (session_->in_multi && !executing_ && at_once.count(name) == 0) return queue(words);
  const auto handler = handlers_.find(name);
  if (handler == handlers_.end()) return {Effect::replies, {"", /*is_prefix=*/true}};
  const Expected reply = (this->*handler->second)(words);
  return {effect_, reply};
}

/// What keeps a command from being run or queued, as a reply; nothing if it may be.
std::string Model::denial(const Words& words) const {
  const CommandInfo& info = command_info(find_command(words[0]));
  const auto count = static_cast<int64_t>(words.size());
  if (info.arity >= 0 ? count != info.arity : count < -info.arity) {
    if (info.name == "EXEC") return "-EXECABORT Transaction discarded because of: wrong number";
    return error("wrong number of arguments for '" + lower(words[0]) + "' command");
  }
  const bool needs_password = std::string_view(info.flags).find("no_auth") == std::string::npos;
  if (session_->stranger && needs_password) return "-NOAUTH Authentication required.\r\n";
  const bool can_be_queued = std::string_view(info.flags).find("no_multi") == std::string::npos;
  if (session_->in_multi && !executing_ && !can_be_queued) {
    return error("Command not allowed inside a transaction");
  }
  return over_limits(words, info);
}

/// Keys by their positions; as many of the others as the command has values. Values come first
/// among those that are no keys, but last where the number of arguments is fixed.
std::string Model::over_limits(const Words& words, const CommandInfo& info) const {
  const Config& config = allocation_.config;
  const uint64_t count = words.size();
  uint64_t values = info.values;
  if (info.values == CommandInfo::two_elements) values = 2;
  if (info.values == CommandInfo::several || info.values == CommandInfo::elements) values = count;
  const uint64_t values_from = info.arity > 0 && values <= count ? count - values : 1;
  for (uint64_t i = 1; i < count; ++i) {
    const uint64_t bytes = words[i].size();
    if (is_key_argument(info, i, count)) {
      if (bytes > config.key_size_max) {
        return error("key of " + std::to_string(bytes) + " bytes exceeds key_size_max (" +
                     std::to_string(config.key_size_max) + ")");
      }
    } else if (values > 0 && i >= values_from) {
      if (bytes > config.val_size_max) {
        return error("value of " + std::to_string(bytes) + " bytes exceeds val_size_max (" +
                     std::to_string(config.val_size_max) + ")");
      }
      --values;
    }
  }
  return {};
}

/// CLIENT PAUSE holds everything, or what writes; a transaction if one of its commands does.
bool Model::is_held(const Words& words) const {
  if (executing_ || paused_until_ms_ <= at_.clock_ms) return false;
  const auto writes = [](const Words& command) {
    const Command id = find_command(command[0]);
    if (id == Command::unknown) return false;
    return std::string_view(command_info(id).flags).find("write") != std::string::npos;
  };
  if (pauses_all_) return true;
  if (upper(words[0]) != "EXEC") return writes(words);
  return std::any_of(session_->queue.begin(), session_->queue.end(), writes);
}

/// A command of a transaction takes four bytes, and each of its words four more.
Answer Model::queue(const Words& words) {
  const Config& config = allocation_.config;
  if (!session_->has_slot && slots_used() == config.transaction_slots) {
    return {Effect::replies,
            {error("all " + std::to_string(config.transaction_slots) +
                   " transaction slots (transaction_slots) are in use")}};
  }
  session_->has_slot = true;
  uint64_t bytes = 4;
  for (const std::string& word : words) bytes += 4 + word.size();
  if (session_->queued_bytes + bytes > config.transaction_bytes) {
    return {Effect::replies,
            {error("transaction exceeds transaction_bytes (" +
                   std::to_string(config.transaction_bytes) + ")")}};
  }
  session_->queued_bytes += bytes;
  session_->queue.push_back(words);
  return {Effect::replies, {"+QUEUED\r\n"}};
}

void Model::refuse_request(int client) {
  Session& session = sessions_.at(client);
  if (session.in_multi) session.aborted = true;
}

/// CLIENT REPLY OFF drops replies; SKIP drops that of the next command.
bool Model::drops_reply(int client) {
  Session& session = sessions_.at(client);
  const bool drops = session.muted || session.skips;
  session.skips = session.skips_next;
  session.skips_next = false;
  return drops;
}

void Model::set_clock(uint64_t unix_ms) {
  for (auto at = keys_.begin(); at != keys_.end();) {
    if (at->second.deadline_ms > unix_ms) {
      ++at;
      continue;
    }
    note_change(at->first);
    at = keys_.erase(at);
    ++expired_lately_;
  }
}

/// All of the last block is payload, each of the others has a link of four bytes.
uint64_t Model::blocks_for(uint64_t bytes) const {
  const uint64_t block_bytes = allocation_.config.block_bytes;
  uint64_t blocks = 1;
  while (bytes > block_bytes) {
    bytes -= block_bytes - 4;
    ++blocks;
  }
  return blocks;
}

/// A string lies in one chain with its key; a list's key and each of its elements have their own.
StoreUse Model::use_of(const Keys& keys) const {
  StoreUse use;
  for (const auto& [key, value] : keys) {
    ++use.entries;
    use.timers += value.deadline_ms != never;
    use.blocks += blocks_for(key.size() + value.text.size());
    use.nodes += value.list.size();
    for (const std::string& element : value.list) use.blocks += blocks_for(element.size());
  }
  return use;
}

/// Makes a change if the state after it fits, and says what is full if not.
std::string Model::commit(Keys after) {
  const StoreUse use = use_of(after);
  const StoreUse before = use_of(keys_);
  // What gets no larger is never refused.
  const auto exceeds = [](uint64_t then, uint64_t now, uint64_t others, uint64_t limit) {
    return then + others > limit && then > now;
  };
  const StoreUse& others = at_.others;
  const Allocation& plan = allocation_;
  if (exceeds(use.entries, before.entries, others.entries, plan[Part::entries].count)) {
    return "-OOM map is full";
  }
  if (exceeds(use.blocks, before.blocks, others.blocks, plan[Part::blocks].count)) {
    return "-OOM blocks are full";
  }
  if (exceeds(use.nodes, before.nodes, others.nodes, plan[Part::list_nodes].count)) {
    return "-OOM list pool is full";
  }
  if (exceeds(use.timers, before.timers, others.timers, plan[Part::timers].count)) {
    return "-OOM timers are full";
  }
  keys_ = std::move(after);
  return {};
}

/// Those who watch the key will not execute.
void Model::note_change(const std::string& key) {
  for (auto& [client, session] : sessions_) {
    if (session.watched.count(key) > 0) session.changed = true;
  }
}

const Model::Value* Model::find(const std::string& key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? nullptr : &found->second;
}

const Model::Value* Model::find_list(const std::string& key) const {
  const Value* const value = find(key);
  return value != nullptr && value->is_list ? value : nullptr;
}

/// Whether the key has a value that is no list, or, where none is wanted, that is one.
bool Model::has_other(const std::string& key, bool list) const {
  const Value* const value = find(key);
  return value != nullptr && value->is_list != list;
}

uint64_t Model::watches_used() const {
  uint64_t count = 0;
  for (const auto& [client, session] : sessions_) {
    count += session.watched.size();
    count += std::set<std::string>(session.waits.begin(), session.waits.end()).size();
  }
  return count;
}

uint64_t Model::slots_used() const {
  uint64_t count = 0;
  for (const auto& [client, session] : sessions_) count += session.has_slot;
  return count;
}

uint64_t Model::blocked_count() const {
  uint64_t count = 0;
  for (const auto& [client, session] : sessions_) count += session.blocked;
  return count;
}

}  // namespace kv::sim
