// Snapshots in files, with files that the test answers for: the order of operations, and what
// every failure leaves behind.

#include "server/snapshots.hpp"

#include <cerrno>

#include "fixture.hpp"
#include "tests/data/snapshot_file.hpp"

namespace {

/// Notes each operation; what is written is kept.
struct Files final : kv::FileIo {
  void write_file(int file, uint64_t offset, std::span<const std::byte> bytes) override {
    log += "write " + std::to_string(file) + "\n";
    result = static_cast<int32_t>(bytes.size());
    content.resize(std::max<uint64_t>(content.size(), offset + bytes.size()));
    std::copy(bytes.begin(), bytes.end(), content.begin() + static_cast<int64_t>(offset));
  }
  void sync_file(int file) override {
    log += "sync " + std::to_string(file) + "\n";
    result = 0;
  }
  int exchange_names(int, const char* one, const char* other) override {
    log += std::string("exchange ") + one + " " + other + "\n";
    if (exchange_error == 0) exchanged = !exchanged;
    return exchange_error;
  }
  kv::FileId file_id(int, const char* name) override {
    const bool is_current = std::string(name) == kv::snapshot_name;
    return {1, replaced && is_current ? 9U : is_current != exchanged ? 1U : 2U};
  }

  std::string log;
  std::vector<std::byte> content;
  int32_t result = -1;  ///< what the operation in flight will complete with
  int exchange_error = 0;
  bool exchanged = false;
  bool replaced = false;  ///< somebody has put another file in the place of the current one
};

struct Fixture : kv::test::StoreFixture {
  Fixture() : StoreFixture(config()) {
    handles.directory = 99;
    handles.current = 100;
    handles.next = 101;
    store.set("a", "1");
  }

  static kv::Config config() {
    kv::Config config = kv::test::small_config();
    config.snapshot_enabled = 1;
    config.snapshot_buffer_bytes = 2 * kv::section_align;
    config.snapshot_interval_ms = 60000;
    return config;
  }

  /// Turns until nothing is left to do; operation `failing`, from 0, ends with `error`.
  void run(kv::Snapshots& snapshots, int failing = -1, int32_t error = 0) {
    for (int operation = 0, turns = 0; snapshots.busy(); ++turns) {
      REQUIRE(turns < 100);
      snapshots.turn(clock_ms, 5000);
      while (files.result >= 0) {
        const int32_t result = operation++ == failing ? error : files.result;
        files.result = -1;
        snapshots.complete(result, clock_ms);
      }
    }
  }

  kv::SnapshotFiles handles;
  Files files;
  uint64_t clock_ms = 1000;
};

}  // namespace

TEST_CASE("A snapshot is written, synced, renamed, and the directory is synced") {
  Fixture f;
  kv::Snapshots snapshots(f.allocation, f.store, f.snapshot_writer, f.files, f.handles);
  f.store.set("b", "2");
  CHECK(snapshots.unsaved_changes() == 1);
  snapshots.request();
  f.run(snapshots);
  CHECK(f.files.log ==
        "write 101\nwrite 101\nwrite 101\nsync 101\n"
        "exchange snapshot.kv.next snapshot.kv\nsync 99\n");
  CHECK(kv::test::read_all(f.files.content) == std::vector<std::string>{"a=1", "b=2"});
  CHECK(f.files.exchanged);
  CHECK(snapshots.state().saved_ms == 5000);
  CHECK(snapshots.state().error == 0);
  CHECK(snapshots.unsaved_changes() == 0);

  SUBCASE("and the next one goes to the other file") {
    f.files.log.clear();
    snapshots.request();
    f.run(snapshots);
    CHECK(f.files.log.substr(0, 10) == "write 100\n");
    CHECK(!f.files.exchanged);
  }
}

TEST_CASE("Whatever fails, the last snapshot stays and the next attempt begins anew") {
  for (int failing = 0; failing < 5; ++failing) {
    CAPTURE(failing);
    Fixture f;
    kv::Snapshots snapshots(f.allocation, f.store, f.snapshot_writer, f.files, f.handles);
    f.store.set("b", "2");
    snapshots.request();
    f.run(snapshots, failing, failing == 3 ? -EIO : -ENOSPC);
    CHECK(snapshots.state().error == (failing == 3 ? EIO : ENOSPC));
    CHECK(snapshots.state().saved_ms == 0);
    CHECK(snapshots.unsaved_changes() == 1);
    // The directory is synced after the names were exchanged.
    CHECK(f.files.exchanged == (failing == 4));
    CHECK(!f.store.marks().active());

    f.files.log.clear();
    snapshots.request();
    f.run(snapshots);
    // Where it is not known which file is the current one, that comes before anything is written.
    CHECK(f.files.log.starts_with("sync 99\n") == (failing == 4));
    CHECK(snapshots.state().error == 0);
    CHECK(snapshots.unsaved_changes() == 0);
    CHECK(kv::test::read_all(f.files.content) == std::vector<std::string>{"a=1", "b=2"});
  }
}

TEST_CASE("Names that cannot be exchanged leave the last snapshot, and need no sync") {
  Fixture f;
  kv::Snapshots snapshots(f.allocation, f.store, f.snapshot_writer, f.files, f.handles);
  f.files.exchange_error = EIO;
  snapshots.request();
  f.run(snapshots);
  CHECK(snapshots.state().error == EIO);
  CHECK(!f.files.exchanged);
  f.files.exchange_error = 0;
  f.files.log.clear();
  snapshots.request();
  f.run(snapshots);
  CHECK(f.files.log.starts_with("write 101\n"));
  CHECK(f.files.exchanged);
}

TEST_CASE("Names that cannot be synced let nothing be written") {
  Fixture f;
  kv::Snapshots snapshots(f.allocation, f.store, f.snapshot_writer, f.files, f.handles);
  snapshots.request();
  f.run(snapshots, /*failing=*/4, -EIO);
  f.files.log.clear();
  snapshots.request();
  f.run(snapshots, /*failing=*/0, -EIO);
  CHECK(f.files.log == "sync 99\n");
  CHECK(snapshots.state().failures == 2);
  CHECK(!f.store.marks().active());
}

TEST_CASE("Who awaits a snapshot does not await the one that was asked for meanwhile") {
  Fixture f;
  kv::Snapshots snapshots(f.allocation, f.store, f.snapshot_writer, f.files, f.handles);
  snapshots.request_awaited();
  snapshots.turn(f.clock_ms, 5000);
  snapshots.request();
  for (int turns = 0; snapshots.awaited(); ++turns) {
    REQUIRE(turns < 100);
    snapshots.turn(f.clock_ms, 5000);
    const int32_t result = f.files.result;
    REQUIRE(result >= 0);
    f.files.result = -1;
    snapshots.complete(result, f.clock_ms);
  }
  CHECK(snapshots.state().saved_ms == 5000);
  CHECK(snapshots.busy());
  CHECK(snapshots.take_progress());
}

TEST_CASE("A write that takes a part is gone on with") {
  Fixture f;
  kv::Snapshots snapshots(f.allocation, f.store, f.snapshot_writer, f.files, f.handles);
  snapshots.request();
  f.run(snapshots, /*failing=*/1, /*error=*/512);
  CHECK(snapshots.state().error == 0);
  CHECK(kv::test::read_all(f.files.content) == std::vector<std::string>{"a=1"});
}

TEST_CASE("The interval saves what was changed, and nothing where nothing was") {
  Fixture f;
  kv::Snapshots snapshots(f.allocation, f.store, f.snapshot_writer, f.files, f.handles);
  snapshots.turn(f.clock_ms, 5000);
  CHECK(snapshots.idle_ms(f.clock_ms) == UINT64_MAX);
  f.store.set("b", "2");
  CHECK(snapshots.idle_ms(f.clock_ms + 20000) == 40000);
  snapshots.turn(f.clock_ms + 59999, 5000);
  CHECK(!snapshots.busy());
  snapshots.turn(f.clock_ms + 60000, 5000);
  CHECK(snapshots.busy());
}

TEST_CASE("A file that somebody has put in the place of one of ours is not made the current one") {
  Fixture f;
  kv::Snapshots snapshots(f.allocation, f.store, f.snapshot_writer, f.files, f.handles);
  f.files.replaced = true;
  snapshots.request();
  f.run(snapshots);
  CHECK(snapshots.state().error == ESTALE);
  CHECK(!f.files.exchanged);
  f.files.replaced = false;
  snapshots.request();
  f.run(snapshots);
  CHECK(snapshots.state().error == 0);
  CHECK(f.files.exchanged);
}

TEST_CASE("While the disk is waited for there is nothing to do") {
  Fixture f;
  kv::Snapshots snapshots(f.allocation, f.store, f.snapshot_writer, f.files, f.handles);
  snapshots.request();
  CHECK(snapshots.idle_ms(f.clock_ms) == 0);
  for (int operation = 0; operation < 5; ++operation) {
    for (int turns = 0; snapshots.idle_ms(f.clock_ms) == 0; ++turns) {
      REQUIRE(turns < 100);
      snapshots.turn(f.clock_ms, 5000);
    }
    const int32_t result = f.files.result;
    REQUIRE(result >= 0);
    f.files.result = -1;
    f.clock_ms += 1000;
    snapshots.complete(result, f.clock_ms);
  }
  CHECK(!snapshots.busy());
  CHECK(snapshots.state().took_ms == 5000);
}

TEST_CASE("The last snapshot has every change, and is not written where another one has") {
  Fixture f;
  kv::Snapshots snapshots(f.allocation, f.store, f.snapshot_writer, f.files, f.handles);
  SUBCASE("nothing was changed") {
    snapshots.request_final(/*asked=*/false);
    CHECK(!snapshots.busy());
  }
  SUBCASE("nothing was changed, and it was asked for") {
    snapshots.request_final(/*asked=*/true);
    CHECK(snapshots.busy());
  }
  SUBCASE("nothing was changed since the one began that is being written") {
    f.store.set("b", "2");
    snapshots.request();
    snapshots.turn(f.clock_ms, 5000);
    snapshots.request_final(/*asked=*/false);
    f.run(snapshots);
    CHECK(f.files.content.size() == 3 * kv::section_align);
    CHECK(f.files.exchanged);
  }
  SUBCASE("something was changed since") {
    f.store.set("b", "2");
    snapshots.request();
    snapshots.turn(f.clock_ms, 5000);
    f.store.set("c", "3");
    snapshots.request_final(/*asked=*/false);
    f.run(snapshots);
    CHECK(!f.files.exchanged);  // Twice.
    CHECK(kv::test::read_all(f.files.content).size() == 3);
  }
  SUBCASE("the one that was being written fails, and the last one does not") {
    f.store.set("b", "2");
    snapshots.request();
    snapshots.turn(f.clock_ms, 5000);
    snapshots.request_final(/*asked=*/false);
    f.run(snapshots, /*failing=*/0, -EIO);
    CHECK(f.files.exchanged);
  }
  CHECK(!snapshots.final_failed());
}

TEST_CASE(
    "A last snapshot that fails is not tried again, and what failed before it does not count") {
  Fixture f;
  kv::Snapshots snapshots(f.allocation, f.store, f.snapshot_writer, f.files, f.handles);
  f.store.set("b", "2");
  snapshots.request();
  f.run(snapshots, /*failing=*/0, -EIO);
  CHECK(!snapshots.final_failed());
  snapshots.request_final(/*asked=*/false);
  f.run(snapshots, /*failing=*/0, -EIO);
  CHECK(snapshots.final_failed());
}
