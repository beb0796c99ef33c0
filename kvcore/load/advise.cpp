#include "kvcore/plan/advise.hpp"

#include <fmt/format.h>

#include "kvcore/load/settings.hpp"
#include "kvcore/load/words.hpp"

namespace kv {

namespace {

using words::exact_size;
using words::grouped;
using words::round_size;

/// A warning in words, before it has a place.
struct Advice {
  std::string message;
  std::string hint;
};

std::string_view key_of(Option id) { return option_info(id).key; }

bool was_given(const Settings& settings, Option id) {
  if (id == Option::none) return false;
  const Origin::Kind kind = settings.origin(id).kind;
  return kind == Origin::Kind::file || kind == Origin::Kind::flag;
}

/// The place of what somebody set: the option itself, else the one that it is held against.
Place place_of(const Settings& settings, const Violation& violation) {
  for (const Option id : {violation.option, violation.other}) {
    if (was_given(settings, id)) return settings.origin(id).place;
  }
  return {};
}

Advice about_buffers(const Violation& violation) {
  const std::string_view key = key_of(violation.option);
  const std::string value = grouped(violation.value);
  const std::string limit = grouped(violation.limit);
  switch (violation.rule) {
    case Rule::reply_below_control:
      return {fmt::format("{} is {} but INFO and CONFIG GET answer with up to {} bytes, for which "
                          "they take a large slot",
                          key, value, limit),
              fmt::format("raise it to {}", exact_size(violation.limit))};
    case Rule::buffer_clipped:
      return {fmt::format(
                  "{} is {} but no more than {} is of use with these limits, so the buffers are "
                  "planned with that",
                  key, value, limit),
              fmt::format("lower it to {}", exact_size(violation.limit))};
    default:
      return {fmt::format("{} is {} but connections_max is {}, and a connection holds at most one",
                          key, value, limit),
              fmt::format("lower it to {}", violation.limit)};
  }
}

/// " to 80", the size of which a full string or list element takes one whole block; nothing where
/// that is no block size, or no smaller one.
std::string tight_block_text(const Config& config) {
  const OptionInfo& option = option_info(Option::block_bytes);
  const bool lists = config.list_length_max > 0;
  const uint64_t bytes = lists ? config.val_size_max : config.key_size_max + config.val_size_max;
  const uint64_t unit = option.multiple_of;
  const uint64_t block = std::max((bytes + unit - 1) / unit * unit, option.minimum);
  return block < config.block_bytes ? fmt::format(" to {}", block) : std::string();
}

Advice about_store(const Config& config, const Violation& violation) {
  const std::string value = grouped(violation.value);
  const std::string limit = grouped(violation.limit);
  switch (violation.rule) {
    case Rule::list_nodes_above_blocks:
      return {fmt::format("{} keys with lists of {} elements take more blocks than the {} that "
                          "store_bytes has",
                          grouped(config.key_count), value, limit),
              "raise store_bytes, or lower list_length_max or block_bytes"};
    case Rule::args_below_list:
      return {fmt::format("command_args_max is {}, so one RPUSH carries {} elements, but a list "
                          "may have {}",
                          value, grouped(violation.value - 2), grouped(violation.limit - 2)),
              fmt::format("raise it to {}, or leave it out", violation.limit)};
    case Rule::idle_timers:
      return {fmt::format("expiring_keys_max is {} but key_count is {}, and a key has at most one "
                          "deadline",
                          value, limit),
              fmt::format("lower it to {}", violation.limit)};
    default:
      return {fmt::format("a key at its limits has {} bytes but takes {} in blocks of {}", value,
                          limit, grouped(config.block_bytes)),
              fmt::format("lower block_bytes{}", tight_block_text(config))};
  }
}

Advice advice_for(const Config& config, const Violation& violation) {
  switch (violation.rule) {
    case Rule::slack: {
      // A tenth of room is what grows on its own.
      const uint64_t enough = violation.value + violation.value / 10;
      return {
          fmt::format("{} is {}, more than twice the {} bytes that are planned",
                      key_of(violation.option), grouped(violation.limit), grouped(violation.value)),
          fmt::format("lower it to {}", round_size(enough))};
    }
    case Rule::list_nodes_above_blocks:
    case Rule::args_below_list:
    case Rule::idle_timers:
    case Rule::block_waste:
      return about_store(config, violation);
    case Rule::huge_page_waste:
      return {fmt::format("{} of the arena's {} bytes only fill up whole huge pages",
                          grouped(violation.value), grouped(violation.limit)),
              "set memory.huge_pages to off or transparent"};
    case Rule::public_address:
      return {fmt::format("the server listens on {}, beyond this machine, and asks for no "
                          "password: {}",
                          words::in_quotes(config.server_address.view()),
                          violation.value == 0 ? "whoever reaches it can read and delete every key"
                                               : "protected mode will refuse all other machines"),
              "set server.password, or listen on 127.0.0.1 or ::1"};
    default:
      return about_buffers(violation);
  }
}

}  // namespace

void advise(const Settings& settings, const Allocation& allocation, Diagnostics& out) {
  for (const Violation& violation : advise(allocation)) {
    const bool own_default = !was_given(settings, violation.option);
    // The default size of a buffer is a limit for those who do not care about it.
    if (violation.rule == Rule::buffer_clipped && own_default) continue;
    Advice advice = advice_for(allocation.config, violation);
    out.push_back({violation.rule, Severity::warning, place_of(settings, violation),
                   std::move(advice.message), std::move(advice.hint)});
  }
}

}  // namespace kv
