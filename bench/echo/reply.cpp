#include "bench/echo/reply.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace kv::bench {

namespace {

constexpr uint64_t buffer_bytes = 256 * 1024;

/// A bulk string where one has that length, otherwise a simple string.
std::string reply_of(uint64_t bytes) {
  for (uint64_t digits = 1; digits < 10 && bytes > digits + 5; ++digits) {
    const std::string length = std::to_string(bytes - digits - 5);
    if (length.size() == digits) {
      return fmt::format("${}\r\n{:x<{}}\r\n", length, "", bytes - digits - 5);
    }
  }
  return fmt::format("+{:x<{}}\r\n", "", bytes - Replies::reply_bytes_min);
}

}  // namespace

Replies::Replies(uint64_t request_bytes, uint64_t reply_bytes)
    : request_bytes_(request_bytes), reply_bytes_(reply_bytes) {
  const std::string reply = reply_of(reply_bytes);
  const uint64_t count = std::max<uint64_t>(1, buffer_bytes / reply_bytes);
  replies_.reserve(count * reply_bytes);
  for (uint64_t i = 0; i < count; ++i) replies_ += reply;
}

std::span<const char> Replies::take(uint64_t& received) const {
  const uint64_t count = std::min(received / request_bytes_, replies_.size() / reply_bytes_);
  received -= count * request_bytes_;
  return {replies_.data(), count * reply_bytes_};
}

}  // namespace kv::bench
