// SipHash-1-3, a keyed hash: with a key drawn at start, nobody can choose keys that collide.
//
// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF"; the 1-3 variant is what
// Rust and Python use for their tables.
#pragma once

#include <cstdint>
#include <string_view>

namespace kv {

struct HashKey {
  uint64_t k0 = 0;
  uint64_t k1 = 0;
};

uint64_t siphash13(HashKey key, std::string_view data);

/// The variant that the paper has test vectors for; the same code but for its rounds.
uint64_t siphash24(HashKey key, std::string_view data);

}  // namespace kv
