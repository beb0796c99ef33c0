// What `stats` prints: how full the store is, and what each component holds of its plan.
//
// The figures are those of INFO memory and of the store itself; nothing is counted twice.
#pragma once

#include <string>
#include <string_view>

#include "server/instance.hpp"

namespace kv {

/// `info` is the text of INFO memory.
std::string statistics_text(const Instance& instance, std::string_view info);

}  // namespace kv
