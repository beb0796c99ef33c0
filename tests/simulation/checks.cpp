// What must hold after every turn.

#include <algorithm>
#include <vector>

#include "frames.hpp"
#include "server/connection_flags.hpp"
#include "simulation.hpp"

namespace kv::sim {

namespace {

namespace flag = connection_flag;

std::string two(uint64_t a, uint64_t b) { return std::to_string(a) + ", not " + std::to_string(b); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes `bytes` off the front of what is expected. Returns whether they are what is there, where
/// any_number stands for digits.
bool take_off(std::string& expected, const std::string& bytes) {
  uint64_t at = 0;
  for (uint64_t i = 0; i < bytes.size(); ++i) {
    if (at == expected.size()) return false;
    if (expected[at] != any_number) {
      if (expected[at++] != bytes[i]) return false;
    } else if (!is_digit(bytes[i])) {
      ++at;
      --i;
    }
  }
  expected.erase(0, at);
  return true;
}

}  // namespace

void Simulation::check_turn() {
  leave_those_that_close();
  const Statistics& statistics = whole_->view.statistics;
  const uint64_t closed = statistics.stalled_closed + statistics.idle_closed;
  if (closed > closed_by_clock_) excuse_stalled();
  closed_by_clock_ = closed;
  receive_all();
  check_store();
  check_sessions();
  check_connections();
  check_pools();
}

void Simulation::receive_all() {
  for (const auto& owned : clients_) {
    Client& client = *owned;
    if (client.is_done) continue;
    if (!client.gone) settle(client);
    check_received(client);
    if (io_->link(client.link).closed) check_closed(client);
  }
}

void Simulation::check_received(Client& client) {
  const SimulatedIo::Link& link = io_->link(client.link);
  if (link.window != SimulatedIo::unlimited && !link.closed) return;
  const std::string bytes = io_->take(client.link);
  if (link.was_refused) {
    const bool full = bytes == "-ERR max number of clients reached\r\n" &&
                      (stopping_ || link.others >= whole_->instance.connections.capacity());
    const bool denied = bytes.starts_with("-DENIED ") && link.listener > 1 &&
                        whole_->view.live.server_password.bytes == 0;
    require(full || denied, "refused without a reason", bytes);
    return;
  }
  require(link.listener <= 1 || whole_->view.live.server_password.bytes > 0 || bytes.empty(),
          "a stranger of another machine is served", bytes);
  const std::string expected = client.expected.substr(0, bytes.size() + 40);
  require(take_off(client.expected, bytes), "another reply is received than was written",
          describe(client) + ": " + bytes + ", not " + expected);
}

/// Whether so much time has passed that the server may close the client for that.
bool Simulation::may_be_stalled(const Client& client) const {
  const SimulatedIo::Link& link = io_->link(client.link);
  const Config& config = whole_->view.live;
  const uint64_t now_ms = io_->now_ms();
  const auto is_over = [&](uint64_t since_ms, uint64_t limit_ms) {
    return limit_ms > 0 && now_ms - since_ms >= limit_ms;
  };
  return is_over(link.moved_ms, config.server_stall_timeout_ms) ||
         is_over(link.received_ms, config.server_idle_timeout_ms) ||
         is_over(link.accepted_ms, config.server_request_timeout_ms);
}

/// Those that the server has begun to close in this turn, for they had time enough.
void Simulation::excuse_stalled() {
  for (const auto& owned : clients_) {
    Client& client = *owned;
    if (client.gone && !client.is_done && may_be_stalled(client)) client.excused = true;
  }
}

/// The server may close a client that has left or asked for it, and only when that has got all its
/// replies; one that was killed, was lost or has stalled, at once.
void Simulation::check_closed(Client& client) {
  client.is_done = true;
  const SimulatedIo::Link& link = io_->link(client.link);
  if (link.was_refused || client.excused || stopping_) return;
  require(client.left || client.ended, "closed without a reason", describe(client));
  if (client.was_blocked && client.left) return;
  require(client.expected.empty(), "closed before all replies were sent",
          describe(client) + ": " + client.expected);
  const bool has_more = !client.sent.empty() && client.sent.front().is_whole;
  require(client.ended || !has_more, "closed before its requests were executed", describe(client));
}

/// Keys and values take what they take in the model, and nothing else takes anything.
void Simulation::check_store() {
  const Store& store = whole_->instance.store;
  model_->set_clock(whole_->view.now_ms);
  const StoreUse is = {store.use(Part::entries).used, store.use(Part::blocks).used,
                       store.use(Part::list_nodes).used, store.use(Part::timers).used};
  const StoreUse due = model_->use();
  const auto compare = [&](uint64_t has, uint64_t should, const char* what) {
    // What is dead and not freed yet is still there.
    const bool is_right = store.idle_ms() > 0 ? has == should : has >= should;
    require(is_right, std::string("the store has other ") + what + " in use than the model",
            two(has, should));
  };
  compare(is.entries, due.entries, "entries");
  compare(is.blocks, due.blocks, "blocks");
  compare(is.nodes, due.nodes, "list nodes");
  compare(is.timers, due.timers, "timers");
  if (store.idle_ms() > 0) model_->forget_expired();
}

void Simulation::check_sessions() {
  Connections& connections = whole_->instance.connections;
  const Blocking& blocking = whole_->instance.blocking;
  const auto equal = [](uint64_t is, uint64_t due, const char* what) {
    require(is == due, what, two(is, due));
  };
  equal(blocking.count(), model_->blocked_count(), "another number of clients is blocked");
  equal(whole_->instance.transactions.slots_used(), model_->slots_used(),
        "another number of transaction slots is in use");
  equal(whole_->instance.store.watches().used(), model_->watches_used(),
        "another number of watches is in use");
  for (const auto& owned : clients_) {
    const Client& client = *owned;
    if (client.gone || client.index == index_none) continue;
    const Model::Session& session = model_->session(client.link);
    const ConnectionRecord& record = connections[client.index];
    require(blocking.is_blocked(client.index) == session.blocked,
            "blocked in the model or the server alone", describe(client));
    const bool waits = record.waiting_for != static_cast<uint8_t>(Resource::none);
    const bool killed = client_trait::has(record, client_trait::killed);
    // Before its next reply a client must have sent the one before.
    const bool sends = flag::has(record, flag::sending);
    if (!session.blocked || waits || sends || killed || client.left) continue;
    require(session.gives_up_ms > whole_->view.clock_ms, "should have given up", describe(client));
    for (const std::string& key : session.waits) {
      const auto found = model_->keys().find(key);
      const bool is_list = found != model_->keys().end() && found->second.is_list;
      require(!is_list, "waits for a key that has elements", describe(client) + ", " + key);
    }
  }
}

/// Every client has an operation in flight, or waits for something: else nothing would ever come
/// of it.
void Simulation::check_connections() {
  Connections& connections = whole_->instance.connections;
  const Blocking& blocking = whole_->instance.blocking;
  uint64_t open = 0;
  for (uint32_t i = 0; i < connections.opened(); ++i) {
    const ConnectionRecord& record = connections[i];
    if (record.socket < 0) continue;
    ++open;
    const int number = io_->link_of(record.socket);
    require(number >= 0, "a record has a socket that is closed");
    clients_[static_cast<uint64_t>(number)]->index = i;
    const SimulatedIo::Link& link = io_->link(number);
    require(link.receive.active == flag::has(record, flag::receiving), "the receive in flight");
    require(link.send.active == flag::has(record, flag::sending), "the send in flight");
    const bool waits = record.waiting_for != static_cast<uint8_t>(Resource::none);
    const bool is_moving = link.receive.active || link.send.active;
    const bool lingers = flag::has(record, flag::lingering);
    require(!lingers || link.ends_sending, "a client that is to be closed is not told");
    require(is_moving || waits || lingers || blocking.is_blocked(i), "a client is forgotten",
            describe(*clients_[static_cast<uint64_t>(number)]));
    require(!flag::has(record, flag::received), "what was received is not looked at");
  }
  require(open == connections.count(), "records in use", two(connections.count(), open));
  require(open == io_->sockets_open(), "sockets open", two(io_->sockets_open(), open));
}

/// What is held and what is free is all that there is, and nobody waits for what is free.
void Simulation::check_pools() {
  Connections& connections = whole_->instance.connections;
  const Allocation& plan = whole_->instance.allocation;
  uint64_t held[resource_count] = {}, waiting[resource_count] = {};
  std::vector<bool> is_held(plan[Part::request_buffers].count);
  for (uint32_t i = 0; i < connections.opened(); ++i) {
    const ConnectionRecord& record = connections[i];
    if (record.socket < 0) continue;
    ++waiting[record.waiting_for];
    held[static_cast<uint64_t>(Resource::large_request)] += record.large_request != index_none;
    held[static_cast<uint64_t>(Resource::reply_buffer)] += record.reply_buffer != index_none;
    held[static_cast<uint64_t>(Resource::large_reply)] += record.large_reply != index_none;
    if (record.request_buffer == index_none) continue;
    ++held[static_cast<uint64_t>(Resource::request_buffer)];
    require(!is_held[record.request_buffer], "two clients hold one buffer");
    is_held[record.request_buffer] = true;
  }
  constexpr std::pair<Resource, Part> pools[] = {{Resource::request_buffer, Part::request_buffers},
                                                 {Resource::large_request, Part::large_requests},
                                                 {Resource::reply_buffer, Part::reply_buffers},
                                                 {Resource::large_reply, Part::large_replies}};
  for (const auto& [resource, part] : pools) {
    const auto at = static_cast<uint64_t>(resource);
    const std::string name(part_info(part).id_text);
    const uint64_t free = resource == Resource::request_buffer ? io_->free_buffers()
                                                               : connections.free_count(resource);
    require(free + held[at] == plan[part].count, "held and free are not all that there are",
            name + ", " + std::to_string(held[at]) + " + " + std::to_string(free));
    require(whole_->view.use[static_cast<uint64_t>(part)].used == held[at],
            "another number is in use than is held", name);
    WaitQueue& queue = connections.queue(resource);
    require(queue.count() == waiting[at], "another number waits than is in the queue", name);
    // Receive buffers are handed out by the kernel, and clients that come may be faster.
    if (resource == Resource::request_buffer) continue;
    const uint32_t first = queue.empty() || free == 0 ? index_none : queue.front();
    const bool still = first != index_none && first == waiting_[at];
    require(!still || stopping_, "a client waits for what is free", name);
    waiting_[at] = first;
  }
}

}  // namespace kv::sim
