#include "server/commands/list_parts.hpp"

#include <charconv>
#include <cstring>

namespace kv {

namespace {

/// Writes elements as bulk strings, one behind the other, and counts on where there is no room.
class Elements {
 public:
  Elements(const Store& store, std::span<char> room) : store_(store), room_(room) {}

  /// Of all elements so far: they are all written if this is at most the room.
  uint64_t bytes() const { return bytes_; }

  void add(const ListNode& node) {
    if (node.bytes != header_of_ || header_bytes_ == 0) set_header(node.bytes);
    const uint64_t begin = bytes_;
    bytes_ += header_bytes_ + node.bytes + 2;
    if (bytes_ > room_.size()) return;
    char* const out = room_.data() + begin;
    if (bytes_ + BlockPool::wide_bytes <= room_.size()) {
      std::memcpy(out, header_, sizeof header_);
      store_.read_wide(node, out + header_bytes_);
    } else {
      std::memcpy(out, header_, header_bytes_);
      store_.read(node, out + header_bytes_);
    }
    out[header_bytes_ + node.bytes] = '\r';
    out[header_bytes_ + node.bytes + 1] = '\n';
  }

 private:
  /// "$64\r\n". The next element is often as long.
  void set_header(uint32_t bytes) {
    header_[0] = '$';
    char* const end = std::to_chars(header_ + 1, header_ + sizeof header_ - 2, bytes).ptr;
    end[0] = '\r';
    end[1] = '\n';
    header_bytes_ = static_cast<uint64_t>(end + 2 - header_);
    header_of_ = bytes;
  }

  const Store& store_;
  std::span<char> room_;
  uint64_t bytes_ = 0;
  char header_[16] = {};
  static_assert(sizeof header_ <= BlockPool::wide_bytes);
  uint64_t header_bytes_ = 0;
  uint32_t header_of_ = 0;
};

}  // namespace

Outcome write_elements(Call& call, Walk range) {
  ReplyWriter reply(call.reply.rest(), call.reply.protocol());
  const uint64_t header_bytes = array_reply_bytes(range.count);
  if (!reply.fits(header_bytes)) return call.needs(elements_bytes(call.store, range));
  reply.array(range.count);
  Elements elements(call.store, reply.rest());
  walk(call.store, range, [&](const ListNode& node) { elements.add(node); });
  if (!reply.fits(elements.bytes())) return call.needs(header_bytes + elements.bytes());
  reply.advance(elements.bytes());
  call.reply.accept(reply);
  return Outcome::done;
}

}  // namespace kv
