// CRC-32C: the examples of RFC 3720, appendix B.4, and that both ways compute the same.

#include "kvcore/data/crc32c.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string_view>

namespace {

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span<const char>(text));
}

}  // namespace

TEST_CASE("CRC-32C has the values of RFC 3720") {
  std::array<char, 32> data = {};
  const std::string_view text(data.data(), data.size());
  CHECK(kv::crc32c(bytes(text)) == 0x8a9136aa);
  data.fill('\xff');
  CHECK(kv::crc32c(bytes(text)) == 0x62a8ab43);
  for (int i = 0; i < 32; ++i) data[static_cast<uint64_t>(i)] = static_cast<char>(i);
  CHECK(kv::crc32c(bytes(text)) == 0x46dd794e);
  for (int i = 0; i < 32; ++i) data[static_cast<uint64_t>(i)] = static_cast<char>(31 - i);
  CHECK(kv::crc32c(bytes(text)) == 0x113fdb5c);
  CHECK(kv::crc32c(bytes("123456789")) == 0xe3069283);
}

TEST_CASE("The table and the processor compute the same of every length and part") {
  std::array<char, 100> data = {};
  uint32_t next = 1;
  for (char& byte : data) byte = static_cast<char>((next = next * 1664525 + 1013904223) >> 24);
  const std::string_view text(data.data(), data.size());
  for (uint64_t length = 0; length <= text.size(); ++length) {
    const std::span<const std::byte> whole = bytes(text.substr(0, length));
    const uint32_t crc = kv::crc32c(whole);
    CHECK(kv::crc32c_by_table(whole) == crc);
    for (const uint64_t part : {length / 2, length / 3}) {
      CHECK(kv::crc32c(whole.subspan(part), kv::crc32c(whole.first(part))) == crc);
    }
  }
}
