// The lock of a config: what was reviewed, so that nothing else is started.
//
// `FILE.lock` is JSON, "kvplan/lock/1": every option as resolved, the bytes of every component,
// the totals and the layout version, in table order, so that the same config gives the same
// bytes. config_sha256 is the hash of the member `config` as compact JSON:
//
//     jq -cj .config cache.toml.lock | sha256sum
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kvcore/load/settings.hpp"
#include "kvcore/plan/allocation.hpp"

namespace kv {

inline constexpr std::string_view lock_schema = "kvplan/lock/1";

struct Lock {
  uint64_t layout_version = 0;
  /// Option names and values as compact JSON. Secrets are left out: a lock is published.
  std::vector<std::pair<std::string, std::string>> options;
  std::vector<std::pair<std::string, uint64_t>> components;
  uint64_t arena_bytes = 0;
  uint64_t container_bytes = 0;

  bool operator==(const Lock&) const = default;
};

/// A value that must not stand in what is published: a lock, a comment.
bool is_secret(const OptionInfo& option);

/// "cache.toml.lock" for "cache.toml".
std::string lock_path(const std::string& config_file);

Lock make_lock(const Allocation& allocation);

/// SHA-256 of the options, in hexadecimal digits.
std::string config_sha256(const Lock& lock);

/// The file's content, ending in a newline.
std::string lock_text(const Lock& lock);

/// Reads a lock: Rule::lock_missing where there is none, Rule::lock_invalid where it is not what
/// kvplan wrote, edited by hand included. Never throws.
std::optional<Lock> read_lock(const std::string& path, Diagnostics& out);

/// Adds one Rule::lock_stale for every option, component and total that is not as locked; an
/// option's diagnostic points at where it was set. Returns whether nothing was added.
/// REQUIRES: `allocation` is the plan of `settings`; `path` names the lock.
bool compare_lock(const Settings& settings, const Allocation& allocation, const Lock& lock,
                  const std::string& path, Diagnostics& out);

/// read_lock() and compare_lock() with the plan. REQUIRES: check() found nothing.
bool check_lock(const Settings& settings, const std::string& path, Diagnostics& out);

}  // namespace kv
