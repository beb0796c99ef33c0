// The version of kvplan and kvd. They are released together, because a plan is only true of
// the server with the same layout.
#pragma once

#include <string_view>

namespace kv {

inline constexpr std::string_view version = "0.1.0";

}  // namespace kv
