// The flags of `kvplan check`.
//
// They are few: what a config says is not overridden here, as the check is about what the
// files say.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "planner/check.hpp"
#include "planner/check_report.hpp"
#include "planner/output.hpp"

namespace kv {

struct CheckRequest {
  std::vector<std::string> arguments;  ///< files, directories, "-"
  CheckOptions options;
  std::string policy;  ///< path, or empty
  std::string format = "text";
  std::string output;
  ColorMode color = ColorMode::automatic;
};

/// Parses the words behind "check". Returns the exit code where --help was printed. A mistake
/// is added to `failures`, after which only the format and the colour are meant.
std::optional<ExitCode> parse_check(std::span<char* const> words, CheckRequest& request,
                                    std::vector<CheckFailure>& failures);

}  // namespace kv
