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
  ReplyWriter(std::span<char> room, uint8_t protocol) : room_(room), protocol_(protocol) {}

  uint64_t written() const { return written_; }
  bool fits(uint64_t bytes) const { return bytes <= room_.size() - written_; }
  uint8_t protocol() const { return protocol_; }
  void set_protocol(uint8_t protocol) { protocol_ = protocol; }

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

  /// Begins a bulk string of `bytes` and returns where its content must be copied to.
  char* begin_bulk(uint64_t bytes);

  /// Bytes that are RESP already.
  void raw(std::string_view text);

 private:
  void decimal(char type, int64_t value);

  std::span<char> room_;
  uint64_t written_ = 0;
  uint8_t protocol_ = 2;
};

/// Size of a bulk string of `bytes` as a reply.
uint64_t bulk_reply_bytes(uint64_t bytes);
/// Size of an array header.
uint64_t array_reply_bytes(uint64_t count);

}  // namespace kv
