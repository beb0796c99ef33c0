// Asking for memory before it is needed.
// g++ takes a function that only prefetches for one without effects, and drops every call of it
// that it does not inline; the empty instruction here is an effect.
#pragma once

namespace kv {

/// Asks for the cache line at `address`. Any address will do.
inline void prefetch_line(const void* address) {
  __builtin_prefetch(address);
  asm volatile("");
}

}  // namespace kv
