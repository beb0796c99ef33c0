// Each execution of a command, beside the model.

#include <algorithm>

#include "frames.hpp"
#include "model_text.hpp"
#include "server/connection_flags.hpp"
#include "simulation.hpp"

namespace kv::sim {

namespace {

std::string printed(const Words& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word.substr(0, 40);
  return out;
}

std::string printed(Effect effect, const std::string& reply) {
  constexpr const char* names[] = {"", "(blocks)", "(closes)", "(is held)"};
  return reply.substr(0, 400) + names[static_cast<uint64_t>(effect)];
}

Effect effect_of(Outcome outcome) {
  if (outcome == Outcome::blocks) return Effect::blocks;
  if (outcome == Outcome::close) return Effect::closes;
  return outcome == Outcome::paused ? Effect::is_held : Effect::replies;
}

}  // namespace

Simulation::Client& Simulation::client_of(const Call& call) {
  const int link = io_->link_of(call.client.socket);
  require(link >= 0, "a command of a client that is closed is executed");
  return *clients_[static_cast<uint64_t>(link)];
}

/// The words as they are now: a command may put its arguments in another order.
void Simulation::before_execution(const Call& call) {
  was_busy_ = snapshots_ && snapshots_->busy();
  executing_.clear();
  for (uint64_t i = 0; i < call.args.size(); ++i) executing_.emplace_back(call.args[i]);
}

void Simulation::on_execution(const Call& call, Outcome outcome, const std::string& reply) {
  for (const int link : holders_) leave_if_closing(*clients_[static_cast<uint64_t>(link)]);
  Client& client = client_of(call);
  client.index = call.caller.index;
  settle(client);
  check_request(call, client);
  check_clock(call);
  if (outcome == Outcome::needs_room) return require(reply.empty(), "a reply without room");
  if (outcome == Outcome::unsaved || outcome == Outcome::unfinished)
    return note_wait(client, reply);
  note_snapshots();
  Circumstances at = circumstances_of(call, reply);
  at.saving = saving_of(client);
  Model::Session& session = model_->session(client.link);
  require(session.blocked == at.resumed, "blocked in the model or the server alone",
          printed(executing_));
  require(!at.timed_out || session.gives_up_ms <= at.clock_ms, "gives up too early",
          printed(executing_));
  const Answer answer = model_->execute(client.link, executing_, at);
  const Effect effect = effect_of(outcome);
  const bool is_right =
      effect == answer.effect && (effect == Effect::blocks || answer.reply.matches(reply));
  require(is_right, "another answer than the model's",
          printed(executing_) + " → " + printed(effect, reply) + ", not " +
              printed(answer.effect, answer.reply.text));
  ++commands_;
  io_->note(reply);
  if (session.has_slot || session.blocked || !session.watched.empty()) {
    holders_.insert(client.link);
  } else {
    holders_.erase(client.link);
  }
  if (effect == Effect::is_held) return;
  if (effect == Effect::blocks && answer.reply.text.empty()) return;
  if (at.resumed) {
    check_order(call, client);
    session.blocked = false;
    session.waits.clear();
  }
  client.sent.pop_front();
  expect(client, effect == Effect::blocks ? answer.reply.text : reply);
  client.ended = effect == Effect::closes;
  if (at.saving.awaited) {
    require(at.saving.failed || saved_states_.front().number >= client.saves,
            "SAVE has returned before its snapshot was saved");
    client.saves = 0;
  }
  note_killed();
}

/// A command is to run again: SAVE when its snapshot has ended, and one that changes keys when the
/// snapshot has them.
void Simulation::note_wait(Client& client, const std::string& reply) {
  require(reply.empty(), "a reply although the command waits", reply);
  if (upper(executing_[0]) != "SAVE") {
    return require(whole_->instance.store.marks().active(), "waits for a snapshot that is not made",
                   printed(executing_));
  }
  if (client.saves > 0) return;
  require(!was_busy_, "SAVE waits for a snapshot that was begun before");
  client.saves = saved_count_ + 1;
}

Saving Simulation::saving_of(const Client& client) const {
  if (!snapshots_) return {};
  const bool awaited = upper(executing_[0]) == "SAVE" && client.saves > 0;
  return {true, was_busy_, awaited, save_failed_, saved_states_.front().saved_ms};
}

/// It must be the next command of a client that may still send any.
void Simulation::check_request(const Call& call, const Client& client) const {
  const std::string words = printed(executing_);
  require(!client.gone, "a client that is being closed executes", words);
  require(!client.ended, "a client that has ended executes", words);
  require(!client_trait::has(call.client, client_trait::killed), "one that was killed executes");
  require(!client.sent.empty(), "executed without being sent", words);
  const Request& next = client.sent.front();
  require(next.is_whole, "executed before it was whole", words);
  require(next.words == executing_, "executed out of order",
          words + ", not " + printed(next.words));
}

Circumstances Simulation::circumstances_of(const Call& call, const std::string& reply) const {
  Circumstances at;
  at.unix_ms = call.server.now_ms;
  at.clock_ms = call.server.clock_ms;
  at.resumed = call.wake.resumed;
  at.timed_out = call.wake.timed_out;
  at.reply = reply;
  const uint32_t wanted = call.wake.hash_high;
  at.looks_at = [this, wanted](const std::string& key) {
    return wanted == 0 || static_cast<uint32_t>(whole_->instance.store.hash(key) >> 32) == wanted;
  };
  const ConnectionRecord& record = call.client;
  at.too_large_to_block =
      record.large_request != index_none && record.request_end - record.request_begin >=
                                                whole_->instance.connections.request_unit_bytes();
  return at;
}

/// What the requests before the next command are answered: they were refused.
void Simulation::settle(Client& client) {
  while (!client.sent.empty() && !client.ended && !client.gone) {
    const Request& next = client.sent.front();
    Reading reading;
    if (next.form == Request::Form::junk) {
      reading = {false, true, junk_reply};
    } else {
      reading = read_request(next.words, next.form == Request::Form::line,
                             model_->session(client.link).stranger, whole_->instance.allocation);
    }
    // What ends the connection does so as soon as the count of the words is there.
    const uint64_t count_bytes = frame(Words(next.words.size())).find('\n') + 1;
    const bool is_counted = reading.ends && !next.is_whole &&
                            frame(next.words).size() - client.half.size() >= count_bytes;
    if (reading.is_command || (!next.is_whole && !is_counted)) return;
    if (!reading.ends) model_->refuse_request(client.link);
    expect(client, reading.reply);
    client.ended = reading.ends;
    client.sent.pop_front();
  }
}

void Simulation::expect(Client& client, const std::string& reply) {
  if (!model_->drops_reply(client.link)) client.expected += reply;
}

/// Whoever the server has begun to close holds nothing any more.
void Simulation::leave_those_that_close() {
  for (const auto& client : clients_) leave_if_closing(*client);
}

void Simulation::leave_if_closing(Client& client) {
  Connections& connections = whole_->instance.connections;
  const SimulatedIo::Link& link = io_->link(client.link);
  if (client.gone || !link.accepted) return;
  const bool is_known = client.index != index_none && link.socket >= 0;
  const bool closes =
      is_known && connection_flag::has(connections[client.index], connection_flag::closing);
  if (!link.closed && !closes) return;
  settle(client);
  client.gone = true;
  client.was_blocked = model_->session(client.link).blocked;
  model_->close(client.link);
}

/// Those who wait for a key are served in the order in which they came. Only whoever waits for
/// room for its reply as well, or does not live any more, may be passed by.
void Simulation::check_order(const Call& call, const Client& client) {
  const std::string& key = model_->served_from();
  if (key.empty()) return;
  const uint64_t since = model_->session(client.link).blocked_since;
  Connections& connections = whole_->instance.connections;
  for (const auto& owned : clients_) {
    const Client& other = *owned;
    if (other.gone || other.link == client.link || other.index == index_none) continue;
    const Model::Session& session = model_->session(other.link);
    if (!session.blocked || session.blocked_since > since) continue;
    if (std::find(session.waits.begin(), session.waits.end(), key) == session.waits.end()) continue;
    const ConnectionRecord& record = connections[other.index];
    const bool waits = record.waiting_for != static_cast<uint8_t>(Resource::none) ||
                       connection_flag::has(record, connection_flag::sending);
    const bool killed = client_trait::has(record, client_trait::killed);
    const bool timed_out = session.gives_up_ms <= call.server.clock_ms;
    require(waits || killed || timed_out, "served before one that has waited longer", key);
  }
}

void Simulation::note_killed() {
  if (!whole_->view.kills) return;
  for (const ConnectionRecord& record : whole_->instance.connections.opened_records()) {
    if (record.socket < 0 || !client_trait::has(record, client_trait::killed)) continue;
    clients_[static_cast<uint64_t>(io_->link_of(record.socket))]->excused = true;
  }
}

/// The server's time is that of the Unix clock, but for a tick after that was set.
void Simulation::check_clock(const Call& call) const {
  constexpr uint64_t notices_ms = 110;
  const uint64_t now_ms = io_->unix_ms();
  const bool was_set = io_->unix_set_ms() > 0 && io_->now_ms() - io_->unix_set_ms() <= notices_ms;
  const uint64_t told_ms = call.server.now_ms;
  require(was_set || (told_ms <= now_ms && now_ms - told_ms <= 1), "another time than the clock's",
          std::to_string(told_ms) + ", not " + std::to_string(now_ms));
}

}  // namespace kv::sim
