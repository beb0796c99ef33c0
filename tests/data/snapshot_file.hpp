// A snapshot file that a test makes entry by entry, and what a reader finds in one, as text.
//
// Sections are as small as they can be unless a test says otherwise, so that entries span several.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "kvcore/data/section_writer.hpp"
#include "kvcore/data/snapshot_reader.hpp"
#include "kvcore/plan/allocation.hpp"

namespace kv::test {

class SnapshotFile {
 public:
  explicit SnapshotFile(const Config& config = Config(), uint64_t section_bytes = section_align,
                        uint64_t id = 7)
      : room_(section_bytes) {
    std::vector<std::byte> header(snapshot_header_bytes);
    const PlanResult planned = plan(config);
    REQUIRE(planned.ok);
    writer_ = SectionWriter(
        write_snapshot_header({id, 1000, section_bytes}, planned.allocation.config, header));
    add(header);
  }

  void string(std::string_view key, std::string_view value, uint64_t deadline_ms = no_deadline_ms,
              EntryEnd end = EntryEnd::whole) {
    head({EntryType::string, static_cast<uint32_t>(key.size()), static_cast<uint32_t>(value.size()),
          deadline_ms});
    put(key);
    put(value);
    finish(end, deadline_ms, key.size() + value.size());
  }

  void list(std::string_view key, const std::vector<std::string>& elements,
            uint64_t deadline_ms = no_deadline_ms) {
    head({EntryType::list, static_cast<uint32_t>(key.size()),
          static_cast<uint32_t>(elements.size()), deadline_ms});
    put(key);
    uint64_t bytes = key.size();
    for (const std::string& element : elements) {
      std::string length(element_frame_bytes, '\0');
      for (uint64_t i = 0; i < length.size(); ++i) {
        length[i] = static_cast<char>(element.size() >> 8 * i);
      }
      put(length);
      put(element);
      bytes += element.size();
    }
    finish(EntryEnd::whole, deadline_ms, bytes);
  }

  /// The file. No more can be added to it.
  std::vector<std::byte> finish() {
    if (writer_.is_open()) add(writer_.finish());
    add(writer_.finish_all(totals_, room_));
    return file_;
  }

  void head(const EntryHead& head) {
    std::byte bytes[entry_frame_bytes_max];
    const uint64_t count = write_entry_head(head, bytes);
    open();
    writer_.count_entry();
    put({reinterpret_cast<const char*>(bytes), count});
  }
  void put(std::string_view text) {
    std::span<const std::byte> bytes = std::as_bytes(std::span<const char>(text));
    while (!bytes.empty()) {
      open();
      bytes = bytes.subspan(writer_.put(bytes));
    }
  }

  SnapshotTotals totals_;

 private:
  void finish(EntryEnd end, uint64_t deadline_ms, uint64_t bytes) {
    const char last = static_cast<char>(end);
    put({&last, 1});
    if (end == EntryEnd::dropped) {
      ++totals_.dropped;
      return;
    }
    ++totals_.entries;
    totals_.expiring += deadline_ms != no_deadline_ms;
    totals_.bytes += bytes;
  }
  void open() {
    if (writer_.is_open() && writer_.free_bytes() == 0) add(writer_.finish());
    if (!writer_.is_open()) writer_.begin(room_);
  }
  void add(std::span<const std::byte> bytes) {
    file_.insert(file_.end(), bytes.begin(), bytes.end());
  }

  std::vector<std::byte> room_;
  std::vector<std::byte> file_;
  SectionWriter writer_;
};

/// Writes down what it is shown: "key=value", "key@100=value", "key=[a,b]".
class TextVisitor final : public EntryVisitor {
 public:
  bool wants_values() const override { return true; }
  bool begin(const EntryHead& head, std::string_view key, uint64_t) override {
    head_ = head;
    text_ = std::string(key);
    if (head.expires()) text_ += "@" + std::to_string(head.deadline_ms);
    text_ += "=";
    if (head.type == EntryType::list) text_ += "[";
    return true;
  }
  bool value(uint64_t bytes, std::string_view data) override {
    REQUIRE(bytes == data.size());
    text_ += data;
    if (head_.type == EntryType::list) text_ += ",";
    return true;
  }
  bool end(EntryEnd how) override {
    if (head_.type == EntryType::list) text_.back() = ']';
    if (how == EntryEnd::whole) entries.push_back(text_);
    return true;
  }

  std::vector<std::string> entries;

 private:
  EntryHead head_;
  std::string text_;
};

/// What is read, or "OFFSET: REASON".
inline std::vector<std::string> read_with(SnapshotReader& reader) {
  const auto refused = [](const DataFault& fault) {
    return std::vector<std::string>{std::to_string(fault.offset) + ": " +
                                    std::string(fault.reason)};
  };
  if (const auto fault = reader.open()) return refused(*fault);
  TextVisitor visitor;
  std::vector<char> spare(1 << 16);
  if (const auto fault = reader.read(visitor, spare)) return refused(*fault);
  return visitor.entries;
}

/// The same of a file that lies in memory.
inline std::vector<std::string> read_all(std::span<const std::byte> file) {
  SnapshotReader reader(file);
  const std::vector<std::string> found = read_with(reader);
  CHECK(reader.file_bytes() <= file.size());
  return found;
}

}  // namespace kv::test
