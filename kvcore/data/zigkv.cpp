#include "kvcore/data/zigkv.hpp"

#include <algorithm>
#include <limits>

#include "kvcore/data/little_endian.hpp"

namespace kv {

namespace {

constexpr uint64_t count_bytes = 4;
constexpr uint64_t time_bytes = 8;
constexpr uint64_t ms_per_s = 1000;

/// A place in the file, before which everything was there.
class Place {
 public:
  explicit Place(std::span<const std::byte> file) : file_(file) {}

  bool number(uint64_t bytes, uint64_t& out) {
    if (file_.size() - at_ < bytes) return false;
    out = get_little(file_.data() + at_, bytes);
    at_ += bytes;
    return true;
  }
  bool slice(std::string_view& out) {
    uint64_t bytes = 0;
    if (!number(count_bytes, bytes) || file_.size() - at_ < bytes) return false;
    out = {reinterpret_cast<const char*>(file_.data() + at_), bytes};
    at_ += bytes;
    return true;
  }
  uint64_t at() const { return at_; }
  bool at_end() const { return at_ == file_.size(); }
  void skip(uint64_t bytes) { at_ += bytes; }

 private:
  std::span<const std::byte> file_;
  uint64_t at_ = 0;
};

uint64_t milliseconds(uint64_t seconds) {
  constexpr uint64_t most = deadline_ms_max;
  if (static_cast<int64_t>(seconds) < 0) return 0;
  return seconds > most / ms_per_s ? most : seconds * ms_per_s;
}

}  // namespace

std::optional<DataFault> read_zigkv(std::span<const std::byte> file, EntryVisitor& visitor) {
  Place place(file);
  uint64_t entries = 0;
  const std::string_view begin(reinterpret_cast<const char*>(file.data()), file.size());
  if (!begin.starts_with(zigkv_magic)) return DataFault{0, "it does not begin with ZIGKV001"};
  place.skip(zigkv_magic.size());
  if (!place.number(count_bytes, entries)) return DataFault{file.size(), "it is cut off"};
  for (uint64_t i = 0; i < entries; ++i) {
    const uint64_t offset = place.at();
    std::string_view key, value;
    uint64_t created = 0, expires = 0, expires_s = 0;
    if (!place.slice(key) || !place.slice(value) || !place.number(time_bytes, created)) {
      return DataFault{offset, "it is cut off within the entry that begins here"};
    }
    const uint64_t flag_at = place.at();
    if (!place.number(1, expires) || (expires == 1 && !place.number(time_bytes, expires_s))) {
      return DataFault{offset, "it is cut off within the entry that begins here"};
    }
    if (expires > 1) return DataFault{flag_at, "whether the entry expires is neither 0 nor 1"};
    if (std::max(key.size(), value.size()) > data_bytes_max) {
      return DataFault{offset, "a key or value is longer than 512 MiB"};
    }
    EntryHead head;
    head.key_bytes = static_cast<uint32_t>(key.size());
    head.length = static_cast<uint32_t>(value.size());
    if (expires == 1) head.deadline_ms = milliseconds(expires_s);
    if (!visitor.begin(head, key, offset) || !visitor.value(value.size(), value) ||
        !visitor.end(EntryEnd::whole)) {
      return {};
    }
  }
  if (!place.at_end()) return DataFault{place.at(), "there is more than its entries"};
  return {};
}

ZigkvWriter::ZigkvWriter() : text_(zigkv_magic) { put(0, count_bytes); }

void ZigkvWriter::put(uint64_t number, uint64_t bytes) {
  for (uint64_t i = 0; i < bytes; ++i) text_ += static_cast<char>(number >> 8 * i);
}

void ZigkvWriter::add(std::string_view key, std::string_view value, uint64_t created_s,
                      uint64_t deadline_ms) {
  put(key.size(), count_bytes);
  text_ += key;
  put(value.size(), count_bytes);
  text_ += value;
  put(created_s, time_bytes);
  const bool expires = deadline_ms != no_deadline_ms;
  put(expires, 1);
  if (expires) put(deadline_ms / ms_per_s + (deadline_ms % ms_per_s > 0), time_bytes);
  ++entries_;
}

const std::string& ZigkvWriter::text() {
  for (uint64_t i = 0; i < count_bytes; ++i) {
    text_[zigkv_magic.size() + i] = static_cast<char>(entries_ >> 8 * i);
  }
  return text_;
}

}  // namespace kv
