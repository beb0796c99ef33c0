// How a run ends: everybody is served, everybody leaves, and everything is free.

#include "simulation.hpp"

namespace kv::sim {

/// Calm turns until it is so. That it never is, is a fault: each turn serves somebody, or time
/// passes until a wait is over.
template <class Done>
void Simulation::turn_until(Done done, const char* what) {
  const uint64_t limit = 1000 + 8 * requests_ + 8 * clients_.size();
  std::string missing;
  for (uint64_t i = 0; i < limit; ++i) {
    missing = done();
    if (missing.empty()) return;
    turn(0);
  }
  fail(what, missing);
}

bool Simulation::is_served(const Client& client) const {
  const SimulatedIo::Link& link = io_->link(client.link);
  if (link.closed) return true;
  if (client.left || client.ended || client.excused || !link.accepted || client.gone) return false;
  if (!client.expected.empty() || !link.to_client.empty()) return false;
  const Model::Session& session = model_->sessions().at(client.link);
  if (session.blocked) return session.gives_up_ms == Model::never;
  return client.sent.empty();
}

/// Nothing goes wrong any more, and all that was sent arrives: then every client gets its replies.
void Simulation::drain() {
  io_->find_no_buffer(0);
  if (disk_) disk_->fail_nothing();
  for (const auto& owned : clients_) {
    Client& client = *owned;
    io_->link(client.link).window = SimulatedIo::unlimited;
    if (!io_->link(client.link).closed) send_rest(client);
  }
  turn_until(
      [&]() -> std::string {
        std::string missing;
        for (const auto& client : clients_) {
          // A receive that was cancelled may not have been noticed: the client stays.
          if (client->excused && !client->left && !client->gone) continue;
          if (is_served(*client)) continue;
          missing += (missing.empty() ? "" : "; ") + describe(*client);
        }
        return missing;
      },
      "a client waits for ever");
}

void Simulation::part() {
  for (const auto& owned : clients_) {
    Client& client = *owned;
    SimulatedIo::Link& link = io_->link(client.link);
    if (link.closed) continue;
    client.left = true;
    (client.link % 2 == 0 ? link.shut : link.lost) = true;
    client.excused |= link.lost;
  }
  Connections& connections = whole_->instance.connections;
  turn_until(
      [&]() -> std::string {
        return connections.count() == 0 ? "" : std::to_string(connections.count()) + " clients";
      },
      "clients that have left are not closed");
  for (const Part part : {Part::connection_records, Part::request_buffers, Part::reply_buffers,
                          Part::large_requests, Part::large_replies, Part::blocked_clients,
                          Part::transaction_slots, Part::key_watches, Part::watched_keys}) {
    require(whole_->view.use[static_cast<uint64_t>(part)].used == 0,
            "in use although nobody is left", part_info(part).id_text);
  }
}

/// The last client deletes every key. Nothing is left then.
void Simulation::delete_all() {
  connect(/*id=*/-1, /*listener=*/0);
  Client& client = *current_.at(-1);
  const Text& password = script_.config.server_password;
  const auto say = [&](const Words& words) { send(client, {words}, frame(words)); };
  if (password.bytes > 0) say({"AUTH", std::string(password.view())});
  for (const auto& [key, value] : model_->keys()) say({"DEL", key});
  say({"DBSIZE"});
  const Store& store = whole_->instance.store;
  turn_until(
      [&]() -> std::string {
        if (!is_served(client)) return describe(client);
        return store.idle_ms() == UINT64_MAX ? "" : "something is left to be freed";
      },
      "the last client is not served");
  for (const Part part : {Part::entries, Part::blocks, Part::list_nodes, Part::timers}) {
    require(store.use(part).used == 0, "in use although every key is deleted",
            part_info(part).id_text);
  }
}

void Simulation::stop() {
  stopping_ = true;
  whole_->server->stop();
  turn_until([&]() -> std::string { return whole_->server->stopped() ? "" : "still there"; },
             "the server does not stop");
  if (!disk_ || script_.config.snapshot_on_stop == 0 || save_failed_) return;
  require(same_keys(saved_states_.front().keys, model_->keys()),
          "something was changed that was not saved at the end");
}

}  // namespace kv::sim
