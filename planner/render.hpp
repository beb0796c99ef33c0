// Deployment files with the exact limits of a plan: a systemd unit, Kubernetes objects, a
// Compose file. Memory limits are the plan's container limit in whole pages.
#pragma once

#include <string>
#include <string_view>

#include "kvcore/plan/allocation.hpp"

namespace kv {

struct RenderRequest {
  std::string_view config_path;  ///< of the config file, as given
  std::string_view image;        ///< of the container
  std::string_view seccomp;      ///< a profile that allows io_uring, or empty for none at all
};

std::string render_systemd(const Allocation& allocation, const RenderRequest& request);
std::string render_kubernetes(const Allocation& allocation, const RenderRequest& request);
std::string render_compose(const Allocation& allocation, const RenderRequest& request);

}  // namespace kv
