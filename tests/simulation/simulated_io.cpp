#include "simulated_io.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "failure.hpp"

namespace kv::sim {

namespace {

constexpr int first_socket = 3;

/// What the kernel may have written to a buffer that it was given.
constexpr char junk = '\xdd';

}  // namespace

SimulatedIo::SimulatedIo(BufferArea buffers, uint32_t listeners, const World& world,
                         SimulatedDisk* disk)
    : buffers_(buffers),
      listeners_(listeners),
      is_free_(buffers.count(), true),
      world_(world),
      disk_(disk) {
  for (uint32_t i = 0; i < buffers.count(); ++i) free_buffers_.push_back(i);
}

void SimulatedIo::note(std::string_view bytes) {
  for (const char byte : bytes) note(static_cast<uint8_t>(byte));
}

int SimulatedIo::connect(uint32_t listener) {
  const auto number = static_cast<uint32_t>(links_.size());
  links_.emplace_back();
  links_.back().listener = listener % static_cast<uint32_t>(listeners_.size());
  listeners_[links_.back().listener].waiting.push_back(number);
  return static_cast<int>(number);
}

int SimulatedIo::link_of(int socket) const {
  const int at = socket - first_socket;
  return at < 0 || at >= static_cast<int>(sockets_.size()) ? -1
                                                           : sockets_[static_cast<uint64_t>(at)];
}

SimulatedIo::Link& SimulatedIo::of(int socket) {
  const int number = link_of(socket);
  require(number >= 0, "a socket is used that is not open", std::to_string(socket));
  return link(number);
}

void SimulatedIo::set_unix_clock(int64_t by_ms) {
  world_.unix_offset_us += static_cast<uint64_t>(by_ms * 1000);
  world_.unix_set_ms = now_ms();
}

void SimulatedIo::accept(uint32_t listener) {
  require(listener < listeners_.size(), "accept of a listener that is not there");
  require(!listeners_[listener].accepting, "two accepts of one listener are in flight");
  listeners_[listener].accepting = true;
}

/// The first listener is a Unix socket, the second is for this machine, the others for all.
void SimulatedIo::name(int socket, SocketName& peer, SocketName& local) {
  const uint32_t listener = of(socket).listener;
  peer.family = local.family = SocketName::Family::unix_socket;
  if (listener == 0) return;
  peer.family = local.family = SocketName::Family::v4;
  peer.address[12] = listener == 1 ? 127 : 10;
  peer.port = static_cast<uint16_t>(link_of(socket));
}

/// A record and its generation are one client for ever.
void SimulatedIo::check_identity(const Link& link, Target target) {
  const int number = link_of(link.socket);
  const auto [at, is_new] = named_.try_emplace({target.connection, target.generation}, number);
  require(at->second == number, "a generation of a record names two clients",
          std::to_string(target.connection) + "/" + std::to_string(target.generation));
}

void SimulatedIo::begin_receive(Target target, std::span<char> room) {
  Link& link = of(target.socket);
  check_identity(link, target);
  require(!link.receive.active, "two receives of one client are in flight");
  link.receive = {true, delay(), target, 0, room, {}, {room.begin(), room.end()}};
}

void SimulatedIo::receive_any(Target target) { begin_receive(target, {}); }

void SimulatedIo::receive_into(Target target, std::span<char> room) {
  require(!room.empty(), "a receive without room");
  begin_receive(target, room);
}

void SimulatedIo::send(Target target, std::span<const char> bytes) {
  Link& link = of(target.socket);
  check_identity(link, target);
  require(!link.send.active, "two sends of one client are in flight");
  require(!bytes.empty(), "a send of nothing");
  link.send = {true, delay(), target, 0, {}, bytes, {bytes.begin(), bytes.end()}};
}

void SimulatedIo::release_buffer(uint32_t buffer) {
  require(buffer < is_free_.size(), "a buffer is given back that is not there");
  require(!is_free_[buffer], "a buffer is given back twice", std::to_string(buffer));
  is_free_[buffer] = true;
  free_buffers_.push_back(buffer);
  const std::span<char> memory = buffers_[buffer];
  std::fill(memory.begin(), memory.end(), junk);
}

bool SimulatedIo::has_left(int socket) {
  const Link& link = of(socket);
  return link.shut || link.lost;
}

/// What a client that does not read has not taken.
uint64_t SimulatedIo::unsent_bytes(int socket) {
  const Link& link = of(socket);
  return link.lost || link.window == unlimited ? 0 : link.to_client.size();
}

void SimulatedIo::close(int socket) {
  Link& link = of(socket);
  require(link.drops || link.was_refused || unsent_bytes(socket) == 0,
          "the kernel is left with what a client has not taken", std::to_string(socket));
  require(!link.receive.active && !link.send.active, "a socket is closed under an operation");
  sockets_[static_cast<uint64_t>(socket - first_socket)] = -1;
  link.socket = -1;
  link.closed = true;
  --sockets_open_;
  note(uint64_t{3} << 32 | static_cast<uint64_t>(socket));
}

void SimulatedIo::refuse(int socket, std::string_view text) {
  Link& link = of(socket);
  link.was_refused = true;
  link.others = sockets_open_ - 1;
  link.to_client.append(text);
  close(socket);
}

/// Part of what could move: all of it, any of it, or a byte.
uint64_t SimulatedIo::piece_of(uint64_t bytes) {
  if (chance(20)) return 1;
  return chance(40) ? 1 + turn_.below(bytes) : bytes;
}

bool SimulatedIo::can_receive(const Link& link) const {
  if (!link.receive.active || link.receive.from_wait > waits_) return false;
  return link.receive.error != 0 || link.lost || link.shut || link.shut_down ||
         !link.to_server.empty();
}

bool SimulatedIo::can_send(const Link& link) const {
  if (!link.send.active || link.send.from_wait > waits_) return false;
  return link.send.error != 0 || link.lost || link.shut_down || link.to_client.size() < link.window;
}

std::vector<SimulatedIo::Candidate> SimulatedIo::candidates() const {
  std::vector<Candidate> out;
  for (uint32_t i = 0; i < listeners_.size(); ++i) {
    const Listener& at = listeners_[i];
    if (at.accepting && (stopped_ || !at.waiting.empty())) out.push_back({Operation::accept, i});
  }
  for (const int number : sockets_) {
    if (number < 0) continue;
    const auto place = static_cast<uint32_t>(number);
    if (can_send(link(number))) out.push_back({Operation::send, place});
    if (can_receive(link(number))) out.push_back({Operation::receive, place});
  }
  if (disk_ != nullptr && disk_->in_flight()) out.push_back({Operation::file, 0});
  return out;
}

bool SimulatedIo::complete(const Candidate& candidate, Completion& out) {
  if (candidate.operation == Operation::accept) return complete_accept(candidate.place, out);
  if (candidate.operation == Operation::file) {
    out = {Operation::file, 0, 0, disk_->complete(turn_, calm_), index_none};
    return true;
  }
  Link& link = links_[candidate.place];
  const bool receives = candidate.operation == Operation::receive;
  Link::Flight& flight = receives ? link.receive : link.send;
  out = {candidate.operation, flight.target.connection, flight.target.generation, 0, index_none};
  receives ? complete_receive(link, out) : complete_send(link, out);
  flight = {};
  if (out.result > 0) link.moved_ms = now_ms();
  if (out.result > 0 && receives) link.received_ms = now_ms();
  return true;
}

bool SimulatedIo::complete_accept(uint32_t listener, Completion& out) {
  Listener& at = listeners_[listener];
  out = {Operation::accept, listener, 0, -EINVAL, index_none};
  at.accepting = false;
  if (stopped_) return true;
  if (accept_error_ != 0) {
    out.result = -std::exchange(accept_error_, 0);
    return true;
  }
  const uint32_t number = at.waiting.front();
  at.waiting.pop_front();
  const auto free = std::find(sockets_.begin(), sockets_.end(), -1);
  const int socket = static_cast<int>(free - sockets_.begin()) + first_socket;
  if (free == sockets_.end()) sockets_.push_back(-1);
  sockets_[static_cast<uint64_t>(socket - first_socket)] = static_cast<int>(number);
  Link& link = links_[number];
  link.socket = socket;
  link.accepted = true;
  link.accepted_ms = link.moved_ms = link.received_ms = now_ms();
  ++sockets_open_;
  out.result = socket;
  return true;
}

void SimulatedIo::complete_receive(Link& link, Completion& out) {
  const Link::Flight& flight = link.receive;
  require(std::equal(flight.before.begin(), flight.before.end(), flight.room.begin()),
          "the room of a receive in flight was written to");
  const bool has_data = !link.to_server.empty() && !link.lost;
  // What had arrived before a shutdown may still be delivered.
  const bool ends = !has_data || (link.shut_down && !chance(50));
  if (flight.error != 0) {
    out.result = flight.error;
    return;
  }
  if (ends) {
    out.result = link.lost ? -ECONNRESET : 0;
    return;
  }
  std::span<char> room = flight.room;
  if (room.empty()) {
    if (free_buffers_.empty() || no_buffer_ > 0) {
      no_buffer_ -= no_buffer_ > 0;
      out.result = -ENOBUFS;
      return;
    }
    out.buffer = free_buffers_.front();
    free_buffers_.pop_front();
    is_free_[out.buffer] = false;
    room = buffers_[out.buffer];
  }
  const uint64_t bytes = piece_of(std::min<uint64_t>(room.size(), link.to_server.size()));
  std::memcpy(room.data(), link.to_server.data(), bytes);
  link.to_server.erase(0, bytes);
  out.result = static_cast<int32_t>(bytes);
}

void SimulatedIo::complete_send(Link& link, Completion& out) {
  const Link::Flight& flight = link.send;
  require(std::equal(flight.before.begin(), flight.before.end(), flight.data.begin()),
          "the bytes of a send in flight were written to");
  if (flight.error != 0 || link.lost || link.shut_down) {
    out.result = flight.error != 0 ? flight.error : link.lost ? -ECONNRESET : -EPIPE;
    return;
  }
  const uint64_t room = std::min<uint64_t>(flight.data.size(), link.window - link.to_client.size());
  const uint64_t bytes = piece_of(room);
  link.to_client.append(flight.data.data(), bytes);
  note(std::string_view(flight.data.data(), bytes));
  out.result = static_cast<int32_t>(bytes);
}

/// Nobody sleeps longer than was asked for. Somebody who could be served and is not yet waits a
/// few milliseconds.
void SimulatedIo::pass_time(uint64_t completed, uint64_t could, uint64_t timeout_ms) {
  if (completed > 0) {
    world_.now_us += calm_ ? 10 : turn_.below(2000);
    return;
  }
  const uint64_t longest_ms = std::min<uint64_t>(timeout_ms, could > 0 ? 5 : 1000);
  world_.now_us += (calm_ || !turn_.one_in(4) ? longest_ms : turn_.below(longest_ms + 1)) * 1000;
}

uint64_t SimulatedIo::wait(std::span<Completion> out, uint64_t timeout_ms) {
  ++waits_;
  std::vector<Candidate> could = candidates();
  for (uint64_t i = could.size(); i > 1 && !calm_; --i) {
    std::swap(could[i - 1], could[turn_.below(i)]);
  }
  const bool some_are_late = chance(30);
  uint64_t count = 0;
  for (const Candidate& candidate : could) {
    if (count == out.size()) break;
    if (some_are_late && chance(50)) continue;
    if (candidate.operation == Operation::file && chance(30)) continue;
    if (!complete(candidate, out[count])) continue;
    note(uint64_t{static_cast<uint8_t>(candidate.operation)} << 40 | candidate.place);
    note(static_cast<uint64_t>(out[count].result));
    ++count;
  }
  pass_time(count, could.size(), timeout_ms);
  note(world_.now_us);
  return count;
}

}  // namespace kv::sim
