// The check of one config file, and the sum over many: data, which the reports print.
//
// A CheckedFile lives until it is reported: a few hundred bytes, and the findings.
#pragma once

#include <string>
#include <vector>

#include "kvcore/load/diagnostic.hpp"
#include "kvcore/load/edits.hpp"
#include "planner/exit_code.hpp"
#include "planner/manifest.hpp"
#include "planner/policy.hpp"

namespace kv {

struct CheckOptions {
  uint64_t budget = unset;  ///< of every arena, from --budget
  bool deny_warnings = false;
  bool locked = false;  ///< whether FILE.lock must be the lock of FILE
  Policy policy;
  std::string manifest;   ///< path of a deployment file whose limits must hold the plan, or empty
  std::string data;       ///< directory whose snapshot must fit the plan, or empty
  std::string container;  ///< which of its containers; empty for those that run kvd
};

struct CheckedFile {
  std::string name;  ///< as it is shown; "<stdin>"
  ExitCode verdict = ExitCode::fits;
  Diagnostics findings;  ///< in the order of the file; those about all of it, then the manifest's

  bool planned = false;  ///< what follows is meant
  uint64_t arena_bytes = 0;
  uint64_t container_bytes = 0;
  uint64_t budget_bytes = unset;      ///< the smallest budget of the arena
  uint64_t excess_bytes = 0;          ///< of the budget that is exceeded most
  std::vector<Edit> edits;            ///< where it is over a budget
  std::string manifest;               ///< as asked, or empty
  std::vector<ManifestLimit> limits;  ///< what the manifest gives to kvd
};

struct CheckTotals {
  uint64_t files = 0;
  uint64_t fit = 0;
  uint64_t do_not_fit = 0;
  uint64_t not_judged = 0;
  uint64_t errors = 0;
  uint64_t warnings = 0;

  void add(const CheckedFile& file);
  ExitCode exit_code() const;
};

/// Loads, checks and advises. Never throws; safe in several threads at once.
CheckedFile check_file(const std::string& path, const CheckOptions& asked);

}  // namespace kv
