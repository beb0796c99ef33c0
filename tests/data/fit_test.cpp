// Whether a snapshot fits a config: each limit, at its last entry that fits and one beyond.

#include "kvcore/data/fit.hpp"

#include "snapshot_file.hpp"

namespace {

using kv::test::SnapshotFile;

kv::Config small() {
  kv::Config config;
  config.key_count = 3;
  config.expiring_keys_max = 1;
  config.key_size_max = 8;
  config.val_size_max = 16;
  config.list_length_max = 2;
  config.block_bytes = 32;
  config.store_bytes = 6 * 32;
  return config;
}

/// "" where it fits at this time, else what is said of it.
std::string fit(const std::vector<std::byte>& file, const kv::Config& config = small(),
                uint64_t now_ms = 0) {
  const kv::PlanResult planned = kv::plan(config);
  REQUIRE(planned.ok);
  kv::SnapshotReader reader(file);
  REQUIRE(!reader.open());
  kv::FitCheck check(planned.allocation, now_ms);
  std::vector<char> spare(64);
  REQUIRE(!reader.read(check, spare));
  return check.unfit() ? kv::unfit_text(*check.unfit()) : "";
}

}  // namespace

TEST_CASE("A snapshot at every limit fits") {
  SnapshotFile file;
  file.string("12345678", std::string(16, 'v'), 100);  // 1 block
  file.list("list", {std::string(16, 'v'), "b"});      // 3 blocks
  file.list("other", {"c"});                           // 2 blocks
  CHECK(fit(file.finish()) == "");
}

TEST_CASE("What does not fit is named with its entry and the limit") {
  {
    SnapshotFile file;
    file.string("a", "");
    file.string("123456789", "");
    CHECK(fit(file.finish()) ==
          "entry 2 (offset 4140, key '123456789'): a key of 9 bytes exceeds "
          "key_size_max (8)");
  }
  {
    SnapshotFile file;
    file.string("a\n'", std::string(17, 'v'));
    CHECK(fit(file.finish()) ==
          "entry 1 (offset 4128, key 'a\\x0a\\''): a value of 17 bytes "
          "exceeds val_size_max (16)");
  }
  {
    SnapshotFile file;
    file.list("l", {"1", "2", "3"});
    CHECK(fit(file.finish()) ==
          "entry 1 (offset 4128, key 'l'): a list of 3 elements exceeds "
          "list_length_max (2)");
  }
  {
    SnapshotFile file;
    for (const char* key : {"1", "2", "3", "4"}) file.string(key, "");
    CHECK(fit(file.finish()) ==
          "entry 4 (offset 4164, key '4'): key or element 4 exceeds "
          "key_count (3)");
  }
  {
    SnapshotFile file;
    file.string("1", "", 100);
    file.string("2", "", 100);
    CHECK(fit(file.finish()) ==
          "entry 2 (offset 4148, key '2'): key 2 that expires exceeds "
          "expiring_keys_max (1)");
  }
  {
    SnapshotFile file;
    file.list("1", {"a", "b"});
    file.list("2", {"a", "b"});
    file.string("3", "");
    CHECK(fit(file.finish()) ==
          "entry 3 (offset 4172, key '3'): the blocks up to here, 224 "
          "bytes, exceed store_bytes (192)");
  }
}

TEST_CASE("What has expired or was given up takes no room") {
  SnapshotFile file;
  for (const char* key : {"1", "2", "3", "4"}) file.string(key, "", 100);
  file.string("5", std::string(17, 'v'), 100);
  file.string("6", "", 200, kv::EntryEnd::dropped);
  file.string("7", "", 200);
  const std::vector<std::byte> bytes = file.finish();
  CHECK(fit(bytes, small(), /*now_ms=*/100) == "");
  CHECK(fit(bytes, small(), /*now_ms=*/99) != "");
}
