// advise(): what is valid in a config, but hardly meant. Every finding has a rule of severity
// warning, and nothing depends on them: kvd starts all the same.
//
// Pure and constexpr like validate(), and as it: numbers out, for the loaders to put in words.
#pragma once

#include "kvcore/plan/addresses.hpp"
#include "kvcore/plan/budgets.hpp"
#include "kvcore/plan/validate.hpp"

namespace kv {

/// A budget of more than this many times the plan is slack.
constexpr uint64_t slack_factor = 2;

/// Whether an address in numbers is reached from this machine only.
constexpr bool is_loopback(std::string_view address) {
  return address.substr(0, 4) == "127." || address.substr(0, 11) == "::ffff:127." ||
         address == "::1" || address == "0:0:0:0:0:0:0:1";
}

namespace detail {

constexpr void advise_budgets(const Allocation& allocation, Violations& out) {
  for (const BudgetInfo& budget : budgets) {
    const uint64_t limit = number(allocation.config, budget.option);
    const uint64_t bytes = budget.planned_bytes(allocation);
    if (limit != unset && limit / slack_factor > bytes) {
      out.add({Rule::slack, budget.option, Option::none, bytes, limit});
    }
  }
}

constexpr void advise_connections(const Allocation& allocation, Violations& out) {
  const Config& config = allocation.config;
  const Terms& terms = allocation.terms;
  const auto hold_down = [&](Rule rule, Option option, bool planned) {
    const uint64_t count = number(config, option);
    if (planned && count > config.connections_max) {
      out.add({rule, option, Option::connections_max, count, config.connections_max});
    }
  };
  hold_down(Rule::idle_slots, Option::large_request_slots, terms.large_requests > 0);
  hold_down(Rule::idle_slots, Option::large_reply_slots, terms.large_replies > 0);
  hold_down(Rule::idle_buffers, Option::request_buffers, true);
  hold_down(Rule::idle_buffers, Option::reply_buffers, true);

  if (config.request_buffer_bytes > terms.request_unit_max) {
    out.add({Rule::buffer_clipped, Option::request_buffer_bytes, Option::none,
             config.request_buffer_bytes, terms.request_unit_max});
  }
  if (config.reply_buffer_bytes > terms.reply_bytes_max) {
    out.add({Rule::buffer_clipped, Option::reply_buffer_bytes, Option::none,
             config.reply_buffer_bytes, terms.reply_bytes_max});
  }
  if (config.reply_buffer_bytes < terms.monitor_reply_bytes) {
    out.add({Rule::reply_below_control, Option::reply_buffer_bytes, Option::none,
             config.reply_buffer_bytes, terms.monitor_reply_bytes});
  }
}

/// Products are compared by division: they may exceed 64 bits.
constexpr void advise_store(const Allocation& allocation, Violations& out) {
  const Config& config = allocation.config;
  const Terms& terms = allocation.terms;
  const uint64_t length = config.list_length_max;
  if (length > 0 && terms.block_count / length < config.key_count) {
    out.add({Rule::list_nodes_above_blocks, Option::store_bytes, Option::list_length_max, length,
             terms.block_count});
  }
  if (config.expiring_keys_max > config.key_count) {
    out.add({Rule::idle_timers, Option::expiring_keys_max, Option::key_count,
             config.expiring_keys_max, config.key_count});
  }
  if (length > 0 && config.command_args_max - 2 < length) {
    out.add({Rule::args_below_list, Option::command_args_max, Option::list_length_max,
             config.command_args_max, length + 2});
  }
  const uint64_t values = length > 0 ? length : 1;
  const uint64_t full_bytes = config.key_size_max + values * config.val_size_max;
  const uint64_t stored_bytes = terms.full_key_blocks * config.block_bytes;
  if (full_bytes < stored_bytes - full_bytes) {
    out.add({Rule::block_waste, Option::block_bytes, Option::none, full_bytes, stored_bytes});
  }
}

constexpr void advise_addresses(const Config& config, Violations& out) {
  if (config.server_password.bytes > 0) return;
  for (const std::string_view address : AddressList(config.server_address.view())) {
    if (is_loopback(address)) continue;
    out.add({Rule::public_address, Option::server_address, Option::none,
             config.server_protected_mode, 0});
    return;
  }
}

}  // namespace detail

/// REQUIRES: `allocation` is the plan of a config without violations.
constexpr Violations advise(const Allocation& allocation) {
  Violations out;
  detail::advise_budgets(allocation, out);
  detail::advise_connections(allocation, out);
  detail::advise_store(allocation, out);
  const uint64_t padding = allocation[Component::padding];
  const bool whole_huge_pages =
      allocation.config.memory_huge_pages == static_cast<uint64_t>(HugePages::explicit_);
  if (whole_huge_pages && padding > allocation.arena_bytes / 2) {
    out.add({Rule::huge_page_waste, Option::memory_huge_pages, Option::none, padding,
             allocation.arena_bytes});
  }
  detail::advise_addresses(allocation.config, out);
  return out;
}

}  // namespace kv
