#include "kvcore/load/lock.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <string>

#include "kvcore/load/sha256.hpp"

namespace kv {

namespace {

Lock lock_of(const Config& config) { return make_lock(plan(config).allocation); }

/// What is wrong with a lock of this content.
std::string reading(const std::string& content) {
  const std::string path = "lock_test.lock";
  std::FILE* file = std::fopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  REQUIRE(std::fwrite(content.data(), 1, content.size(), file) == content.size());
  REQUIRE(std::fclose(file) == 0);
  Diagnostics out;
  const bool read = read_lock(path, out).has_value();
  std::remove(path.c_str());
  CHECK(read == out.empty());
  return out.empty() ? std::string() : out.front().message;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("SHA-256 gives the digests of FIPS 180-4 and of every length around a chunk's end") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_hex(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  // From sha256sum: 55 bytes are the most that share a chunk with the length; 56, 63 and 64.
  CHECK(sha256_hex(std::string(55, 'a')) ==
        "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
  CHECK(sha256_hex(std::string(56, 'a')) ==
        "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
  CHECK(sha256_hex(std::string(63, 'a')) ==
        "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34");
  CHECK(sha256_hex(std::string(64, 'a')) ==
        "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}

TEST_CASE("a lock that was written is read back as it was") {
  Config config;
  config.key_count = 77;
  const Lock lock = lock_of(config);
  CHECK(reading(lock_text(lock)).empty());
  CHECK(lock_text(lock) == lock_text(lock_of(config)));
  CHECK(lock.arena_bytes == plan(config).allocation.arena_bytes);
}

TEST_CASE("a lock holds every option but the secret ones, and every component") {
  const Lock lock = lock_of(Config{});
  uint64_t secrets = 0;
  for (const OptionInfo& option : options) secrets += option.name.ends_with("password") ? 1 : 0;
  CHECK(lock.options.size() + secrets == option_count);
  CHECK(lock.components.size() == component_count);
}

TEST_CASE("a lock that somebody edited is not a lock") {
  const std::string text = lock_text(lock_of(Config{}));
  CHECK(reading(replaced(text, "\"key_count\": 1000", "\"key_count\": 1001")) ==
        "edited by hand: its config does not have its config_sha256");
  CHECK(reading(replaced(text, "\"arena_bytes\": ", "\"arena_bytes\": 1")) ==
        "edited by hand: its components do not add up to its arena_bytes");
  // 2^64 - 1 and 2 are 1 to those who let a sum wrap.
  Lock wrapping;
  wrapping.components = {{"map", UINT64_MAX}, {"blocks", 2}};
  wrapping.arena_bytes = 1;
  CHECK(reading(lock_text(wrapping)) ==
        "edited by hand: its components do not add up to its arena_bytes");
  CHECK(reading(replaced(text, "\"layout_version\": ", "\"layout_version\": -")) ==
        "not a lock: a member is missing or has another type");
  CHECK(reading(replaced(text, "kvplan/lock/1", "kvplan/lock/2")) ==
        "not a lock: its schema is not kvplan/lock/1");
  CHECK(reading(text.substr(0, text.size() / 2)) == "not a lock: it is not JSON");
  CHECK(reading("[]") == "not a lock: it is not a JSON object");
  CHECK(reading("") == "not a lock: it is not JSON");
  CHECK(reading(std::string(2'000'000, ' ')) == "not a lock: larger than 1,048,576 bytes");
  CHECK(reading(std::string(500'000, '[')) == "not a lock: it is not JSON");
}

TEST_CASE("a lock that is not there is a diagnostic of its own") {
  Diagnostics out;
  CHECK_FALSE(check_lock(Settings{}, "missing.lock", out));
  REQUIRE(out.size() == 1);
  CHECK(out[0].rule == Rule::lock_missing);
  CHECK(out[0].message == "cannot open the lock: No such file or directory");
}

TEST_CASE("a stale lock names each option and each component that differs, with its place") {
  Settings settings;
  const std::string text = "list_length_max = 0\nkey_count = 10\n[server]\nport = 7000\n";
  Diagnostics out;
  REQUIRE(load_text(text, FileFormat::toml, "a.toml", settings, out));
  Config locked = settings.config;
  locked.key_count = 20;
  locked.server_port = 6379;
  const Allocation now = plan(settings.config).allocation;
  CHECK_FALSE(compare_lock(settings, now, lock_of(locked), "a.toml.lock", out));

  // Keys: entries of 32 bytes, a chain of 5,120 bytes in 21 blocks of 256 each, 2 buckets or 3.
  REQUIRE(out.size() >= 6);
  CHECK(out[0].message == "key_count is 10 but was locked as 20");
  CHECK(out[0].place.file == "a.toml");
  CHECK(out[0].place.line == 2);
  CHECK(out[0].hint == "review it and run kvplan lock");
  CHECK(out[1].message.starts_with("expiring_keys_max is 10 but was locked as 20"));
  CHECK(out[2].message.starts_with("store_bytes is 53,760 but was locked as 107,520"));
  CHECK(out[2].place.file == "a.toml.lock");
  CHECK(out[2].hint.empty());
  CHECK(out[3].message == "server.port is 7,000 but was locked as 6,379");
  CHECK(out[3].place.line == 4);
  // 2 × 64 + 10 × 32 = 448; 3 × 64 + 20 × 32 = 832.
  CHECK(out[4].message == "map is 448 bytes but was locked as 832 (384 less)");
  CHECK(out[5].message == "blocks is 53,760 bytes but was locked as 107,520 (53,760 less)");
  for (const Diagnostic& diagnostic : out) CHECK(diagnostic.rule == Rule::lock_stale);
}

TEST_CASE("the same config under another layout version is not what was locked") {
  Lock lock = lock_of(Config{});
  lock.layout_version += 1;
  Diagnostics out;
  const Allocation now = plan(Config{}).allocation;
  CHECK_FALSE(compare_lock(Settings{}, now, lock, "a.lock", out));
  REQUIRE(out.size() == 1);
  CHECK(out[0].message == "this program has layout version " + std::to_string(layout_version) +
                              ", the lock " + std::to_string(layout_version + 1));
}

TEST_CASE("an option that only one side knows is named") {
  Lock lock = lock_of(Config{});
  lock.options.emplace_back("tomorrow", "5");
  lock.options.erase(lock.options.begin());  // connections_max
  Diagnostics out;
  CHECK_FALSE(compare_lock(Settings{}, plan(Config{}).allocation, lock, "a.lock", out));
  REQUIRE(out.size() == 2);
  CHECK(out[0].message == "connections_max is 1,000 but was locked as nothing");
  CHECK(out[1].message == "'tomorrow' is nothing but was locked as 5");
}

}  // namespace kv
