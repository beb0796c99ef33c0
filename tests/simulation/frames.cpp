#include "frames.hpp"

#include <algorithm>

#include "model_text.hpp"
#include "server/commands/lookup.hpp"

namespace kv::sim {

namespace {

/// "$0\r\n\r\n" is the shortest argument.
constexpr uint64_t empty_argument_bytes = 6;

uint64_t header_bytes(uint64_t number) { return 3 + std::to_string(number).size(); }

Reading refused(const std::string& what, const std::string& limit, uint64_t limit_value) {
  return {false, false,
          error(what + " exceeds " + limit + " (" + std::to_string(limit_value) + ")")};
}

Reading refused_argument(const Words& words, uint64_t index, const Config& config) {
  const Command command = find_command(words[0]);
  const bool is_key = index > 0 && command != Command::unknown &&
                      is_key_argument(command_info(command), index, words.size());
  const std::string bytes = std::to_string(words[index].size()) + " bytes";
  if (is_key) return refused("key of " + bytes, "key_size_max", config.key_size_max);
  return refused("value of " + bytes, "val_size_max", config.val_size_max);
}

/// How many bytes too many there are may be noticed before a header is complete.
Reading refused_frame(const Allocation& allocation) {
  return refused(std::string("request of ") + any_number + " bytes or more", "the largest request",
                 allocation.terms.request_bytes_max);
}

}  // namespace

Reading read_request(const Words& words, bool is_line, bool is_stranger,
                     const Allocation& allocation) {
  const Config& config = allocation.config;
  const uint64_t arguments_max = config.command_args_max;
  const uint64_t request_max = allocation.terms.request_bytes_max;
  const std::string arguments = "request of " + std::to_string(words.size()) + " arguments";
  if (is_line) {
    if (words.size() > arguments_max) {
      return refused(arguments, "command_args_max", arguments_max);
    }
    return {};
  }
  if (is_stranger && words.size() > 10) {
    return {false, true, error("Protocol error: unauthenticated multibulk length")};
  }
  uint64_t end = header_bytes(words.size());
  if (words.size() > arguments_max) return refused(arguments, "command_args_max", arguments_max);
  if (end + words.size() * empty_argument_bytes > request_max) return refused_frame(allocation);
  const uint64_t kept_max = std::max<uint64_t>({config.key_size_max, config.val_size_max, 128});
  for (uint64_t i = 0; i < words.size(); ++i) {
    if (words[i].size() > kept_max) return refused_argument(words, i, config);
    end += header_bytes(words[i].size()) + words[i].size() + 2;
    if (end + (words.size() - 1 - i) * empty_argument_bytes > request_max) {
      return refused_frame(allocation);
    }
  }
  return {};
}

}  // namespace kv::sim
