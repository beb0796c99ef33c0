// Files of data: whatever their bytes are, they are read without a fault, or refused with an
// offset that is in them.
//
// A checksum is found by no mutation. So an input that begins with '=' is the payload of a snapshot
// that is whole: what is behind it is cut into sections of 4096 and given the checksums that it
// takes, under totals of its own. Other inputs are files, of either kind.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "kvcore/data/fit.hpp"
#include "kvcore/data/section_writer.hpp"
#include "kvcore/data/zigkv.hpp"
#include "tests/fuzz/load_fuzz.hpp"

namespace {

/// Looks at every byte that it is shown, so that a sanitizer sees one that is not there.
class Look final : public kv::EntryVisitor {
 public:
  bool wants_values() const override { return true; }
  bool begin(const kv::EntryHead& head, std::string_view key, uint64_t) override {
    kv::require(key.size() <= head.key_bytes, "a key is longer than it says");
    return note(key);
  }
  bool value(uint64_t bytes, std::string_view data) override {
    kv::require(data.size() == bytes, "a value is not of the bytes that it says");
    return note(data);
  }
  bool end(kv::EntryEnd) override { return true; }

  uint64_t sum = 0;

 private:
  bool note(std::string_view data) {
    for (const char byte : data) sum += static_cast<unsigned char>(byte);
    return true;
  }
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

std::vector<std::byte> whole_file(std::span<const std::byte> payload) {
  std::vector<std::byte> file(kv::snapshot_header_bytes);
  kv::SectionWriter writer(
      kv::write_snapshot_header({1, 2, 0, kv::section_align}, allocation().config, file));
  std::vector<std::byte> room(kv::section_align);
  const auto add = [&](std::span<const std::byte> section) {
    file.insert(file.end(), section.begin(), section.end());
  };
  while (!payload.empty()) {
    writer.begin(room);
    payload = payload.subspan(writer.put(payload));
    add(writer.finish());
  }
  add(writer.finish_all({}, room));
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
  if (!fault) {
    kv::require(!in_page, "whole in memory, and refused in pages");
    kv::require(look.sum == look_at_pages.sum, "other bytes in pages than in memory");
  }
  kv::require(in_page.has_value() == fault.has_value(), "refused in memory or in pages alone");
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
