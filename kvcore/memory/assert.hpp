// KV_ASSERT: an invariant that is checked in release builds too.
//
// A failed assertion prints the expression and its place without allocating, then aborts:
// a server whose invariants are broken must not go on answering.
#pragma once

#define KV_ASSERT(condition)                    \
  (__builtin_expect(!!(condition), 1) ? (void)0 \
                                      : ::kv::assert_failed(#condition, __FILE__, __LINE__))

namespace kv {

[[noreturn]] void assert_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace kv
