// Numbers that the option table and the formulas share: units of memory, what an option is
// when it was left out, and the bounds of the 32-bit indices that records hold.
#pragma once

#include <cstdint>

namespace kv {

constexpr uint64_t kibibyte = 1024;
constexpr uint64_t mebibyte = 1024 * kibibyte;
constexpr uint64_t gibibyte = 1024 * mebibyte;
constexpr uint64_t tebibyte = 1024 * gibibyte;

/// An option that was not given and has no fixed default.
constexpr uint64_t unset = UINT64_MAX;

/// Records refer to one another by 32-bit index; the last value means "none".
constexpr uint32_t index_none = UINT32_MAX;
constexpr uint64_t index_max = UINT32_MAX - 1;

}  // namespace kv
