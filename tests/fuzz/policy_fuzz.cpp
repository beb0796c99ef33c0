// Policies: whatever a file holds, it is refused with its places, or configs can be held to it.
#include "planner/policy.hpp"

#include "tests/fuzz/load_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  static const kv::Settings settings;
  static const kv::Allocation allocation = kv::plan(settings.config).allocation;
  const kv::MemoryFile file({reinterpret_cast<const char*>(data), bytes});
  kv::Policy policy;
  kv::Diagnostics found;
  const bool loaded = kv::load_policy(file.path(), policy, found);
  kv::require(loaded == found.empty(), "refused without a word");
  kv::require_shown(found);
  if (!loaded) return 0;
  for (const char* name : {"cache.toml", "services/a/b.toml", "/", ""}) {
    for (const kv::PolicyEntry* entry : policy.entries_for(name)) {
      kv::hold_to(*entry, settings, allocation, found);
    }
  }
  for (const kv::PolicyEntry& entry : policy.entries) {
    kv::hold_to(entry, settings, allocation, found);
    kv::apply_rules({&entry}, found);
  }
  require_shown(found);
  return 0;
}
