// The doctor: whether a machine satisfies a plan, fact by fact.
//
// Pure: the facts come from host_facts.hpp or from a test. A failure is what kvd would refuse
// to start on, or be killed for; a warning is a promise of the config that does not hold.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kvcore/plan/allocation.hpp"
#include "planner/host_facts.hpp"

namespace kv {

enum class Verdict : uint8_t { pass, warn, fail };

struct Finding {
  std::string_view name;  ///< "kernel", "io_uring", "open files", …
  Verdict verdict = Verdict::pass;
  std::string text;    ///< what is, and what is needed
  std::string remedy;  ///< the command that mends it; empty for a pass
};

/// One finding for each fact, always in the same order.
std::vector<Finding> examine(const HostFacts& facts, const Allocation& allocation);

/// Adds to what mends a failed limit the option that could be lowered instead, with the largest
/// value that fits all limits. `asked` is the config as it was given, whose plan is `allocation`.
void add_lowering(std::vector<Finding>& findings, const HostFacts& facts, const Config& asked,
                  const Allocation& allocation);

/// "pass", "warn", "fail".
std::string_view verdict_word(Verdict verdict);

/// The worst of them.
Verdict worst(const std::vector<Finding>& findings);

}  // namespace kv
