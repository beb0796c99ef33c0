// What the server counts and remembers of its work: totals, counters per command, slow
// commands, rates.
//
// Counters of each command and the slow log are the parts of the component `statistics`; the
// slow log is a ring whose newest entry replaces the oldest.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "kvcore/memory/arena.hpp"
#include "kvcore/plan/allocation.hpp"
#include "kvcore/plan/records.hpp"

namespace kv {

/// Counters that INFO shows. execute() keeps commands_processed, error_replies of commands,
/// the keyspace counters and refused_for_memory; the rest is the server's.
struct Statistics {
  uint64_t connections_received = 0;
  uint64_t connections_rejected = 0;
  uint64_t connections_denied = 0;  ///< by protected mode
  uint64_t commands_processed = 0;
  uint64_t error_replies = 0;
  uint64_t protocol_errors = 0;
  uint64_t stalled_closed = 0;
  uint64_t idle_closed = 0;  ///< by idle_timeout_ms
  uint64_t bytes_received = 0;
  uint64_t bytes_sent = 0;
  uint64_t keyspace_hits = 0;
  uint64_t keyspace_misses = 0;
  uint64_t refused_for_memory = 0;  ///< -OOM replies
  uint64_t waits_request_buffer = 0;
  uint64_t waits_large_request = 0;
  uint64_t waits_reply_buffer = 0;
  uint64_t waits_large_reply = 0;
  uint64_t waits_snapshot = 0;  ///< changes that waited for room in the snapshot's buffer
};

/// A mean over the last 16 samples of how fast a counter grows. Source: trackInstantaneous-
/// Metric() of Redis 7.
class Rate {
 public:
  /// `total` is the counter now; `elapsed_ms` the time since the sample before.
  void sample(uint64_t total, uint64_t elapsed_ms);
  uint64_t per_second() const;

 private:
  static constexpr uint64_t sample_count = 16;
  std::array<uint64_t, sample_count> samples_ = {};
  uint64_t next_ = 0;
  uint64_t total_ = 0;
};

/// The slowest that was seen lately: Redis's SLOWLOG.
class SlowLog {
 public:
  SlowLog() = default;
  explicit SlowLog(std::span<SlowCommand> ring) : ring_(ring) {}

  uint64_t count() const { return count_; }
  /// The `index`-th from the newest. REQUIRES: index < count().
  const SlowCommand& newest(uint64_t index) const;
  /// The entry to fill for one more command, cleared but for its id; null where none are kept.
  SlowCommand* add();
  void clear() { count_ = 0; }

 private:
  std::span<SlowCommand> ring_;
  uint64_t next_id_ = 0;
  uint64_t count_ = 0;
  uint64_t head_ = 0;  ///< where the next one goes
};

/// Keeps the arguments in `entry`: at most 32, each cut to 128 bytes as in Redis, and as many
/// as fit; the last then says how many more there are.
void keep_arguments(SlowCommand& entry, std::span<const Slice> arguments);

/// The parts of the component.
struct CommandCounters {
  std::span<CommandStatistics> of_command;  ///< by Command
  SlowLog slow_log;

  static CommandCounters carve(Arena& arena, const Allocation& allocation);
};

}  // namespace kv
