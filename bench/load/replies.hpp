// Counts the complete replies (RESP2) in a stream of bytes that arrives in any pieces. Nothing
// is kept but the state between two bytes, so a reply of any size costs the same few bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace kv::bench {

class ReplyCounter {
 public:
  /// Returns how many replies the bytes complete. After malformed() it returns 0 for ever.
  uint64_t feed(std::span<const char> bytes);

  [[nodiscard]] uint64_t errors() const { return errors_; }  // error replies, nested ones too
  [[nodiscard]] uint64_t misses() const { return misses_; }  // nil, nested ones too
  [[nodiscard]] bool malformed() const { return malformed_; }

  /// The first error reply without its '-', or the start of what is no reply; "" without either.
  [[nodiscard]] const std::string& first_error() const { return first_error_; }

 private:
  const char* header(const char* at, const char* end);
  const char* text_line(const char* at, const char* end);
  const char* number_line(const char* at, const char* end);
  void number_ends();
  void fail(char found);

  char type_ = 0;  // of the line that is being read; 0 between two
  bool negative_ = false;
  bool malformed_ = false;
  uint64_t number_ = 0;
  uint64_t skip_ = 0;      // bytes of a bulk string and its line end that are still to come
  uint64_t elements_ = 1;  // that are missing until the reply is complete
  uint64_t errors_ = 0;
  uint64_t misses_ = 0;
  std::string first_error_;
};

}  // namespace kv::bench
