// A command that changes keys is not executed before the snapshot has them, whichever they are.

#include <algorithm>
#include <set>

#include "fixture.hpp"
#include "server/snapshots.hpp"

namespace {

using kv::Outcome;
using Words = std::vector<std::string>;

/// A command of each kind; @ is a key.
const Words samples = {
    "set @ v",
    "getset @ v",
    "getdel @",
    "getex @ persist",
    "setnx @ v",
    "setex @ 10 v",
    "psetex @ 10 v",
    "append @ v",
    "setrange @ 0 v",
    "incr @",
    "decr @",
    "incrby @ 1",
    "decrby @ 1",
    "incrbyfloat @ 1",
    "mset @ v @ v @ v",
    "msetnx @ v @ v @ v",
    "del @ @ @",
    "unlink @ @ @",
    "rename @ @",
    "renamenx @ @",
    "copy @ @",
    "copy @ @ replace",
    "expire @ 10",
    "pexpire @ 10",
    "expireat @ 10",
    "pexpireat @ 10",
    "persist @",
    "rpush @ v",
    "lpush @ v",
    "rpushx @ v",
    "lpushx @ v",
    "rpop @",
    "lpop @ 2",
    "lset @ 0 v",
    "linsert @ before v v",
    "lrem @ 0 v",
    "ltrim @ 0 0",
    "lmove @ @ left right",
    "rpoplpush @ @",
    "lmpop 3 @ @ @ left count 2",
    "blpop @ @ @ 0",
    "brpop @ @ @ 0",
    "blmove @ @ left right 0",
    "brpoplpush @ @ 0",
    "blmpop 0 3 @ @ @ left",
};

/// The words of a sample, of which key number `at` is `key` and the others do not exist.
Words with_key(const std::string& sample, uint64_t at, const std::string& key) {
  Words words = {""};
  uint64_t keys = 0;
  for (const char c : sample) {
    if (c == ' ') {
      words.emplace_back();
    } else if (c == '@') {
      words.back() = keys++ == at ? key : "missing";
    } else {
      words.back() += c;
    }
  }
  return words;
}

uint64_t key_count(const std::string& sample) {
  return static_cast<uint64_t>(std::count(sample.begin(), sample.end(), '@'));
}

/// A disk on which nothing is ever done.
struct NoDisk final : kv::FileIo {
  void write_file(int, uint64_t, std::span<const std::byte>) override {}
  void sync_file(int) override {}
  int exchange_names(int, const char*, const char*) override { return 0; }
  kv::FileId file_id(int, const char*) override { return {}; }
};

/// A client of a store whose snapshot was begun, and has come to a key that is larger than its
/// buffer.
struct Fixture : kv::test::Client {
  Fixture() : Client(config()) {
    view.snapshots = &snapshots;
    store.set("large", std::string(20000, 'v'));
    store.set("unsaved", "as it was");
    snapshots.request();
    snapshots.turn(/*clock_ms=*/1000, /*unix_ms=*/1000);
    REQUIRE(store.marks().active());
  }

  static kv::Config config() {
    kv::Config config = kv::test::small_config();
    config.val_size_max = 20000;
    config.snapshot_enabled = 1;
    config.snapshot_buffer_bytes = 2 * kv::section_align;
    return config;
  }

  bool is_untouched() {
    return store.key_count() == 2 &&
           run({"get", "unsaved"}) == kv::test::replies::bulk("as it was");
  }

  NoDisk disk;
  kv::Snapshots snapshots{allocation, store, snapshot_writer, disk, {}};
};

}  // namespace

TEST_CASE("The samples are all commands that change keys, but for those that change all") {
  std::set<std::string> expected;
  for (const kv::CommandInfo& info : kv::commands) {
    if (kv::has_flag(info, "write")) expected.emplace(info.name);
  }
  std::set<std::string> found = {"FLUSHALL", "FLUSHDB"};
  for (const std::string& sample : samples) {
    const kv::Command command = kv::find_command(sample.substr(0, sample.find(' ')));
    REQUIRE(command != kv::Command::unknown);
    found.emplace(kv::command_info(command).name);
  }
  CHECK(found == expected);
}

TEST_CASE("A command waits for each of its keys that the snapshot has not got") {
  Fixture f;
  for (const std::string& sample : samples) {
    for (uint64_t at = 0; at < key_count(sample); ++at) {
      CAPTURE(sample);
      CAPTURE(at);
      CHECK(f.run(with_key(sample, at, "unsaved")) == "");
      CHECK(f.outcome == Outcome::unsaved);
    }
  }
  CHECK(f.is_untouched());
  CHECK(f.run({"set", "missing", "v"}) == kv::test::replies::ok);
  CHECK(f.run({"get", "large"}) != kv::test::replies::nil);
}

TEST_CASE("EXEC waits for each key of each of its commands, and is the same transaction then") {
  Fixture f;
  for (const std::string& sample : samples) {
    for (uint64_t at = 0; at < key_count(sample); ++at) {
      CAPTURE(sample);
      CAPTURE(at);
      CHECK(f.run({"multi"}) == kv::test::replies::ok);
      CHECK(f.run({"get", "unsaved"}) == "+QUEUED\r\n");
      CHECK(f.run(with_key(sample, at, "unsaved")) == "+QUEUED\r\n");
      CHECK(f.run({"exec"}) == "");
      CHECK(f.outcome == Outcome::unsaved);
      CHECK(f.run({"discard"}) == kv::test::replies::ok);
    }
  }
  CHECK(f.is_untouched());
}

TEST_CASE("What deletes all keys waits for the last of them, and SAVE for the end") {
  Fixture f;
  for (const char* command : {"flushall", "flushdb"}) {
    CHECK(f.run({command}) == "");
    CHECK(f.outcome == Outcome::unfinished);
    CHECK(f.run({"multi"}) == kv::test::replies::ok);
    CHECK(f.run({command}) == "+QUEUED\r\n");
    CHECK(f.run({"exec"}) == "");
    CHECK(f.outcome == Outcome::unfinished);
    CHECK(f.run({"discard"}) == kv::test::replies::ok);
  }
  CHECK(f.is_untouched());
  CHECK(f.run({"save"}) == "-ERR Background save already in progress\r\n");
}
