#include "server/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "kvcore/memory/assert.hpp"

namespace kv {

void Rate::sample(uint64_t total, uint64_t elapsed_ms) {
  KV_ASSERT(elapsed_ms > 0);
  // A counter that was reset begins again.
  const uint64_t grown = total >= total_ ? total - total_ : total;
  samples_[next_] = grown * 1000 / elapsed_ms;
  next_ = (next_ + 1) % sample_count;
  total_ = total;
}

uint64_t Rate::per_second() const {
  uint64_t sum = 0;
  for (const uint64_t sample : samples_) sum += sample;
  return sum / sample_count;
}

const SlowCommand& SlowLog::newest(uint64_t index) const {
  KV_ASSERT(index < count_);
  return ring_[(head_ + ring_.size() - 1 - index) % ring_.size()];
}

SlowCommand* SlowLog::add() {
  const uint64_t id = next_id_++;
  if (ring_.empty()) return nullptr;
  SlowCommand& entry = ring_[head_];
  entry = {};
  entry.id = id;
  head_ = (head_ + 1) % ring_.size();
  count_ = std::min<uint64_t>(count_ + 1, ring_.size());
  return &entry;
}

namespace {

constexpr uint64_t arguments_kept_max = 32;
constexpr uint64_t argument_kept_bytes_max = 128;

/// "... (18446744073709551615 more arguments)" and the byte of its length.
constexpr uint64_t rest_bytes_max = 48;

/// An argument as it is kept: as it is, or its beginning and how much more there was.
class KeptArgument {
 public:
  explicit KeptArgument(std::string_view argument) {
    const uint64_t kept = std::min<uint64_t>(argument.size(), argument_kept_bytes_max);
    if (kept > 0) std::memcpy(text_, argument.data(), kept);
    bytes_ = kept;
    if (kept == argument.size()) return;
    append(" more bytes)", argument.size() - kept);
  }
  static KeptArgument rest(uint64_t arguments) {
    KeptArgument text("");
    text.append(" more arguments)", arguments);
    return text;
  }
  std::string_view view() const { return {text_, bytes_}; }

 private:
  void append(std::string_view what, uint64_t number) {
    const auto end =
        fmt::format_to_n(text_ + bytes_, sizeof text_ - bytes_, "... ({}{}", number, what);
    KV_ASSERT(end.size <= sizeof text_ - bytes_);
    bytes_ += end.size;
  }

  char text_[argument_kept_bytes_max + rest_bytes_max];
  uint64_t bytes_ = 0;
};

void keep(SlowCommand& entry, std::string_view text) {
  KV_ASSERT(entry.text_bytes + 1 + text.size() <= sizeof entry.text);
  char* const out = entry.text + entry.text_bytes;
  *out = static_cast<char>(text.size());
  if (!text.empty()) std::memcpy(out + 1, text.data(), text.size());
  entry.text_bytes = static_cast<uint16_t>(entry.text_bytes + 1 + text.size());
  ++entry.arguments;
}

}  // namespace

void keep_arguments(SlowCommand& entry, std::span<const Slice> arguments) {
  for (uint64_t i = 0; i < arguments.size(); ++i) {
    const uint64_t left = arguments.size() - i;
    const KeptArgument argument({arguments[i].data, arguments[i].bytes});
    const uint64_t end = entry.text_bytes + 1 + argument.view().size();
    const bool last = left == 1;
    const bool has_room = end + (last ? 0 : rest_bytes_max) <= sizeof entry.text;
    if (!has_room || (!last && i + 1 == arguments_kept_max)) {
      keep(entry, KeptArgument::rest(left).view());
      return;
    }
    keep(entry, argument.view());
  }
}

CommandCounters CommandCounters::carve(Arena& arena, const Allocation& allocation) {
  constexpr uint64_t cache_line = 64;
  constexpr uint64_t rows = 128;
  static_assert(command_count <= rows, "command_rows of the plan must grow");
  CommandCounters out;
  out.of_command = arena.take<CommandStatistics>(Part::command_statistics, rows, cache_line);
  out.slow_log = SlowLog(
      arena.take<SlowCommand>(Part::slow_commands, allocation.config.slowlog_length, cache_line));
  return out;
}

}  // namespace kv
