// A script: a config and what happens to the server, one action a line. A seed makes a script, the
// minimiser takes lines out of it, and a file of it can be run again.
//
//     config connections_max=2 key_count=3 …
//     connect 0-1 0           clients 0 and 1 come, on listener 0
//     send 0 SET a ~200,x     200 times x
//     disk sync EIO           the next sync fails
//     crash 5                 the power is cut; 5 is the seed of what the disk has kept
//     turn 3 71               three turns of the loop; 71 is the seed of their faults, 0 for none
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kvcore/plan/config.hpp"
#include "model.hpp"
#include "simulated_disk.hpp"

namespace kv::sim {

struct Action {
  enum class Kind : uint8_t {
    connect,    ///< `number` is the listener
    send,       ///< a request as an array
    line,       ///< the same as an inline command
    half,       ///< a request without its last `number` bytes
    rest,       ///< which arrive now
    junk,       ///< what is not the protocol
    shut,       ///< the client closes its side, and still reads
    reset,      ///< the connection is lost
    cancel,     ///< the receive in flight is cancelled
    retry,      ///< the operations in flight end with -EINTR or, for an odd `number`, -EAGAIN
    slow,       ///< the client stops reading once `number` bytes are on their way
    fast,       ///< the client reads again
    turn,       ///< `number` turns with the faults of `seed`
    clock,      ///< both clocks leap `number` milliseconds
    forward,    ///< the Unix clock is set forward
    back,       ///< the Unix clock is set back
    no_buffer,  ///< the next `number` receives find no buffer
    disk,       ///< the next operation on a file of the kind ends with an error: `sync EIO`
    crash,      ///< the power is cut, and a server begins with what the disk kept
    kill,       ///< the process ends, and a server begins with what the kernel has
    restart,    ///< the server stops in good order, and another begins
    refuse,     ///< the next accepts fail: with -EMFILE, or -ECONNABORTED for an odd `number`
  };

  Kind kind = Kind::turn;
  int first = 0;  ///< the clients that do it
  int last = 0;
  uint64_t number = 0;
  uint64_t seed = 0;
  Words words;
};

struct Script {
  Config config;
  uint32_t listeners = 1;
  SimulatedDisk::Terms disk;
  std::vector<Action> actions;
};

/// The script that a seed stands for.
Script generate(uint64_t seed);

std::string text_of(const Action& action);
std::string text_of(const Script& script);
/// Nothing, and what is wrong in `error`, where it is no script.
std::optional<Script> parse_script(std::string_view text, std::string& error);

/// A request in the protocol.
std::string frame(const Words& words);

}  // namespace kv::sim
