// What the echo server answers: one reply of RESP with a given number of bytes, many times over,
// so that the replies to a whole batch go out with one call.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace kv::bench {

class Replies {
 public:
  static constexpr uint64_t reply_bytes_min = 3;

  /// REQUIRES: reply_bytes >= reply_bytes_min, request_bytes >= 1.
  Replies(uint64_t request_bytes, uint64_t reply_bytes);

  /// The replies that a client is owed when `received` bytes have come from it since the last
  /// whole request; at most as many as fit in the buffer. Takes their requests off `received`.
  std::span<const char> take(uint64_t& received) const;

 private:
  uint64_t request_bytes_;
  uint64_t reply_bytes_;
  std::string replies_;
};

}  // namespace kv::bench
