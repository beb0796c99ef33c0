// The command table as data, and the sizes of the largest request and reply.
//
// A request is a RESP array of bulk strings, so its largest size follows from the limits
// alone. Source: RESP specification, "Sending commands to a Redis server":
//
//     *<arguments>\r\n  then for each argument  $<bytes>\r\n<data>\r\n
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "kvcore/plan/amount.hpp"

namespace kv {

enum class Command : uint8_t {
#define KV_COMMAND(id, ...) id,
#include "kvcore/plan/commands.def"
  unknown,
};

constexpr uint64_t command_count = static_cast<uint64_t>(Command::unknown);

/// How large a reply can be. `several_values` is bounded by the reply buffer itself: the
/// command is refused when its reply would not fit.
enum class ReplyShape : uint8_t { small, value, list, several_values, control };

struct CommandInfo {
  /// As many as the largest frame holds; a frame has room for at least one.
  static constexpr uint8_t several = 255;
  /// As many as a list may have and a command may carry.
  static constexpr uint8_t elements = 254;

  Command id;
  std::string_view name;  ///< upper case
  int8_t arity;
  std::string_view flags;
  int8_t first_key, last_key, key_step;
  uint8_t keys, values, words;
  ReplyShape reply;
  std::string_view group;
  std::string_view since;
  std::string_view summary;
};

namespace detail {
constexpr uint8_t several = CommandInfo::several;
constexpr uint8_t elements = CommandInfo::elements;

constexpr std::array<CommandInfo, command_count> make_commands() {
  return {{
#define KV_COMMAND(id, name, arity, flags, first, last, step, keys, values, words, reply, group, \
                   since, summary)                                                               \
  {Command::id,       name,  arity, flags,  first, last, step, keys, values, words,              \
   ReplyShape::reply, group, since, summary},
#include "kvcore/plan/commands.def"
  }};
}
}  // namespace detail

inline constexpr std::array<CommandInfo, command_count> commands = detail::make_commands();

/// REQUIRES: id != Command::unknown.
constexpr const CommandInfo& command_info(Command id) {
  return commands[static_cast<uint64_t>(id)];
}

/// A short argument: a number of 20 digits with its sign, or an option word.
constexpr uint64_t word_bytes_max = 24;

/// "$<bytes>\r\n<data>\r\n"
constexpr Amount bulk_bytes(Amount bytes) { return 1 + digits(bytes) + 2 + bytes + 2; }

/// "*<count>\r\n"
constexpr Amount array_header_bytes(Amount count) { return 1 + digits(count) + 2; }

/// The limits that bound a request.
struct RequestLimits {
  Amount key_bytes;
  Amount value_bytes;
  Amount push_elements;  ///< elements that one push can carry
};

/// The size of the largest request of one command.
constexpr Amount request_bytes(const CommandInfo& command, const RequestLimits& limits) {
  const auto repeated = [&](uint8_t count) -> Amount {
    if (count == CommandInfo::several) return 1;
    if (count == CommandInfo::elements) return max(1, limits.push_elements);
    return count;
  };
  const Amount keys = repeated(command.keys);
  const Amount values = repeated(command.values);
  const Amount words = command.words;
  return array_header_bytes(1 + keys + values + words)  //
         + bulk_bytes(command.name.size())              //
         + keys * bulk_bytes(limits.key_bytes)          //
         + values * bulk_bytes(limits.value_bytes)      //
         + words * bulk_bytes(word_bytes_max);
}

/// The size of the largest request of all commands.
constexpr Amount largest_request(Amount key_bytes, Amount value_bytes, Amount push_elements) {
  Amount largest = 0;
  for (const CommandInfo& command : commands) {
    largest = max(largest, request_bytes(command, {key_bytes, value_bytes, push_elements}));
  }
  return largest;
}

/// The size of a whole list as a reply; of one value where there are no lists.
constexpr Amount list_reply(Amount value_bytes, Amount elements) {
  return array_header_bytes(elements) + max(1, elements) * bulk_bytes(value_bytes);
}

}  // namespace kv
