// The version of kvplan and kvd; they are released together.
#pragma once

#include <string_view>

namespace kv {

inline constexpr std::string_view version = "0.1.0";

}  // namespace kv
