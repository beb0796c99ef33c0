// The identity of every option: one enumerator per row of options.def, in its order, so that
// an option can be named without the strings of the table.
#pragma once

#include <cstdint>

namespace kv {

enum class Option : uint8_t {
#define KV_OPTION(id, key, alias, kind, value, text, minimum, maximum, step, choices, help, more) \
  id,
#include "kvcore/plan/options.def"
  none = 255,
};

constexpr uint64_t option_count = 0
#define KV_OPTION(...) +1
#include "kvcore/plan/options.def"
    ;

}  // namespace kv
