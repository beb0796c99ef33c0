// What of a snapshot comes into the store, and what is refused.
#include "server/snapshot_load.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "tests/data/snapshot_file.hpp"

namespace kv {
namespace {

class Bytes final : public DataSource {
 public:
  explicit Bytes(std::vector<std::byte> file) : file_(std::move(file)) {}
  uint64_t size() const override { return file_.size(); }
  std::span<const std::byte> look(uint64_t offset, uint64_t bytes) override {
    return std::span<const std::byte>(file_).subspan(offset, bytes);
  }

 private:
  std::vector<std::byte> file_;
};

Config config() {
  Config config;
  config.connections_max = 2;
  config.key_count = 10;
  config.val_size_max = 100;
  config.list_length_max = 4;
  config.snapshot_enabled = 1;
  return config;
}

struct Fixture {
  Fixture() {
    REQUIRE(!instance.carve(plan(config()).allocation));
    REQUIRE(!instance.back());
  }
  Failure load(std::vector<std::byte> file) {
    Bytes source(std::move(file));
    return load_snapshot(source, "data", /*now_ms=*/1000, instance, loaded);
  }

  Instance instance;
  LoadedSnapshot loaded;
};

}  // namespace

TEST_CASE(
    "An entry that was given up is not loaded, though the clock was set back before its end") {
  Fixture f;
  test::SnapshotFile file(config());
  file.string("gone", "1", /*deadline_ms=*/5000, EntryEnd::dropped);
  file.string("there", "2", /*deadline_ms=*/5000);
  CHECK(!f.load(file.finish()));
  CHECK(!f.instance.store.find("gone"));
  CHECK(f.instance.store.find("there"));
  CHECK(f.loaded.keys == 1);
}

TEST_CASE("A key that is in a snapshot twice is refused with its entry") {
  Fixture f;
  test::SnapshotFile file(config());
  file.string("a", "1");
  file.string("b", "2");
  file.string("a", "3");
  const Failure failure = f.load(file.finish());
  REQUIRE(failure);
  CHECK(failure->starts_with("data: entry 3 (offset "));
  CHECK(failure->ends_with(", key 'a'): its key was there before"));
}

}  // namespace kv
