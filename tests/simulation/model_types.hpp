// What goes into the model and what comes out of it: commands, what is known of their execution,
// and what must be answered.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace kv::sim {

using Words = std::vector<std::string>;

/// What must be answered: `text`, or something that begins with it, or that `accepts` likes.
struct Expected {
  std::string text;
  bool is_prefix = false;
  std::function<bool(const std::string&)> accepts = {};

  bool matches(const std::string& reply) const;
};

enum class Effect : uint8_t { replies, blocks, closes, is_held };

struct Answer {
  Effect effect = Effect::replies;
  Expected reply;
};

/// Entries, blocks, list nodes and timers.
struct StoreUse {
  uint64_t entries = 0, blocks = 0, nodes = 0, timers = 0;
  bool operator==(const StoreUse&) const = default;
};

/// What the server's snapshots had come to before a command.
struct Saving {
  bool enabled = false;
  bool busy = false;      ///< one is being written, or was asked for
  bool awaited = false;   ///< the client's SAVE was begun
  bool failed = false;    ///< the last one that ended
  uint64_t saved_ms = 0;  ///< Unix time of the last that did not
};

/// What is known of an execution beside its words.
struct Circumstances {
  uint64_t unix_ms = 0;
  uint64_t clock_ms = 0;            ///< of the clock that never goes back
  bool resumed = false;             ///< a blocked client's command runs again
  bool timed_out = false;           ///< because its time is over
  bool too_large_to_block = false;  ///< it holds a large slot that it cannot leave
  std::function<bool(const std::string&)> looks_at = {};  ///< resumed: at this key
  std::string reply = {};  ///< what the server answered, where that is known
  StoreUse others = {};    ///< what keys take that the model does not have
  Saving saving = {};
};

}  // namespace kv::sim
