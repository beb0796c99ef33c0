// The model's clients: transactions, passwords, what they ask of their connection.

#include <algorithm>

#include "model.hpp"
#include "model_text.hpp"
#include "server/commands/lookup.hpp"
#include "server/repl/reply_text.hpp"

namespace kv::sim {

namespace {

const std::string no_room = "-ERR no room for this reply in that of EXEC\r\n";

/// CLIENT REPLY OFF and SKIP write nothing, not even as an element of the reply to EXEC.
bool is_silent(const Words& words) {
  return words.size() == 3 && upper(words[0]) == "CLIENT" && upper(words[1]) == "REPLY" &&
         upper(words[2]) != "ON";
}

/// The elements of the reply to EXEC, one for each command; none where it has others.
std::vector<std::string> elements_of(const std::string& reply, const std::vector<Words>& queue) {
  const std::string head = array(queue.size());
  if (!reply.starts_with(head)) return {};
  std::vector<std::string> out;
  std::string_view rest = std::string_view(reply).substr(head.size());
  for (const Words& words : queue) {
    const uint64_t bytes = is_silent(words) ? 0 : reply_bytes(rest);
    if (bytes == 0 && !is_silent(words)) return {};
    out.emplace_back(rest.substr(0, bytes));
    rest.remove_prefix(bytes);
  }
  if (!rest.empty()) out.clear();
  return out;
}

}  // namespace

void Model::add_sessions() {
  handlers_["MULTI"] = &Model::begin;
  handlers_["EXEC"] = &Model::exec;
  handlers_["DISCARD"] = &Model::discard;
  for (const char* name : {"WATCH", "UNWATCH"}) handlers_[name] = &Model::watch;
  handlers_["HELLO"] = &Model::greet;
  for (const char* name : {"AUTH", "RESET"}) handlers_[name] = &Model::authenticate;
  for (const char* name : {"PING", "ECHO", "SELECT", "QUIT"}) handlers_[name] = &Model::talk;
  handlers_["CLIENT"] = &Model::client;
  for (const char* name : {"SAVE", "BGSAVE", "LASTSAVE"}) handlers_[name] = &Model::save;
}

/// The transaction and the watches are gone.
void Model::abandon() {
  session_->in_multi = session_->aborted = session_->has_slot = session_->changed = false;
  session_->queued_bytes = 0;
  session_->queue.clear();
  session_->watched.clear();
}

Expected Model::begin(const Words&) {
  if (session_->in_multi) return {error("MULTI calls can not be nested")};
  session_->in_multi = true;
  return {ok};
}

Expected Model::discard(const Words&) {
  if (!session_->in_multi) return {error("DISCARD without MULTI")};
  abandon();
  return {ok};
}

Expected Model::watch(const Words& words) {
  if (upper(words[0]) == "UNWATCH") {
    session_->watched.clear();
    session_->changed = false;
    return {ok};
  }
  if (session_->in_multi) return {error("WATCH inside MULTI is not allowed")};
  const uint64_t limit = allocation_.config.key_watches_max;
  if (words.size() - 1 > limit - watches_used()) {
    return {error("too many watched keys: key_watches_max (" + std::to_string(limit) + ")")};
  }
  session_->watched.insert(words.begin() + 1, words.end());
  return {ok};
}

Expected Model::exec(const Words&) {
  if (!session_->in_multi) return {error("EXEC without MULTI")};
  const bool aborted = session_->aborted, changed = session_->changed;
  if (aborted || changed) {
    abandon();
    if (!aborted) return {null_array()};
    return {"-EXECABORT Transaction discarded because of previous errors.\r\n"};
  }
  session_->watched.clear();
  executing_ = true;
  const Expected reply = exec_queued();
  executing_ = false;
  abandon();
  return reply;
}

/// Each command in its turn. One whose reply has no room in that of EXEC is not executed, which
/// may happen only where the replies together may be larger than the largest reply.
Expected Model::exec_queued() {
  const std::vector<Words> queue = session_->queue;
  const std::vector<std::string> replies = elements_of(at_.reply, queue);
  if (replies.size() != queue.size()) return {array(queue.size()) + "…"};
  const bool may_lack_room = replies_may_lack_room();
  for (uint64_t i = 0; i < queue.size(); ++i) {
    if (replies[i] == no_room && may_lack_room) continue;
    const Answer answer = run(queue[i]);
    if (!answer.reply.matches(replies[i])) {
      return {"in EXEC, " + queue[i][0] + " → " + answer.reply.text};
    }
  }
  return {at_.reply};
}

bool Model::replies_may_lack_room() const {
  const Config& config = allocation_.config;
  uint64_t bytes = 64;
  for (const Words& words : session_->queue) {
    const Command id = find_command(words[0]);
    const ReplyShape shape = id == Command::unknown ? ReplyShape::small : command_info(id).reply;
    if (shape == ReplyShape::small) {
      bytes += 512;
    } else if (shape == ReplyShape::value) {
      bytes += std::max<uint64_t>(512, config.val_size_max + 32);
    } else if (shape == ReplyShape::list) {
      bytes += std::max<uint64_t>(512, allocation_.terms.list_reply_bytes_max);
    } else {
      bytes += allocation_.terms.reply_bytes_max;
    }
  }
  return bytes > allocation_.terms.reply_bytes_max;
}

/// HELLO [version [AUTH user password]]
Expected Model::greet(const Words& words) {
  const std::string password(allocation_.config.server_password.view());
  const int protocol = words.size() > 1 ? std::atoi(words[1].c_str()) : session_->protocol;
  if (protocol != 2 && protocol != 3) return {"-NOPROTO unsupported protocol version\r\n"};
  const bool authenticates = words.size() == 5 && upper(words[2]) == "AUTH";
  if (words.size() > 2 && !authenticates) return {"-ERR Syntax error in HELLO option", true};
  if (authenticates && (words[3] != "default" || (!password.empty() && words[4] != password))) {
    return {"-WRONGPASS invalid username-password pair or user is disabled.\r\n"};
  }
  if (session_->stranger && !authenticates) return {"-NOAUTH HELLO must be called", true};
  session_->stranger = false;
  session_->protocol = protocol;
  return {protocol == 3 ? "%7\r\n$6\r\nserver\r\n" : "*14\r\n$6\r\nserver\r\n", true};
}

/// AUTH [user] password, RESET.
Expected Model::authenticate(const Words& words) {
  const std::string password(allocation_.config.server_password.view());
  if (upper(words[0]) == "RESET") {
    session_->protocol = 2;
    session_->stranger = !password.empty();
    session_->muted = session_->skips_next = false;
    abandon();
    return {"+RESET\r\n"};
  }
  if (words.size() > 3) return {no_syntax};
  if (words.size() == 2 && password.empty()) return {"-ERR AUTH <password> called without", true};
  const bool is_user = words.size() == 2 || words[1] == "default";
  if (!is_user || (!password.empty() && words.back() != password)) {
    return {"-WRONGPASS invalid username-password pair or user is disabled.\r\n"};
  }
  session_->stranger = false;
  return {ok};
}

Expected Model::talk(const Words& words) {
  const std::string name = upper(words[0]);
  if (name == "ECHO") return {bulk(words[1])};
  if (name == "SELECT") {
    const std::optional<int64_t> index = to_integer(words[1]);
    return {!index ? no_integer : *index == 0 ? ok : error("DB index is out of range")};
  }
  if (name == "QUIT") {
    effect_ = Effect::closes;
    return {ok};
  }
  if (words.size() > 2) return {error("wrong number of arguments for 'ping' command")};
  return {words.size() == 2 ? bulk(words[1]) : "+PONG\r\n"};
}

/// SAVE, which is asked when it has ended, BGSAVE [SCHEDULE], LASTSAVE.
Expected Model::save(const Words& words) {
  Saving& saving = at_.saving;
  const std::string name = upper(words[0]);
  const Expected under_way = {error("Background save already in progress")};
  if (name == "LASTSAVE") {
    if (!saving.enabled) return {":", /*is_prefix=*/true};
    return {integer(static_cast<int64_t>(saving.saved_ms / 1000))};
  }
  if (!saving.enabled) return {error("nothing is saved: snapshot.enabled is off")};
  if (name == "SAVE") {
    if (!saving.awaited) return saving.busy ? under_way : Expected{"nothing yet"};
    if (!saving.failed) return {ok};
    return {"-ERR the snapshot failed: snapshot_last_errno in INFO persistence has the reason\r\n"};
  }
  const bool schedules = words.size() == 2 && upper(words[1]) == "SCHEDULE";
  if (words.size() > 1 && !schedules) return {no_syntax};
  if (!saving.busy) {
    saving.busy = true;  // For what else a transaction has.
    return {"+Background saving started\r\n"};
  }
  return schedules ? Expected{"+Background saving scheduled\r\n"} : under_way;
}

/// CLIENT REPLY ON|OFF|SKIP, PAUSE ms [WRITE|ALL], UNPAUSE, KILL ID n. Who is killed is the
/// server's to say: the model does not know numbers of clients.
Expected Model::client(const Words& words) {
  const std::string what = words.size() > 1 ? upper(words[1]) : "";
  const std::string word = words.size() > 2 ? upper(words[2]) : "";
  if (what == "REPLY") {
    if (word == "ON") {
      session_->muted = session_->skips = false;
      return {ok};
    }
    if (word == "OFF") session_->muted = true;
    if (word == "SKIP" && !session_->muted) session_->skips_next = true;
    return {""};
  }
  if (what == "UNPAUSE") {
    paused_until_ms_ = 0;
    return {ok};
  }
  if (what == "PAUSE") {
    const bool all = words.size() == 3 || upper(words[3]) == "ALL";
    const bool under_way = paused_until_ms_ > at_.clock_ms;
    const uint64_t until_ms = at_.clock_ms + static_cast<uint64_t>(to_integer(word).value_or(0));
    pauses_all_ = all || (under_way && pauses_all_);
    paused_until_ms_ = under_way ? std::max(until_ms, paused_until_ms_) : until_ms;
    return {ok};
  }
  if (words.back() == "0") return {error("client-id should be greater than 0")};
  return {"0 or 1", false,
          [](const std::string& reply) { return reply == integer(0) || reply == integer(1); }};
}

}  // namespace kv::sim
