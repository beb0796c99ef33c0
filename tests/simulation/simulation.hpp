// A run of a script: the real server over the simulated io, the model beside it, and the clients.
//
// Each execution of a command is seen where the server calls execute(): that is the order in which
// commands took effect. It must be the next command that its client has sent, and its reply must
// be the model's; so each is executed at most once, and in order. What a client receives must be
// its replies, byte by byte. After every turn the pools must balance and nobody may be forgotten;
// at the end everybody must have all that is due to him, and every pool must be free.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "failure.hpp"
#include "model.hpp"
#include "script.hpp"
#include "simulated_disk.hpp"
#include "simulated_io.hpp"
#include "whole_server.hpp"

namespace kv::sim {

class Simulation {
 public:
  explicit Simulation(const Script& script);
  ~Simulation();
  Simulation(const Simulation&) = delete;

  /// Runs the script to its end and fills in what it came to. A fault ends the process.
  void run(RunResult& result);

  /// The server is about to execute a command, and has done so.
  void before_execution(const Call& call);
  void on_execution(const Call& call, Outcome outcome, const std::string& reply);

 private:
  struct Request {
    enum class Form : uint8_t { array, line, junk };
    Words words;
    Form form = Form::array;
    bool is_whole = true;
  };
  /// One connection of a client of the script.
  struct Client {
    int link = -1;
    std::deque<Request> sent;  ///< and not answered yet
    std::string expected;      ///< replies that were written and not received yet
    std::string half;          ///< the rest of a request
    uint32_t index = index_none;
    bool left = false;         ///< shut, reset, or no longer wanted by either side
    bool ended = false;        ///< the server closes it behind its replies
    bool excused = false;      ///< need not get its replies: reset, cancelled, killed, stalled
    bool gone = false;         ///< the server is closing it
    bool was_blocked = false;  ///< when the server began to close it
    bool is_done = false;      ///< closed, and looked at
    uint64_t saves = 0;        ///< its SAVE waits for the snapshot of this number
  };
  /// The store as it was when a snapshot began, by the model.
  struct SavedState {
    uint64_t number = 0;  ///< in the order in which they began, from 1
    uint64_t id = 0;
    uint64_t saved_ms = 0;
    Model::Keys keys;
  };

  // The script (simulation.cpp).
  void apply(const Action& action);
  void apply_to(Client& client, const Action& action);
  void connect(int id, uint32_t listener);
  void send(Client& client, Request request, const std::string& bytes);
  void send_rest(Client& client);
  void set_clock_back(uint64_t ms);
  void turn(uint64_t seed);

  // The disk, and one server after the other (saving.cpp).
  void begin_server(Random& random);
  void make_disk(Random& random);
  void load(Random& random);
  void check_read_errors(uint64_t looks, Random& random) const;
  void note_snapshots();
  void break_disk(const Words& words);
  void crash(const Action& action);
  bool same_keys(const Model::Keys& due, const Model::Keys& is) const;

  // Each execution (execution.cpp).
  Client& client_of(const Call& call);
  void check_request(const Call& call, const Client& client) const;
  Circumstances circumstances_of(const Call& call, const std::string& reply) const;
  void settle(Client& client);
  void expect(Client& client, const std::string& reply);
  void leave_those_that_close();
  void leave_if_closing(Client& client);
  void check_order(const Call& call, const Client& client);
  void note_killed();
  void check_clock(const Call& call) const;
  Saving saving_of(const Client& client) const;
  void note_wait(Client& client, const std::string& reply);

  // After each turn (checks.cpp).
  void check_turn();
  void receive_all();
  void check_received(Client& client);
  void check_closed(Client& client);
  void excuse_stalled();
  bool may_be_stalled(const Client& client) const;
  void check_store();
  void check_sessions();
  void check_connections();
  void check_pools();

  // The end (finish.cpp).
  void drain();
  bool is_served(const Client& client) const;
  template <class Done>
  void turn_until(Done done, const char* what);
  void part();
  void delete_all();
  void stop();

  std::string describe(const Client& client);

  Script script_;
  std::optional<SimulatedDisk> disk_;  ///< where the config has snapshots
  std::optional<WholeServer> whole_;
  std::optional<SimulatedIo> io_;
  std::optional<Snapshots> snapshots_;
  std::optional<Model> model_;
  std::vector<std::unique_ptr<Client>> clients_;  ///< by link
  std::map<int, Client*> current_;                ///< by the script's number
  std::set<int> holders_;  ///< links of clients that may hold what others need
  /// What the disk may have to load: the last that was reported as saved, and those since.
  std::vector<SavedState> saved_states_;
  uint64_t saved_count_ = 0;  ///< snapshots that were begun
  bool saving_ = false;       ///< the last of them is being written
  bool save_failed_ = false;  ///< the last that ended
  bool was_busy_ = false;     ///< with snapshots, before the command
  uint64_t latest_ms_ = 0;    ///< the latest Unix time that there was
  Words executing_;
  uint64_t turns_ = 0;
  uint64_t commands_ = 0;
  uint64_t clients_before_ = 0;                   ///< of servers that have ended
  uint64_t requests_ = 0;                         ///< that were sent
  uint64_t closed_by_clock_ = 0;                  ///< clients that the server found stalled or idle
  std::array<uint32_t, resource_count> waiting_;  ///< who is first to wait for what is free
  bool stopping_ = false;
};

/// Runs a script in a process of its own.
RunResult run_script(const Script& script);

}  // namespace kv::sim
