// Writing replies: RESP straight into a connection's reply buffer.
//
// A handler first asks for room with fits(), before it changes anything; what fits is then
// written without further checks beyond assertions. Numbers are formatted in place.
//
// Source: RESP specification, versions 2 and 3.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace kv {

/// Largest reply that is not a value: a status, an integer, an error.
constexpr uint64_t small_reply_bytes_max = 512;

class ReplyWriter {
 public:
  ReplyWriter() = default;
  ReplyWriter(std::span<char> room, uint8_t protocol)
      : out_(room.data()), capacity_(room.size()), protocol_(protocol) {}

  /// A writer that only counts: written() is then the size of what was to be written.
  static ReplyWriter counter(uint8_t protocol);

  uint64_t written() const { return written_; }
  bool fits(uint64_t bytes) const { return bytes <= capacity_ - written_; }
  uint8_t protocol() const { return protocol_; }
  void set_protocol(uint8_t protocol) { protocol_ = protocol; }

  /// The rest of the room, for a writer of its own; accept() takes over what that wrote, and
  /// advance() what was written there by hand.
  std::span<char> rest() const { return {out_ + written_, capacity_ - written_}; }
  void advance(uint64_t bytes) { claim(bytes); }
  void accept(const ReplyWriter& part) {
    written_ += part.written_;
    protocol_ = part.protocol_;
  }

  void status(std::string_view text);  ///< +OK
  void ok() { raw("+OK\r\n"); }
  void error(std::string_view text);  ///< -text; "ERR …", "WRONGTYPE …"; cut to 500 bytes,
                                      ///< CR and LF in it become spaces
  void integer(int64_t value);        ///< :1
  void bulk(std::string_view data);   ///< $3\r\nabc\r\n
  void null();                        ///< $-1, or _ in RESP3
  void null_array();                  ///< *-1, or _ in RESP3
  void array(uint64_t count);         ///< *3
  void map(uint64_t pairs);           ///< %3, or *6 in RESP2
  void set(uint64_t count);           ///< ~3, or *3 in RESP2
  void real(double value);            ///< ,1.5, or the bulk string 1.5 in RESP2

  /// Begins a bulk string of `bytes` and returns where its content must be copied to. Its end
  /// is written already. A counter returns null.
  char* begin_bulk(uint64_t bytes);

  /// The same for a text that is meant to be read: =7\r\ntxt:abc in RESP3, a bulk in RESP2.
  char* begin_verbatim(uint64_t bytes);
  uint64_t verbatim_bytes(uint64_t bytes) const;  ///< the size of such a reply

  /// Bytes that are RESP already.
  void raw(std::string_view text);

 private:
  /// A type byte, the number and CRLF.
  void decimal(char type, int64_t value);
  /// The place of the next bytes, which count as written from now on.
  char* claim(uint64_t bytes);

  char* out_ = nullptr;  ///< null for a counter
  uint64_t capacity_ = 0;
  uint64_t written_ = 0;
  uint8_t protocol_ = 2;
};

/// Size of a bulk string of `bytes` as a reply.
uint64_t bulk_reply_bytes(uint64_t bytes);
/// Size of an array header.
uint64_t array_reply_bytes(uint64_t count);

}  // namespace kv
