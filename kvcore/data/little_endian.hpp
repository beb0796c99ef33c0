// Integers as files hold them: the lowest byte first, whatever the machine's order is.
//
// Nothing is aligned, and nothing but bytes is read or written.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kv {

/// Writes the lowest `bytes` bytes of `number` and returns what is behind them.
constexpr std::byte* put_little(std::byte* out, uint64_t number, uint64_t bytes) {
  for (uint64_t i = 0; i < bytes; ++i) out[i] = static_cast<std::byte>(number >> 8 * i);
  return out + bytes;
}

/// Reads a number of `bytes` bytes, at most 8.
constexpr uint64_t get_little(const std::byte* in, uint64_t bytes) {
  uint64_t number = 0;
  for (uint64_t i = 0; i < bytes; ++i) number |= static_cast<uint64_t>(in[i]) << 8 * i;
  return number;
}

}  // namespace kv
