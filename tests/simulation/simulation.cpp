#include "simulation.hpp"

#include <algorithm>
#include <cerrno>

#include "frames.hpp"

namespace kv::sim {

namespace {

/// Whom the server's executions are shown to.
Simulation* watcher = nullptr;

}  // namespace

/// The linker puts this in the place of execute() wherever that is called.
extern "C" Outcome simulated_execute(Call& call) __asm__("__wrap__ZN2kv7executeERNS_4CallE");
extern "C" Outcome real_execute(Call& call) __asm__("__real__ZN2kv7executeERNS_4CallE");

Outcome simulated_execute(Call& call) {
  // What EXEC executes is a part of EXEC.
  if (watcher == nullptr || call.caller.executing) return real_execute(call);
  const uint64_t begin = call.reply.written();
  const char* const text = call.reply.rest().data();
  watcher->before_execution(call);
  const Outcome outcome = real_execute(call);
  watcher->on_execution(call, outcome, {text, call.reply.written() - begin});
  return outcome;
}

Simulation::Simulation(const Script& script) : script_(script) {
  Random random(/*seed=*/1);
  begin_server(random);
  watcher = this;
}

Simulation::~Simulation() { watcher = nullptr; }

void Simulation::run(RunResult& result) {
  for (const Action& action : script_.actions) apply(action);
  drain();
  part();
  delete_all();
  stop();
  require(io_->sockets_open() == 0, "a socket is left open");
  if (disk_) crash({Action::Kind::crash, 0, 0, 0, /*seed=*/turns_, {}});
  result.hash = io_->hash();
  result.turns = turns_;
  result.commands = commands_;
  result.clients = clients_before_ + clients_.size();
}

void Simulation::apply(const Action& action) {
  using Kind = Action::Kind;
  switch (action.kind) {
    case Kind::turn:
      for (uint64_t i = 0; i < action.number; ++i) turn(action.seed == 0 ? 0 : action.seed + i);
      return;
    case Kind::clock:
      return io_->leap(action.number);
    case Kind::forward:
      return io_->set_unix_clock(static_cast<int64_t>(action.number));
    case Kind::back:
      return set_clock_back(action.number);
    case Kind::no_buffer:
      return io_->find_no_buffer(action.number);
    case Kind::refuse:
      return io_->fail_accept(action.number % 2 == 0 ? EMFILE : ECONNABORTED);
    case Kind::disk:
      return break_disk(action.words);
    case Kind::crash:
    case Kind::kill:
      return crash(action);
    case Kind::restart:
      if (!disk_) return;
      stop();
      return crash(action);
    default:
      break;
  }
  for (int id = action.first; id <= action.last; ++id) {
    if (action.kind == Kind::connect) {
      connect(id, static_cast<uint32_t>(action.number));
    } else if (const auto found = current_.find(id); found != current_.end()) {
      apply_to(*found->second, action);
    }
  }
}

void Simulation::connect(int id, uint32_t listener) {
  const auto found = current_.find(id);
  if (found != current_.end() && !found->second->left && !found->second->gone) return;
  clients_.push_back(std::make_unique<Client>());
  Client& client = *clients_.back();
  client.link = io_->connect(listener);
  current_[id] = &client;
  model_->open(client.link);
}

void Simulation::apply_to(Client& client, const Action& action) {
  using Kind = Action::Kind;
  SimulatedIo::Link& link = io_->link(client.link);
  if (link.closed) return;
  switch (action.kind) {
    case Kind::send:
      return send(client, {action.words}, frame(action.words));
    case Kind::line: {
      std::string line;
      for (const std::string& word : action.words) line += (line.empty() ? "" : " ") + word;
      return send(client, {action.words, Request::Form::line}, line + "\r\n");
    }
    case Kind::half: {
      const std::string bytes = frame(action.words);
      const uint64_t kept = std::min<uint64_t>(action.number, bytes.size() - 1);
      send(client, {action.words, Request::Form::array, kept == 0},
           bytes.substr(0, bytes.size() - kept));
      if (!client.left) client.half = bytes.substr(bytes.size() - kept);
      return;
    }
    case Kind::rest:
      return send_rest(client);
    case Kind::junk:
      return send(client, {{}, Request::Form::junk}, junk_text);
    case Kind::shut:
      link.shut = client.left = true;
      return;
    case Kind::reset:
      link.lost = client.left = client.excused = true;
      return;
    case Kind::cancel:
      if (link.receive.active) {
        link.receive.error = -ECANCELED;
        client.excused = true;
      }
      return;
    case Kind::retry:
      link.receive.error = link.send.error = action.number % 2 == 0 ? -EINTR : -EAGAIN;
      return;
    case Kind::slow:
      link.window = link.to_client.size() + action.number;
      return;
    case Kind::fast:
      link.window = SimulatedIo::unlimited;
      return;
    default:
      return;
  }
}

void Simulation::send(Client& client, Request request, const std::string& bytes) {
  if (client.left) return;
  send_rest(client);
  client.sent.push_back(std::move(request));
  ++requests_;
  io_->write(client.link, bytes);
}

void Simulation::send_rest(Client& client) {
  if (client.half.empty() || client.left) return;
  io_->write(client.link, client.half);
  client.half.clear();
  client.sent.back().is_whole = true;
}

/// Only when nothing is left that has expired: what was not freed yet would live again.
void Simulation::set_clock_back(uint64_t ms) {
  const Store& store = whole_->instance.store;
  constexpr uint64_t tick_ms = 100;  // The server notices within a tick.
  for (int i = 0; i < 50; ++i) {
    const bool is_tidy = store.idle_ms() > 0 && whole_->view.now_ms + 1 >= io_->unix_ms();
    if (is_tidy) {
      io_->leap(tick_ms + 1);
      io_->set_unix_clock(-static_cast<int64_t>(ms + tick_ms + 1));
      return turn(0);
    }
    turn(0);
  }
}

void Simulation::turn(uint64_t seed) {
  io_->begin_turn(seed);
  whole_->server->turn();
  ++turns_;
  note_snapshots();
  check_turn();
}

/// What the client is at, as far as it helps to see why.
std::string Simulation::describe(const Client& client) {
  const SimulatedIo::Link& link = io_->link(client.link);
  std::string out = "client of link " + std::to_string(client.link);
  if (!client.sent.empty() && !client.sent.front().words.empty()) {
    out += ", whose next request is " + client.sent.front().words[0];
  }
  if (link.socket < 0 || client.index == index_none) return out;
  const ConnectionRecord& record = whole_->instance.connections[client.index];
  constexpr const char* resources[] = {"nothing",
                                       "a receive buffer",
                                       "a large request slot",
                                       "a reply buffer",
                                       "a large reply slot",
                                       "the end of a pause",
                                       "room in the buffer of the snapshot",
                                       "the end of the snapshot"};
  out += ", waits for " + std::string(resources[record.waiting_for]);
  if (link.receive.active) out += ", receives";
  if (link.send.active) out += ", sends";
  if (record.request_buffer != index_none) out += ", has a receive buffer";
  if (record.large_request != index_none) out += ", has a large request slot";
  if (record.reply_buffer != index_none) out += ", has a reply buffer";
  if (record.large_reply != index_none) out += ", has a large reply slot";
  return out + ", " + std::to_string(link.to_server.size()) + " bytes on their way";
}

RunResult run_script(const Script& script) {
  constexpr unsigned seconds = 60;
  return run_apart(
      [&](RunResult& result) {
        Simulation simulation(script);
        simulation.run(result);
      },
      seconds);
}

}  // namespace kv::sim
