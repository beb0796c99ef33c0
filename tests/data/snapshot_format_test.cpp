// A snapshot file: what is written is read, and whatever was altered is refused.

#include <algorithm>

#include "kvcore/data/crc32c.hpp"
#include "kvcore/data/little_endian.hpp"
#include "snapshot_file.hpp"

namespace {

using kv::section_align;
using kv::test::read_all;
using kv::test::SnapshotFile;
using Lines = std::vector<std::string>;

std::vector<std::byte> small_file(uint64_t id = 7) {
  SnapshotFile file(kv::Config(), section_align, id);
  file.string("a", "1");
  file.string("expires", "soon", 5000);
  file.list("list", {"x", "", "yz"});
  file.string("given up", "0000", 900, kv::EntryEnd::dropped);
  file.string("", "");
  return file.finish();
}

const Lines small_entries = {"a=1", "expires@5000=soon", "list=[x,,yz]", "="};

/// A file of which `room` bytes at a time are in memory. Those from `lost` on cannot be read.
class Pieces final : public kv::DataSource {
 public:
  Pieces(const std::vector<std::byte>& file, uint64_t room, uint64_t lost = UINT64_MAX)
      : file_(file), piece_(room), lost_(lost) {}

  uint64_t size() const override { return file_.size(); }
  std::span<const std::byte> look(uint64_t offset, uint64_t bytes) override {
    REQUIRE(offset + bytes <= file_.size());
    const uint64_t count = std::min<uint64_t>(bytes, piece_.size());
    // What was in sight before is gone.
    std::fill(piece_.begin(), piece_.end(), std::byte{0xee});
    if (offset + count > lost_) return {};
    std::copy_n(file_.begin() + static_cast<int64_t>(offset), count, piece_.begin());
    return std::span<const std::byte>(piece_).first(count);
  }

 private:
  const std::vector<std::byte>& file_;
  std::vector<std::byte> piece_;
  uint64_t lost_;
};

Lines read_in_pieces(const std::vector<std::byte>& file, uint64_t room,
                     uint64_t lost = UINT64_MAX) {
  Pieces pieces(file, room, lost);
  kv::SnapshotReader reader(pieces);
  return kv::test::read_with(reader);
}

}  // namespace

TEST_CASE("What is written is read, but for entries that were given up") {
  const std::vector<std::byte> file = small_file();
  // A header, a section, the end.
  CHECK(file.size() == 3 * section_align);
  CHECK(read_all(file) == small_entries);
}

TEST_CASE("Entries run on over as many sections as they take") {
  SnapshotFile file;
  Lines expected;
  for (uint64_t i = 0; i < 60; ++i) {
    const std::string key = "key" + std::to_string(i);
    const std::string value(i * 997 % 9000, static_cast<char>('a' + i % 26));
    file.string(key, value);
    expected.push_back(key + "=" + value);
    file.list(key + "l", {value, "", key});
    expected.push_back(key + "l=[" + value + ",," + key + "]");
  }
  CHECK(read_all(file.finish()) == expected);
}

TEST_CASE("A file that is read in pieces is read as one that lies in memory") {
  for (const uint64_t section_bytes : {section_align, 3 * section_align, 16 * section_align}) {
    CAPTURE(section_bytes);
    SnapshotFile made(kv::Config(), section_bytes);
    for (uint64_t i = 0; i < 20; ++i) {
      const std::string key = std::string(i * 37 % 500, 'k') + std::to_string(i);
      const std::string value(i * 997 % 9000, static_cast<char>('a' + i % 26));
      made.string(key, value, i % 3 == 0 ? 5000 : kv::no_deadline_ms);
      made.list(key + "l", {value, "", key});
    }
    std::vector<std::byte> file = made.finish();
    const Lines whole = read_all(file);
    CHECK(whole.size() == 40);
    // What an older snapshot left is in sight with the end.
    file.insert(file.end(), 5 * section_align, std::byte{0xff});
    for (const uint64_t room : {section_align, section_align + 13, 5 * section_align, 1UL << 20}) {
      CAPTURE(room);
      CHECK(read_in_pieces(file, room) == whole);
    }
    for (uint64_t i = 0; i < file.size(); i += 3989) {
      CAPTURE(i);
      std::vector<std::byte> altered = file;
      altered[i] ^= std::byte{0x10};
      CHECK(read_in_pieces(altered, 2 * section_align) == read_all(altered));
    }
  }
}

TEST_CASE("What cannot be read is refused with its offset") {
  const std::vector<std::byte> file = small_file();
  CHECK(read_in_pieces(file, section_align, /*lost=*/4095) == Lines{"0: it cannot be read"});
  CHECK(read_in_pieces(file, section_align, /*lost=*/8191) == Lines{"4096: it cannot be read"});
  CHECK(read_in_pieces(file, section_align, /*lost=*/12287) == Lines{"8192: it cannot be read"});
  CHECK(read_in_pieces(file, section_align, /*lost=*/12288) == small_entries);
  SnapshotFile long_one(kv::Config(), 3 * section_align);
  long_one.string("k", std::string(9000, 'v'));
  const std::vector<std::byte> long_file = long_one.finish();
  CHECK(read_in_pieces(long_file, section_align, /*lost=*/12288) ==
        Lines{"12288: it cannot be read"});
}

TEST_CASE("An empty snapshot is a header and an end") {
  const std::vector<std::byte> file = SnapshotFile().finish();
  CHECK(file.size() == 2 * section_align);
  CHECK(read_all(file).empty());
}

TEST_CASE("The header holds the id, the time, and the limits by name") {
  kv::Config config;
  config.key_count = 123;
  const std::vector<std::byte> file = SnapshotFile(config).finish();
  kv::SnapshotReader reader(file);
  REQUIRE(!reader.open());
  CHECK(reader.header().id == 7);
  CHECK(reader.header().saved_ms == 1000);
  CHECK(reader.header().section_bytes == section_align);
  Lines limits;
  reader.look_at_limits([&](std::string_view name, uint64_t number) {
    limits.push_back(std::string(name) + "=" + std::to_string(number));
  });
  // store_bytes: 123 keys of 5 + 50 × 17 blocks of 256.
  CHECK(limits == Lines{"key_count=123", "expiring_keys_max=123", "key_size_max=1024",
                        "val_size_max=4096", "list_length_max=50", "store_bytes=26922240",
                        "block_bytes=256"});
}

TEST_CASE("A file with any byte altered is refused") {
  const std::vector<std::byte> file = small_file();
  std::vector<std::byte> altered = file;
  uint64_t accepted = 0;
  for (uint64_t i = 0; i < file.size(); ++i) {
    for (const unsigned flip : {0x01U, 0x80U, 0xffU}) {
      altered[i] = file[i] ^ static_cast<std::byte>(flip);
      const Lines found = read_all(altered);
      accepted += found.size() != 1 || found[0].find(": ") == std::string::npos;
    }
    altered[i] = file[i];
  }
  CHECK(accepted == 0);
  CHECK(read_all(altered) == small_entries);
}

TEST_CASE("A file that is cut off anywhere is refused") {
  const std::vector<std::byte> file = small_file();
  uint64_t accepted = 0;
  for (uint64_t bytes = 0; bytes < file.size(); ++bytes) {
    const std::vector<std::byte> part(file.begin(), file.begin() + static_cast<int64_t>(bytes));
    const Lines found = read_all(part);
    accepted += found.size() != 1 || found[0].find(": ") == std::string::npos;
  }
  CHECK(accepted == 0);
}

TEST_CASE("A file is refused with the offset and the reason") {
  std::vector<std::byte> file = small_file();
  CHECK(read_all({}) == Lines{"0: it does not begin with the magic word of a snapshot, kvsnap01"});
  CHECK(read_all(std::span(file).first(100)) == Lines{"100: it is cut off within its header"});
  CHECK(read_all(std::span(file).first(section_align)) ==
        Lines{"4096: it is cut off: the section at its end is missing"});
  CHECK(read_all(std::span(file).first(2 * section_align)) ==
        Lines{"8192: it is cut off: the section at its end is missing"});
  file[section_align + 50] ^= std::byte{1};
  CHECK(read_all(file) == Lines{"4096: the checksum of a section is wrong"});
}

TEST_CASE("What an older snapshot left behind the end is not read") {
  std::vector<std::byte> file = small_file();
  const std::vector<std::byte> older = small_file(/*id=*/6);
  file.insert(file.end(), older.begin(), older.end());
  CHECK(read_all(file) == small_entries);
}

TEST_CASE("A section of another snapshot does not stand in for one of this") {
  std::vector<std::byte> file = small_file();
  const std::vector<std::byte> older = small_file(/*id=*/6);
  std::copy(older.begin() + section_align, older.begin() + 2 * section_align,
            file.begin() + section_align);
  CHECK(read_all(file) == Lines{"4096: the checksum of a section is wrong"});
}

TEST_CASE("Entries that lie are refused where they lie") {
  const auto of = [](const kv::EntryHead& head, std::string_view rest) {
    SnapshotFile file;
    file.head(head);
    file.put(rest);
    return read_all(file.finish());
  };
  using Type = kv::EntryType;
  // The head is at 4096 + 32, and has 10 bytes.
  CHECK(of({Type::string, 3, 5}, "abc") == Lines{"8224: it ends within an entry"});
  CHECK(of({Type::string, 1, 1}, "ab?") == Lines{"4140: an entry does not end where it should"});
  CHECK(of({Type::string, UINT32_MAX, 1}, "ab") == Lines{"4128: a key is longer than 512 MiB"});
  CHECK(of({Type::string, 1, UINT32_MAX}, "ab") == Lines{"4128: a value is longer than 512 MiB"});
  CHECK(of({Type::list, 1, 0}, "ab") == Lines{"4128: a list has no elements"});
  CHECK(of({Type::list, 1, 1}, "a\xff\xff\xff\xff") ==
        Lines{"4139: an element is longer than 512 MiB"});
  CHECK(of({Type{9}, 1, 1}, "ab") == Lines{"4128: an entry is of no type that is known"});
  // Only what expires can be given up.
  CHECK(of({Type::string, 1, 1}, "ab\xe0") == Lines{"4140: an entry does not end where it should"});
}

TEST_CASE("Totals that are not those of the entries are refused") {
  SnapshotFile file;
  file.string("a", "1");
  ++file.totals_.bytes;
  CHECK(read_all(file.finish()) == Lines{"8224: the totals are not those of the entries"});
}

TEST_CASE("The largest file is a header, full sections and an end") {
  // 4064 bytes of payload in each section of 4096.
  CHECK(kv::snapshot_file_bytes(0, 4096) == 2 * 4096);
  CHECK(kv::snapshot_file_bytes(1, 4096) == 3 * 4096);
  CHECK(kv::snapshot_file_bytes(4064, 4096) == 3 * 4096);
  CHECK(kv::snapshot_file_bytes(4065, 4096) == 4 * 4096);
}

namespace {

/// Puts a number in the place of another, with the checksum of the header that it then has.
std::vector<std::byte> with_header(std::vector<std::byte> file, uint64_t at, uint64_t number,
                                   uint64_t bytes) {
  kv::put_little(file.data() + at, number, bytes);
  constexpr uint64_t crc_at = kv::snapshot_header_bytes - 4;
  const std::span<const std::byte> header(file);
  kv::put_little(file.data() + crc_at, kv::crc32c(header.first(crc_at)), 4);
  return file;
}

std::optional<kv::DataFault> fault_of(const std::vector<std::byte>& file) {
  kv::SnapshotReader reader(file);
  kv::test::TextVisitor visitor;
  if (const auto fault = reader.open()) return fault;
  std::vector<char> spare(100);
  return reader.read(visitor, spare);
}

}  // namespace

TEST_CASE("A header whose checksum is right is not believed for that") {
  SnapshotFile made;
  made.string("key", "value");
  const std::vector<std::byte> file = made.finish();
  struct Row {
    uint64_t at, number, bytes, offset;
    std::string_view reason;
  };
  const Row rows[] = {
      {8, 2, 4, 8, "it has another version than 1"},
      {12, 512, 4, 12, "its header is not of 4096 bytes"},
      {32, 0, 8, 32, "the size of its sections is not a multiple of 4096 up to 1 GiB"},
      {32, 4097, 8, 32, "the size of its sections is not a multiple of 4096 up to 1 GiB"},
      {32, 2ULL << 30, 8, 32, "the size of its sections is not a multiple of 4096 up to 1 GiB"},
      // Behind the limits that there are, the next one has a name of no bytes, and so on to the
      // end.
      {40, UINT32_MAX, 4, 4091, "its limits do not fit in the header"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.at);
    const auto fault = fault_of(with_header(file, row.at, row.number, row.bytes));
    REQUIRE(fault);
    CHECK(fault->reason == row.reason);
    CHECK(fault->offset == row.offset);
  }
}

TEST_CASE("A section of a kind that nobody knows is refused, though its checksum is right") {
  SnapshotFile made;
  made.string("key", "value");
  std::vector<std::byte> file = made.finish();
  std::byte* const head = file.data() + kv::snapshot_header_bytes;
  kv::put_little(head, 3, 4);
  kv::put_little(head + kv::section_header_bytes - 4, 0, 4);
  const std::span<const std::byte> bytes(file);
  uint32_t crc = kv::crc32c(bytes.first(kv::snapshot_header_bytes - 4));
  const auto section = bytes.subspan(kv::snapshot_header_bytes, section_align);
  crc = kv::crc32c(section.subspan(kv::section_header_bytes), crc);
  crc = kv::crc32c(section.first(kv::section_header_bytes), crc);
  kv::put_little(head + kv::section_header_bytes - 4, crc, 4);
  const auto fault = fault_of(file);
  REQUIRE(fault);
  CHECK(fault->offset == kv::snapshot_header_bytes);
  CHECK(fault->reason == "a section is of no kind that is known");
}
