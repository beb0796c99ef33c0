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
enum class ReplyShape : uint8_t { small, value, list, key_list, several_values, control };

struct CommandInfo {
  /// As many as the largest frame holds; a frame has room for at least one.
  static constexpr uint8_t several = 255;
  /// As many as a list may have and a command may carry.
  static constexpr uint8_t elements = 254;
  /// Two elements of one list: one where a list has no more.
  static constexpr uint8_t two_elements = 253;

  Command id;
  std::string_view name;  ///< upper case
  int8_t arity;
  std::string_view flags;
  int8_t first_key, last_key, key_step;
  uint8_t keys, values, words;
  ReplyShape reply;
  std::string_view group;
  std::string_view since;
  std::string_view syntax;
  std::string_view summary;
};

namespace detail {
constexpr uint8_t several = CommandInfo::several;
constexpr uint8_t elements = CommandInfo::elements;
constexpr uint8_t two_elements = CommandInfo::two_elements;

constexpr std::array<CommandInfo, command_count> make_commands() {
  return {{
#define KV_COMMAND(id, name, arity, flags, first, last, step, keys, values, words, reply, group, \
                   since, syntax, summary)                                                       \
  {Command::id,       name,  arity, flags,  first,  last, step, keys, values, words,             \
   ReplyShape::reply, group, since, syntax, summary},
#include "kvcore/plan/commands.def"
  }};
}
}  // namespace detail

inline constexpr std::array<CommandInfo, command_count> commands = detail::make_commands();

/// REQUIRES: id != Command::unknown.
constexpr const CommandInfo& command_info(Command id) {
  return commands[static_cast<uint64_t>(id)];
}

/// Whether "write|denyoom" has the word.
constexpr bool has_flag(const CommandInfo& command, std::string_view word) {
  std::string_view rest = command.flags;
  while (!rest.empty()) {
    const std::string_view flag = rest.substr(0, rest.find('|'));
    if (flag == word) return true;
    rest.remove_prefix(flag.size() < rest.size() ? flag.size() + 1 : rest.size());
  }
  return false;
}

/// Whether the command takes little time whatever the data: it handles one key and one value.
/// SET is brief as well, which Redis does not call fast since it may free a large value.
constexpr bool is_brief(const CommandInfo& command) {
  return (command.id == Command::set || has_flag(command, "fast")) && command.keys <= 1 &&
         command.values <= 1 &&
         (command.reply == ReplyShape::small || command.reply == ReplyShape::value);
}

/// A short argument: a number of 20 digits with its sign, or an option word.
constexpr uint64_t word_bytes_max = 24;

/// "$<bytes>\r\n<data>\r\n"
template <bool tracks>
constexpr BasicAmount<tracks> bulk_bytes(BasicAmount<tracks> bytes) {
  return 1 + digits(bytes) + 2 + bytes + 2;
}
constexpr Amount bulk_bytes(uint64_t bytes) { return bulk_bytes(Amount(bytes)); }

/// "*<count>\r\n"
template <bool tracks>
constexpr BasicAmount<tracks> array_header_bytes(BasicAmount<tracks> count) {
  return 1 + digits(count) + 2;
}
constexpr Amount array_header_bytes(uint64_t count) { return array_header_bytes(Amount(count)); }

/// The limits that bound a request.
template <bool tracks>
struct BasicRequestLimits {
  BasicAmount<tracks> key_bytes;
  BasicAmount<tracks> value_bytes;
  BasicAmount<tracks> push_elements;  ///< elements that one push can carry
};
using RequestLimits = BasicRequestLimits<true>;

/// How many arguments a count of the table stands for in the largest request.
template <bool tracks>
constexpr BasicAmount<tracks> argument_count(uint8_t count,
                                             const BasicRequestLimits<tracks>& limits) {
  if (count == CommandInfo::several) return 1;
  if (count == CommandInfo::elements) return max(1, limits.push_elements);
  if (count == CommandInfo::two_elements) return min(2, max(1, limits.push_elements));
  return count;
}

/// The size of the largest request of one command.
template <bool tracks>
constexpr BasicAmount<tracks> request_bytes(const CommandInfo& command,
                                            const BasicRequestLimits<tracks>& limits) {
  using Number = BasicAmount<tracks>;
  const Number keys = argument_count(command.keys, limits);
  const Number values = argument_count(command.values, limits);
  const Number words = command.words;
  return array_header_bytes(1 + keys + values + words)  //
         + bulk_bytes(Number(command.name.size()))      //
         + keys * bulk_bytes(limits.key_bytes)          //
         + values * bulk_bytes(limits.value_bytes)      //
         + words * bulk_bytes(Number(word_bytes_max));
}

namespace detail {

/// Whether every request of `b` is at most as large as one of `a`, whatever the limits.
constexpr bool dominates(const CommandInfo& a, const CommandInfo& b) {
  const auto at_least = [](uint8_t x, uint8_t y) {
    if (x == y) return true;
    const uint8_t most = y == CommandInfo::several ? 1 : y == two_elements ? 2 : y;
    if (x == elements) return y == two_elements || most <= 1;
    if (x == two_elements) return most <= 1;
    return y != elements && (x == CommandInfo::several ? 1 : x) >= most;
  };
  return a.name.size() >= b.name.size() && a.words >= b.words && at_least(a.keys, b.keys) &&
         at_least(a.values, b.values);
}

/// The commands whose requests can be the largest, so that few need to be looked at.
struct LargestCommands {
  std::array<Command, command_count> ids = {};
  uint64_t count = 0;

  constexpr LargestCommands() {
    for (const CommandInfo& command : commands) {
      bool is_largest = true;
      for (const CommandInfo& other : commands) {
        // Of two commands of the same shape the first stands for both.
        const bool same = dominates(command, other) && command.id <= other.id;
        if (dominates(other, command) && !same) is_largest = false;
      }
      if (is_largest) ids[count++] = command.id;
    }
  }
};
inline constexpr LargestCommands largest_commands;

}  // namespace detail

/// The size of the largest request of all commands.
template <bool tracks>
constexpr BasicAmount<tracks> largest_request(BasicAmount<tracks> key_bytes,
                                              BasicAmount<tracks> value_bytes,
                                              BasicAmount<tracks> push_elements) {
  const BasicRequestLimits<tracks> limits = {key_bytes, value_bytes, push_elements};
  BasicAmount<tracks> largest = 0;
  for (uint64_t i = 0; i < detail::largest_commands.count; ++i) {
    largest = max(largest, request_bytes(command_info(detail::largest_commands.ids[i]), limits));
  }
  return largest;
}

/// The size of a whole list as a reply; of one value where there are no lists.
template <bool tracks>
constexpr BasicAmount<tracks> list_reply(BasicAmount<tracks> value_bytes,
                                         BasicAmount<tracks> elements) {
  return array_header_bytes(elements) + max(1, elements) * bulk_bytes(value_bytes);
}

}  // namespace kv
