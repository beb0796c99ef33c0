#include "kvcore/memory/siphash.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace kv {
namespace {

// The reference vectors: the key is the bytes 00 … 0f, the n-th message the bytes 00 … n-1.
constexpr HashKey reference_key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string message(uint64_t bytes) {
  std::string out;
  for (uint64_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>(i));
  return out;
}

TEST_CASE("SipHash-1-3 gives the vectors of Rust's core library") {
  // Source: rust-lang/rust, library/coretests/tests/hash/sip.rs, test_siphash_1_3.
  constexpr auto expected = std::to_array<uint64_t>({
      0xabac0158050fc4dc,
      0xc9f49bf37d57ca93,
      0x82cb9b024dc7d44d,
      0x8bf80ab8e7ddf7fb,
      0xcf75576088d38328,
      0xdef9d52f49533b67,
      0xc50d2b50c59f22a7,
      0xd3927d989bb11140,
      0x369095118d299a8e,
      0x25a48eb36c063de4,
      0x79de85ee92ff097f,
      0x70c118c1f94dc352,
      0x78a384b157b4d9a2,
      0x306f760c1229ffa7,
      0x605aa111c0f95d34,
      0xd320d86d2a519956,
  });
  for (uint64_t bytes = 0; bytes < expected.size(); ++bytes) {
    CHECK(siphash13(reference_key, message(bytes)) == expected[bytes]);
  }
}

TEST_CASE("SipHash-2-4, the same code with more rounds, gives the vectors of its authors") {
  // Source: veorq/SipHash, vectors.h, vectors_sip64; 15 bytes stand in appendix A of the paper.
  constexpr auto expected = std::to_array<uint64_t>({
      0x726fdb47dd0e0e31,
      0x74f839c593dc67fd,
      0x0d6c8009d9a94f5a,
      0x85676696d7fb7e2d,
      0xcf2794e0277187b7,
      0x18765564cd99a68d,
      0xcbc9466e58fee3ce,
      0xab0200f58b01d137,
      0x93f5f5799a932462,
      0x9e0082df0ba9e4b0,
      0x7a5dbbc594ddb9f3,
      0xf4b32f46226bada7,
      0x751e8fbc860ee5fb,
      0x14ea5627c0843d90,
      0xf723ca908e7af2ee,
      0xa129ca6149be45e5,
  });
  for (uint64_t bytes = 0; bytes < expected.size(); ++bytes) {
    CHECK(siphash24(reference_key, message(bytes)) == expected[bytes]);
  }
  CHECK(siphash24(reference_key, message(63)) == 0x958a324ceb064572);
}

TEST_CASE("another key gives another hash") {
  CHECK(siphash13({1, 2}, "key") != siphash13({1, 3}, "key"));
  CHECK(siphash13({1, 2}, "key") != siphash13({0, 2}, "key"));
}

TEST_CASE("a text hashes alike wherever it lies in memory") {
  const std::string text = message(40);
  for (uint64_t offset = 0; offset < 8; ++offset) {
    const std::string padded = std::string(offset, 'x') + text;
    CHECK(siphash13(reference_key, std::string_view(padded).substr(offset)) ==
          siphash13(reference_key, text));
  }
}

}  // namespace
}  // namespace kv
