// What snapshots take of the arena, beside it and on disk, worked out by hand.

#include <doctest/doctest.h>

#include "kvcore/plan/allocation.hpp"

namespace {

using namespace kv;

Allocation planned(const Config& config) {
  const PlanResult result = plan(config);
  REQUIRE(result.ok);
  return result.allocation;
}

}  // namespace

TEST_CASE("snapshots take a buffer, a bit for each key, and the largest file twice") {
  Config config;
  CHECK(planned(config)[Component::snapshot] == 0);
  CHECK(planned(config).disk_bytes == 0);
  config.snapshot_enabled = 1;
  const Allocation a = planned(config);
  CHECK(a[Part::snapshot_buffer] == Product{1, 524'288, 524'288});
  // 1,000 / 64, rounded up.
  CHECK(a[Part::saved_bits] == Product{16, 8, 128});
  // The slow commands end at 260,923,712: 3,776 to a page, 524,288, 128, and 3,968 to a page.
  CHECK(a.arena_bytes == 261'455'872);
  // 4 × 32,768 + 524,288
  CHECK(a.outside[static_cast<uint64_t>(Outside::snapshot_kernel)].bytes == 655'360);
  // 855,000 × 256 + 1,000 × 19 + 50,000 × 4
  CHECK(a.terms.snapshot_payload_bytes == 219'099'000);
  // 262,144 − 32 bytes of it in each section: 836 sections, a header and an end.
  CHECK(a.terms.snapshot_sections == 836);
  CHECK(a.terms.snapshot_file_bytes == 219'160'576);
  CHECK(a.disk[static_cast<uint64_t>(Disk::snapshot_files)] ==
        Product{2, 219'160'576, 438'321'152});
  CHECK(a.disk_bytes == 438'321'152);
}
