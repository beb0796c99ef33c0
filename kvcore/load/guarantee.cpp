#include "kvcore/load/guarantee.hpp"

#include <fmt/format.h>

#include <string_view>

#include "kvcore/load/words.hpp"

namespace kv {

namespace {

using words::counted;
using words::grouped;

std::string every_limit(const Guarantee& g) {
  const std::string value_bytes = counted(g.value_bytes_max, "byte");
  const std::string who = g.keys == 1 ? "with" : "every one of them with";
  const std::string when = g.keys == 1 ? "" : ", all at the same time";
  const std::string keys = fmt::format("{} of up to {}, {}", counted(g.keys, "key"),
                                       counted(g.key_bytes_max, "byte"), who);
  if (g.list_length_max == 0) {
    return fmt::format("{} a string of up to {}{}", keys, value_bytes, when);
  }
  return fmt::format("{} a list of {} (or a string) of up to {}{}", keys,
                     counted(g.list_length_max, "element"), value_bytes, when);
}

/// One or two examples of what a store that is smaller than the worst case holds.
std::string examples(const Guarantee& g) {
  std::string text;
  if (g.list_length_max == 0) {
    text = fmt::format("{} at all of their limits", counted(g.full_keys, "key"));
    if (g.full_keys == 1) text = "1 key at both of its limits";
  } else if (g.full_keys > 0) {
    text = fmt::format("{} with full lists at all of their limits", counted(g.full_keys, "key"));
    if (g.full_keys == 1) text = "1 key with a full list at all of its limits";
  } else {
    text = fmt::format("1 key with a list of {} of {}", counted(g.elements_of_one_list, "element"),
                       counted(g.value_bytes_max, "byte"));
  }
  if (g.value_bytes_of_all_keys > 0) {
    return fmt::format("{}, or all {} with strings of up to {} each", text, counted(g.keys, "key"),
                       counted(g.value_bytes_of_all_keys, "byte"));
  }
  if (g.list_length_max == 0) return text;
  return fmt::format("{}, or {} with {} of {}", text, counted(g.full_strings, "longest key"),
                     g.full_strings == 1 ? "a string" : "strings",
                     counted(g.value_bytes_max, "byte"));
}

std::string any_blocks(const Guarantee& g) {
  const std::string lists =
      g.list_length_max == 0
          ? fmt::format("values of up to {}", counted(g.value_bytes_max, "byte"))
          : fmt::format("values and list elements of up to {}, lists of up to {}",
                        counted(g.value_bytes_max, "byte"), counted(g.list_length_max, "element"));
  return fmt::format(
      "any set of at most {} (keys of up to {}, {}) whose blocks add up to at most {}, one block "
      "for the first {} of each {}, and one more per started {} beyond; for example {}",
      counted(g.keys, "key"), counted(g.key_bytes_max, "byte"), lists, grouped(g.blocks),
      counted(g.block_bytes, "byte"),
      g.list_length_max == 0 ? "key with its value" : "string with its key, list's key and element",
      counted(g.block_payload_bytes, "byte"), examples(g));
}

}  // namespace

std::string describe(const Guarantee& guarantee) {
  return fmt::format("{} at once; {}.", counted(guarantee.clients, "client"),
                     guarantee.everything_fits() ? every_limit(guarantee) : any_blocks(guarantee));
}

}  // namespace kv
