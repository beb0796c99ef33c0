#include "server/backend.hpp"

#include <fmt/format.h>

namespace kv {

Failure Backend::start(const Instance& instance) {
  const Allocation& allocation = instance.allocation;
  const auto choice = static_cast<IoChoice>(allocation.config.server_io);
  const BufferArea buffers = instance.connections.request_area();
  serves_epoll_ = choice == IoChoice::epoll;
  if (!serves_epoll_) {
    const auto sandbox = static_cast<SandboxMode>(allocation.config.server_sandbox);
    Failure refused = uring_.start(instance.ring, buffers.memory, buffers.unit_bytes,
                                   {.completions = allocation.terms.completion_entries,
                                    .restricted = sandbox == SandboxMode::strict,
                                    .writes_files = allocation.config.snapshot_enabled != 0});
    if (!refused) return {};
    if (choice == IoChoice::io_uring) {
      return fmt::format("the kernel refuses io_uring: {}; or choose server.io = epoll", *refused);
    }
    refusal_ = std::move(*refused);
    serves_epoll_ = true;
  }
  return epoll_.start(instance.epoll, buffers);
}

SocketIo& Backend::io() {
  if (serves_epoll_) return epoll_;
  return uring_;
}

std::string_view Backend::ring_memory() const {
  if (serves_epoll_) return "none";
  return uring_.rings_in_arena() ? "arena" : "kernel";
}

std::string Backend::description() const {
  if (serves_epoll_) return "epoll";
  return fmt::format("io_uring, rings in {} memory", ring_memory());
}

}  // namespace kv
