// SimulatedIo: the io interface over a network, a kernel and two clocks that exist only here.
//
// Everything that the interface permits may happen: operations reach the kernel late, complete in
// any order and in part, find no buffer, are cancelled, and end with the errors that a lost
// connection has. Which of it does in a turn follows from the turn's seed alone; seed 0 is a calm
// turn. It holds the server to its side of the interface as well: one operation of a kind at a
// time, memory untouched until the completion, no buffer given back twice, no socket closed under
// an operation or used after it was closed, and a generation that names one client.
//
//     write() ──► to_server ──► receive_any(), receive_into() ──► server ──► send() ──► take()
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "random.hpp"
#include "server/connections.hpp"
#include "server/io.hpp"
#include "simulated_disk.hpp"

namespace kv::sim {

class SimulatedIo final : public Io {
 public:
  static constexpr uint64_t unlimited = UINT64_MAX;

  /// A connection, from the client's connect() on; its socket is a number that is used again.
  struct Link {
    uint32_t listener = 0;
    int socket = -1;  ///< while the server has it open
    bool accepted = false;
    bool closed = false;  ///< by the server
    bool was_refused = false;
    uint64_t others = 0;  ///< sockets that were open when it was
    bool shut = false;    ///< the client has closed its side
    bool lost = false;    ///< reset
    bool shut_down = false;
    bool ends_sending = false;
    bool drops = false;
    std::string to_server;        ///< not received yet
    std::string to_client;        ///< not taken yet
    uint64_t window = unlimited;  ///< bytes that wait for a client that does not read
    uint64_t moved_ms = 0;        ///< when bytes moved last
    uint64_t received_ms = 0;     ///< to the server
    uint64_t accepted_ms = 0;
    struct Flight {
      bool active = false;
      uint64_t from_wait = 0;  ///< the kernel has it from this wait() on
      Target target = {};
      int error = 0;         ///< ends with it
      std::span<char> room;  ///< receive: empty for any buffer
      std::span<const char> data;
      std::string before;  ///< what was in that memory
    };
    Flight receive, send;
  };

  /// What goes on when another server begins: the clocks, and the hash of all that happened.
  struct World {
    uint64_t now_us = 1'000'000'000;
    uint64_t unix_offset_us = 1'700'000'000'000'000;
    uint64_t unix_set_ms = 0;
    uint64_t hash = 0xcbf29ce484222325;
  };

  /// Where there is a disk, what it was asked for ends in wait(), too.
  SimulatedIo(BufferArea buffers, uint32_t listeners, const World& world, SimulatedDisk* disk);
  const World& world() const { return world_; }

  // The clients' side. A client is known by the number of its link.
  int connect(uint32_t listener);
  Link& link(int number) { return links_[static_cast<uint64_t>(number)]; }
  const Link& link(int number) const { return links_[static_cast<uint64_t>(number)]; }
  uint64_t link_count() const { return links_.size(); }
  /// The link whose socket this is; -1 for none.
  int link_of(int socket) const;
  void write(int number, std::string_view bytes) { link(number).to_server.append(bytes); }
  std::string take(int number) { return std::exchange(link(number).to_client, {}); }

  // Faults that the script asks for.
  void begin_turn(uint64_t seed) { turn_ = Random(seed), calm_ = seed == 0; }
  void find_no_buffer(uint64_t times) { no_buffer_ = times; }
  void fail_accept(int error) { accept_error_ = error; }
  void leap(uint64_t ms) { world_.now_us += ms * 1000; }
  void set_unix_clock(int64_t by_ms);

  uint64_t now_ms() const { return world_.now_us / 1000; }
  uint64_t unix_ms() const { return (world_.now_us + world_.unix_offset_us) / 1000; }
  uint64_t unix_set_ms() const { return world_.unix_set_ms; }  ///< when the Unix clock was set last
  uint64_t free_buffers() const { return free_buffers_.size(); }
  uint64_t sockets_open() const { return sockets_open_; }
  uint64_t hash() const { return world_.hash; }
  void note(uint64_t what) { world_.hash = (world_.hash ^ what) * 0x100000001b3; }
  void note(std::string_view bytes);

  void accept(uint32_t listener) override;
  void name(int socket, SocketName& peer, SocketName& local) override;
  void stop_accepting() override { stopped_ = true; }
  void receive_any(Target target) override;
  void receive_into(Target target, std::span<char> room) override;
  void send(Target target, std::span<const char> bytes) override;
  void release_buffer(uint32_t buffer) override;
  bool has_left(int socket) override;
  void shut_down(int socket) override { of(socket).shut_down = true; }
  uint64_t unsent_bytes(int socket) override;
  void end_sending(int socket) override { of(socket).ends_sending = true; }
  void drop_unsent(int socket) override { of(socket).drops = true; }
  void close(int socket) override;
  void refuse(int socket, std::string_view text) override;
  uint64_t wait(std::span<Completion> out, uint64_t timeout_ms) override;
  uint64_t monotonic_us() override { return ++world_.now_us; }
  uint64_t unix_us() override { return world_.now_us + world_.unix_offset_us; }

 private:
  /// What could complete now.
  struct Candidate {
    Operation operation;
    uint32_t place;  ///< the link, or the listener
  };
  struct Listener {
    bool accepting = false;
    std::deque<uint32_t> waiting;  ///< links
  };

  Link& of(int socket);
  bool chance(uint64_t percent) { return !calm_ && turn_.percent(percent); }
  uint64_t piece_of(uint64_t bytes);
  uint64_t delay() { return waits_ + (chance(5) ? turn_.below(4) : 0); }
  void begin_receive(Target target, std::span<char> room);
  void check_identity(const Link& link, Target target);
  bool can_receive(const Link& link) const;
  bool can_send(const Link& link) const;
  std::vector<Candidate> candidates() const;
  bool complete(const Candidate& candidate, Completion& out);
  bool complete_accept(uint32_t listener, Completion& out);
  void complete_receive(Link& link, Completion& out);
  void complete_send(Link& link, Completion& out);
  void pass_time(uint64_t completed, uint64_t could, uint64_t timeout_ms);

  BufferArea buffers_;
  std::vector<Link> links_;
  std::vector<Listener> listeners_;
  std::vector<int> sockets_;  ///< the link of each, or -1
  std::deque<uint32_t> free_buffers_;
  std::vector<bool> is_free_;
  std::map<std::pair<uint32_t, uint32_t>, int> named_;  ///< record and generation: whose
  Random turn_{0};
  bool calm_ = true;
  bool stopped_ = false;
  uint64_t no_buffer_ = 0;
  int accept_error_ = 0;
  uint64_t waits_ = 0;
  uint64_t sockets_open_ = 0;
  World world_;
  SimulatedDisk* disk_;
};

}  // namespace kv::sim
