#include "server/room.hpp"

#include <fmt/format.h>

#include "kvcore/load/edits.hpp"

namespace kv {

std::optional<std::string> check_room(const Config& asked, const Allocation& allocation,
                                      const ProcessLimits& limits) {
  std::string text;
  ExtraBudgets bounds;
  for (const Ceiling& ceiling : ceilings(limits, allocation)) {
    // One that fits now has to go on fitting with the option that is named.
    bounds.push_back({&whole_budget(ceiling.measures), ceiling.largest_figure(), ceiling.limit});
    if (ceiling.fits()) continue;
    text += fmt::format("{}{}; {}", text.empty() ? "" : "; ", ceiling.shortage(), ceiling.remedy);
  }
  if (text.empty()) return {};
  return fmt::format("{}; {}", text, lowering_advice(asked, bounds));
}

}  // namespace kv
