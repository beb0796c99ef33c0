// Deployment files: the memory limit that each gives to kvd, held against the plan.
//
// Understood are Kubernetes manifests (any object with a pod template, any number of
// documents), Compose files, and systemd units. A container or service is taken for kvd when
// its name, the last part of its image's path, or the last part of a word of its command or
// arguments begins with "kvd"; a unit when it has ExecStart with such a word.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvcore/load/diagnostic.hpp"
#include "kvcore/plan/allocation.hpp"

namespace kv {

/// Memory limits count in whole pages: the kernel rounds them down.
uint64_t limit_bytes(const Allocation& allocation);

/// One container, service or unit that runs kvd.
struct ManifestLimit {
  std::string name;
  uint64_t bytes = 0;  ///< UINT64_MAX for none
};

struct ManifestReport {
  std::vector<ManifestLimit> limits;
  Diagnostics findings;
};

/// `name` decides between YAML (.yaml, .yml) and a unit (everything else). A container is
/// picked by `container` where that is not empty. Where nothing runs kvd, or the file is no
/// YAML, there is no limit, and the finding that says so is Rule::unreadable or Rule::syntax.
ManifestReport check_manifest(std::string_view text, const std::string& name,
                              std::string_view container, const Allocation& allocation);

/// The same for the file at `path`; one that cannot be read is Rule::unreadable.
ManifestReport check_manifest_file(const std::string& path, std::string_view container,
                                   const Allocation& allocation);

}  // namespace kv
