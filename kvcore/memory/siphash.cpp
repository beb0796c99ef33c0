#include "kvcore/memory/siphash.hpp"

#include <bit>
#include <cstring>

namespace kv {

namespace {

struct State {
  uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }
};

/// Eight bytes, little-endian whatever the machine is.
uint64_t load_word(const char* data) {
  uint64_t word = 0;
  std::memcpy(&word, data, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

/// The bytes after the last whole word, little-endian; `count` is below 8.
uint64_t load_tail(const char* data, uint64_t count) {
  uint64_t word = 0;
  for (uint64_t i = 0; i < count; ++i) {
    word |= uint64_t{static_cast<unsigned char>(data[i])} << (8 * i);
  }
  return word;
}

template <int compression_rounds, int finalization_rounds>
uint64_t siphash(HashKey key, std::string_view data) {
  State s = {key.k0 ^ 0x736f6d6570736575, key.k1 ^ 0x646f72616e646f6d, key.k0 ^ 0x6c7967656e657261,
             key.k1 ^ 0x7465646279746573};
  const auto compress = [&s](uint64_t word) {
    s.v3 ^= word;
    for (int i = 0; i < compression_rounds; ++i) s.round();
    s.v0 ^= word;
  };
  const char* at = data.data();
  const char* const words_end = at + data.size() / 8 * 8;
  for (; at != words_end; at += 8) compress(load_word(at));
  compress(load_tail(at, data.size() % 8) | uint64_t{data.size()} << 56);
  s.v2 ^= 0xff;
  for (int i = 0; i < finalization_rounds; ++i) s.round();
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

}  // namespace

uint64_t siphash13(HashKey key, std::string_view data) { return siphash<1, 3>(key, data); }
uint64_t siphash24(HashKey key, std::string_view data) { return siphash<2, 4>(key, data); }

}  // namespace kv
