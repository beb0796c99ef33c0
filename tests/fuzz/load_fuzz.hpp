// What is asked of a loader, whatever it is given: it comes back, and says so itself when it is
// not content; every diagnostic can be shown; what it accepts can be checked and planned.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kvcore/load/settings.hpp"
#include "kvcore/plan/allocation.hpp"

namespace kv {

inline void require(bool holds) {
  if (!holds) std::abort();
}

inline int fuzz_loader(const uint8_t* data, size_t bytes, FileFormat format) {
  const std::string_view text(reinterpret_cast<const char*>(data), bytes);
  Settings settings;
  Diagnostics found;
  const bool loaded = load_text(text, format, "fuzz", settings, found);
  require(loaded == found.empty());
  if (loaded && check(settings, found)) {
    const PlanResult planned = plan(settings.config);
    require(planned.ok);
    uint64_t sum = 0;
    for (const uint64_t component : planned.allocation.component_bytes) sum += component;
    require(sum == planned.allocation.arena_bytes);
  }
  for (const Diagnostic& diagnostic : found) require(!render(diagnostic, /*color=*/true).empty());
  return 0;
}

}  // namespace kv
