// The tutorial's files: bytes worked out by hand, and that every truncation is refused.

#include "kvcore/data/zigkv.hpp"

#include "snapshot_file.hpp"

namespace {

using Lines = std::vector<std::string>;

/// Two entries: "ab" = "xyz", created at 7; "k" = "", created at 8, expires at 9.
const std::string two_entries(
    "ZIGKV001\x02\0\0\0"
    "\x02\0\0\0ab\x03\0\0\0xyz\x07\0\0\0\0\0\0\0\0"
    "\x01\0\0\0k\0\0\0\0\x08\0\0\0\0\0\0\0\x01\x09\0\0\0\0\0\0\0",
    12 + 22 + 26);

Lines read(std::string_view text) {
  kv::test::TextVisitor visitor;
  const auto fault = kv::read_zigkv(std::as_bytes(std::span<const char>(text)), visitor);
  if (!fault) return visitor.entries;
  return {std::to_string(fault->offset) + ": " + std::string(fault->reason)};
}

}  // namespace

TEST_CASE("A file of the tutorial is read, with times in milliseconds") {
  CHECK(read(two_entries) == Lines{"ab=xyz", "k@9000="});
}

TEST_CASE("What is written is a file of the tutorial, to the byte") {
  kv::ZigkvWriter writer;
  writer.add("ab", "xyz", 7, kv::no_deadline_ms);
  writer.add("k", "", 8, 8001);  // The next whole second.
  CHECK(writer.text() == two_entries);
}

TEST_CASE("A file of the tutorial that is cut off, or longer, is refused") {
  for (uint64_t bytes = 0; bytes < two_entries.size(); ++bytes) {
    const Lines found = read(std::string_view(two_entries).substr(0, bytes));
    REQUIRE(found.size() == 1);
    CHECK(found[0].find(": it ") != std::string::npos);
  }
  CHECK(read(two_entries + "x") == Lines{"60: there is more than its entries"});
  std::string strange = two_entries;
  strange[12 + 21] = 2;
  CHECK(read(strange) == Lines{"33: whether the entry expires is neither 0 nor 1"});
}

TEST_CASE("Who has seen enough of a file of the tutorial is shown no more") {
  struct First final : kv::EntryVisitor {
    bool wants_values() const override { return true; }
    bool begin(const kv::EntryHead&, std::string_view, uint64_t) override { return ++seen < 2; }
    bool value(uint64_t, std::string_view) override { return true; }
    bool end(kv::EntryEnd) override { return true; }
    int seen = 0;
  } first;
  const std::string file = two_entries + "x";
  CHECK(!kv::read_zigkv(std::as_bytes(std::span<const char>(file)), first));
  CHECK(first.seen == 2);
}
