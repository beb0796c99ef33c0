// A program outside of the repository that uses the three installed libraries: it loads a
// config, plans it, and prints the bytes of the arena.
#include <cstdio>

#include "kvcore/load/settings.hpp"
#include "kvcore/memory/seal.hpp"
#include "kvcore/plan/allocation.hpp"

static_assert(kv::plan(kv::Config()).ok, "the plan is a constant expression");

int main() {
  kv::Settings settings;
  kv::Diagnostics diagnostics;
  kv::load_text("key_count = 123\n", kv::FileFormat::toml, "consumer.toml", settings, diagnostics);
  if (!diagnostics.empty()) return 1;
  const kv::PlanResult planned = kv::plan(settings.config);
  kv::seal();
  std::printf("%llu\n", static_cast<unsigned long long>(planned.allocation.arena_bytes));
  return planned.ok ? 0 : 1;
}
