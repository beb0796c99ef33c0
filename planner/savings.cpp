#include "planner/savings.hpp"

#include <algorithm>
#include <array>

#include "kvcore/memory/assert.hpp"
#include "kvcore/plan/validate.hpp"

namespace kv {

namespace {

/// An option, and the part whose units it counts; of the store it counts the bytes.
struct Knob {
  Option option;
  Part part;
};

constexpr auto knobs = std::to_array<Knob>({
    {Option::connections_max, Part::connection_records},
    {Option::key_count, Part::entries},
    {Option::expiring_keys_max, Part::timers},
    {Option::store_bytes, Part::blocks},
    {Option::request_buffers, Part::request_buffers},
    {Option::reply_buffers, Part::reply_buffers},
    {Option::large_request_slots, Part::large_requests},
    {Option::large_reply_slots, Part::large_replies},
});

uint64_t difference(uint64_t before, uint64_t after) { return before > after ? before - after : 0; }

/// The saving of the changed config, or none where it would be no valid config.
bool measure(const Config& config, const Config& changed, Saving& out) {
  if (!validate(changed).empty()) return false;
  const Allocation before = plan(config).allocation;
  const Allocation after = plan(changed).allocation;
  out.arena_bytes = difference(before.arena_bytes, after.arena_bytes);
  out.container_bytes = difference(before.container_bytes, after.container_bytes);
  return true;
}

}  // namespace

std::vector<Saving> possible_savings(const Config& config, const ServerReport& report) {
  const PlanResult planned = plan(config);
  KV_ASSERT(planned.ok);
  std::vector<Saving> out;
  for (const Knob& knob : knobs) {
    const uint64_t unit = knob.option == Option::store_bytes ? config.block_bytes : 1;
    const uint64_t used = report.used_max[static_cast<uint64_t>(knob.part)] * unit;
    Saving saving = {.option = knob.option,
                     .value = number(planned.allocation.config, knob.option),
                     .lowest = std::max(used, option_info(knob.option).minimum)};
    if (knob.option == Option::store_bytes) {
      const Terms& t = planned.allocation.terms;
      saving.lowest = std::max(saving.lowest, t.single_blocks * unit);
    }
    if (saving.lowest >= saving.value) continue;
    Config changed = config;
    number(changed, knob.option) = saving.lowest;
    if (measure(config, changed, saving) && saving.arena_bytes > 0) out.push_back(saving);
  }
  std::stable_sort(out.begin(), out.end(), [](const Saving& a, const Saving& b) {
    return a.container_bytes > b.container_bytes;
  });
  return out;
}

Saving all_savings(const Config& config, const std::vector<Saving>& savings) {
  Config changed = config;
  for (const Saving& saving : savings) number(changed, saving.option) = saving.lowest;
  Saving out = {.option = Option::none};
  measure(config, changed, out);
  return out;
}

}  // namespace kv
