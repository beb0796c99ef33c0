// What becomes of a request before it is a command: frames beyond a limit are refused, and those
// that a stranger may not send end the connection.
#pragma once

#include <string>

#include "model.hpp"

namespace kv::sim {

/// In a text, any number.
constexpr char any_number = '\x01';

struct Reading {
  bool is_command = true;
  bool ends = false;  ///< the connection closes behind the reply
  std::string reply;  ///< where it is no command
};

/// How a request is read. `is_line` for an inline command.
Reading read_request(const Words& words, bool is_line, bool is_stranger,
                     const Allocation& allocation);

/// What is not the protocol, and what is answered to it.
inline constexpr const char* junk_text = "*x\r\n";
inline constexpr const char* junk_reply = "-ERR Protocol error: invalid multibulk length\r\n";

}  // namespace kv::sim
