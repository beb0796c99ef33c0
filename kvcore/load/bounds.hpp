// The sentences about an option's own bounds, shared by what parses values and what checks
// them, so that a limit reads the same wherever it is met.
#pragma once

#include <string>

#include "kvcore/plan/options.hpp"

namespace kv {

/// "key_count is 0 but must be at least 1"; `value` as it should be read.
std::string below_minimum_message(const OptionInfo& option, const std::string& value);

/// "key_size_max is 2,147,483,648 but may be at most 536,870,912".
std::string above_maximum_message(const OptionInfo& option, const std::string& value);

/// "write 512MiB or less", where a unit makes the maximum of a size easier to read, else empty.
std::string maximum_hint(const OptionInfo& option);

}  // namespace kv
