// Files of data: whatever their bytes are, they are read without a fault, or refused with an
// offset that is in them.
//
// A checksum is found by no mutation, and a total by few. So an input that begins with '=' is the
// payload of a snapshot that is whole: what is behind it is cut into sections of two pages, read
// once to count its entries, and given the checksums and totals that it takes. Other inputs are
// files, of either kind.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "kvcore/data/fit.hpp"
#include "kvcore/data/section_writer.hpp"
#include "kvcore/data/zigkv.hpp"
#include "tests/fuzz/load_fuzz.hpp"

namespace {

/// Larger than what is in memory of a file at a time, so that values run over the end of both.
constexpr uint64_t section_bytes = 2 * kv::section_align;

/// Looks at every byte that it is shown, so that a sanitizer sees one that is not there, and keeps
/// a sum that two readings share if they were shown the same, in the same order.
class Look final : public kv::EntryVisitor {
 public:
  bool wants_values() const override { return true; }
  bool begin(const kv::EntryHead& head, std::string_view key, uint64_t offset) override {
    kv::require(key.size() <= head.key_bytes, "a key is longer than it says");
    add(offset);
    add(static_cast<uint64_t>(head.type));
    add(head.length);
    add(head.deadline_ms);
    return note(key);
  }
  bool value(uint64_t bytes, std::string_view data) override {
    kv::require(data.size() == bytes, "a value is not of the bytes that it says");
    return note(data);
  }
  bool end(kv::EntryEnd how) override {
    add(static_cast<uint64_t>(how));
    return true;
  }

  uint64_t sum() const { return sum_; }

 private:
  /// FNV-1a, with words for bytes.
  void add(uint64_t word) { sum_ = (sum_ ^ word) * 0x100000001b3; }
  bool note(std::string_view data) {
    add(data.size());
    for (const char byte : data) add(static_cast<unsigned char>(byte));
    return true;
  }

  uint64_t sum_ = 0xcbf29ce484222325;
};

/// Counts what the sections and the end say of the entries.
class Count final : public kv::EntryVisitor {
 public:
  explicit Count(uint64_t file_bytes) : begun(file_bytes / section_bytes + 1) {}

  bool wants_values() const override { return false; }
  bool begin(const kv::EntryHead& head, std::string_view, uint64_t offset) override {
    head_ = head;
    bytes_ = head.key_bytes;
    ++begun[(offset - kv::snapshot_header_bytes) / section_bytes];
    return true;
  }
  bool value(uint64_t bytes, std::string_view) override {
    bytes_ += bytes;
    return true;
  }
  bool end(kv::EntryEnd how) override {
    if (how == kv::EntryEnd::dropped) {
      ++totals.dropped;
      return true;
    }
    ++totals.entries;
    totals.expiring += head_.expires();
    totals.bytes += bytes_;
    return true;
  }

  std::vector<uint64_t> begun;  ///< entries, for each section
  kv::SnapshotTotals totals;

 private:
  kv::EntryHead head_;
  uint64_t bytes_ = 0;
};

/// A file of which one page at a time is in memory, so that a sanitizer sees who looks beyond it.
class Pages final : public kv::DataSource {
 public:
  explicit Pages(std::span<const std::byte> file) : file_(file) {}

  uint64_t size() const override { return file_.size(); }
  std::span<const std::byte> look(uint64_t offset, uint64_t bytes) override {
    kv::require(offset + bytes <= file_.size(), "bytes are asked for that the file does not have");
    const std::span<const std::byte> wanted =
        file_.subspan(offset, std::min(bytes, kv::section_align));
    page_ = std::vector<std::byte>(wanted.begin(), wanted.end());
    return page_;
  }

 private:
  std::span<const std::byte> file_;
  std::vector<std::byte> page_;
};

const kv::Allocation& allocation() {
  static const kv::Allocation planned = kv::plan(kv::Config{}).allocation;
  return planned;
}

std::vector<std::byte> file_of(std::span<const std::byte> payload, const Count& count) {
  std::vector<std::byte> file(kv::snapshot_header_bytes);
  kv::SectionWriter writer(
      kv::write_snapshot_header({1, 2, section_bytes}, allocation().config, file));
  std::vector<std::byte> room(section_bytes);
  const auto add = [&](std::span<const std::byte> section) {
    file.insert(file.end(), section.begin(), section.end());
  };
  for (uint64_t section = 0; !payload.empty(); ++section) {
    writer.begin(room);
    for (uint64_t i = 0; i < count.begun[section]; ++i) writer.count_entry();
    payload = payload.subspan(writer.put(payload));
    add(writer.finish());
  }
  add(writer.finish_all(count.totals, room));
  return file;
}

/// The payload with all that it takes to be believed, where it is entries and nothing else.
std::vector<std::byte> whole_file(std::span<const std::byte> payload) {
  // Sections hold less than their size, so there are fewer than these.
  const std::vector<std::byte> uncounted = file_of(payload, Count(2 * payload.size()));
  Count count(uncounted.size());
  kv::SnapshotReader reader(uncounted);
  kv::require(!reader.open(), "a header that was written is refused");
  std::vector<char> spare(kv::Unfit::key_shown_max);
  static_cast<void>(reader.read(count, spare));
  std::vector<std::byte> file = file_of(payload, count);
  Count again(file.size());
  kv::SnapshotReader counted(file);
  kv::require(!counted.open(), "a header that was written is refused");
  const std::optional<kv::DataFault> fault = counted.read(again, spare);
  // An entry that does not end is refused there too.
  const uint64_t totals_at = file.size() - kv::section_align + kv::section_header_bytes;
  const bool is_counted = !fault || fault->offset != totals_at ||
                          fault->reason == std::string_view("it ends within an entry");
  kv::require(is_counted, "what was counted is not what the reader counts");
  return file;
}

/// All of it, with the bytes that it holds.
std::optional<kv::DataFault> read_all(kv::SnapshotReader& reader, Look& look) {
  if (const std::optional<kv::DataFault> fault = reader.open()) return fault;
  std::vector<char> spare(1 << 16);
  return reader.read(look, spare);
}

void read_snapshot(std::span<const std::byte> file) {
  Look look;
  kv::SnapshotReader reader(file);
  const std::optional<kv::DataFault> fault = read_all(reader, look);
  if (fault) kv::require(fault->offset <= file.size(), "a fault behind the end of the file");
  Look look_at_pages;
  Pages pages(file);
  kv::SnapshotReader in_pages(pages);
  const std::optional<kv::DataFault> in_page = read_all(in_pages, look_at_pages);
  kv::require(in_page.has_value() == fault.has_value(), "refused in memory or in pages alone");
  kv::require(!fault || (fault->offset == in_page->offset && fault->reason == in_page->reason),
              "refused in pages for another reason than in memory");
  kv::require(look.sum() == look_at_pages.sum(), "other bytes in pages than in memory");
  kv::SnapshotReader again(file);
  if (again.open()) return;
  kv::FitCheck fit(allocation(), /*now_ms=*/1000);
  std::vector<char> key(kv::Unfit::key_shown_max);
  const std::optional<kv::DataFault> same = again.read(fit, key);
  if (fit.unfit()) {
    kv::require(!kv::unfit_text(*fit.unfit()).empty(), "nothing is said of what does not fit");
  } else if (!fault) {
    kv::require(!same, "a file is whole, and then is not");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> input = std::as_bytes(std::span<const uint8_t>(data, size));
  if (size > 0 && data[0] == '=') {
    read_snapshot(whole_file(input.subspan(1)));
    return 0;
  }
  read_snapshot(input);
  Look look;
  const std::optional<kv::DataFault> fault = kv::read_zigkv(input, look);
  if (fault) kv::require(fault->offset <= size, "a fault behind the end of the file");
  return 0;
}
