// Manifests: whatever a file holds, the answer is a limit, or a finding that says why not.
#include "planner/manifest.hpp"
#include "tests/fuzz/load_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  static const kv::Allocation allocation = kv::plan(kv::Config{}).allocation;
  const std::string_view text(reinterpret_cast<const char*>(data), bytes);
  for (const char* name : {"a.yaml", "a.service"}) {
    const kv::ManifestReport report = kv::check_manifest(text, name, "", allocation);
    kv::require(!report.limits.empty() || kv::has_errors(report.findings));
    kv::require_shown(report.findings);
  }
  return 0;
}
