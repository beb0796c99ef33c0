#include "kvcore/data/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace kv {

namespace {

constexpr uint32_t reflected_polynomial = 0x82f63b78;

/// [k][b] is the checksum of byte b and k zeros behind it: eight bytes are looked up at once.
using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables tables = [] {
  Tables out = {};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1) * reflected_polynomial;
    out[0][byte] = crc;
  }
  for (uint32_t byte = 0; byte < 256; ++byte) {
    for (uint64_t k = 1; k < out.size(); ++k) {
      out[k][byte] = out[k - 1][byte] >> 8 ^ out[0][out[k - 1][byte] & 0xff];
    }
  }
  return out;
}();

#if defined(__x86_64__)
[[gnu::target("sse4.2")]] uint32_t by_processor(const std::byte* at, uint64_t count, uint32_t crc) {
  uint64_t wide = crc;
  for (; count >= sizeof(uint64_t); count -= sizeof(uint64_t), at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = static_cast<uint32_t>(wide);
  for (; count > 0; --count, ++at) crc = _mm_crc32_u8(crc, static_cast<uint8_t>(*at));
  return crc;
}
#endif

}  // namespace

uint32_t crc32c_by_table(std::span<const std::byte> bytes, uint32_t before) {
  uint32_t crc = ~before;
  const auto byte = [&](uint64_t index) { return static_cast<uint32_t>(bytes[index]); };
  uint64_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint32_t next = 0;
    for (uint64_t k = 0; k < 4; ++k) {
      next ^= tables[7 - k][(crc >> 8 * k & 0xff) ^ byte(i + k)] ^ tables[3 - k][byte(i + 4 + k)];
    }
    crc = next;
  }
  for (; i < bytes.size(); ++i) crc = crc >> 8 ^ tables[0][(crc & 0xff) ^ byte(i)];
  return ~crc;
}

uint32_t crc32c(std::span<const std::byte> bytes, uint32_t before) {
#if defined(__x86_64__)
  static const bool by_hand = __builtin_cpu_supports("sse4.2") == 0;
  if (!by_hand) return ~by_processor(bytes.data(), bytes.size(), ~before);
#endif
  return crc32c_by_table(bytes, before);
}

}  // namespace kv
