#include "planner/render.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kvcore/load/words.hpp"
#include "kvcore/plan/descriptors.hpp"
#include "planner/manifest.hpp"

namespace kv {

namespace {

/// The numbers that every target writes.
struct Limits {
  uint64_t memory_bytes;
  uint64_t files;
  uint64_t locked_bytes;  ///< the arena where it is locked, and the rings in any case
  uint64_t huge_page_bytes;
  uint64_t port;
  bool locked;
  bool loopback;
  bool ring;  ///< io_uring can serve
};

/// Whether every address, of those that blanks separate, is one of this machine only.
bool is_loopback(std::string_view addresses) {
  while (!addresses.empty()) {
    const auto end = std::min(addresses.find(' '), addresses.size());
    const std::string_view one = addresses.substr(0, end);
    if (!one.empty() && !one.starts_with("127.") && one != "::1") return false;
    addresses.remove_prefix(std::min(end + 1, addresses.size()));
  }
  return true;
}

Limits limits_of(const Allocation& allocation) {
  const Config& config = allocation.config;
  const bool locked = config.memory_lock != 0;
  const uint64_t ring_bytes = allocation[Component::ring];
  const auto huge = static_cast<HugePages>(config.memory_huge_pages);
  return {
      .memory_bytes = limit_bytes(allocation),
      .files = descriptors_needed(config),
      .locked_bytes = locked ? allocation.arena_bytes + ring_bytes : ring_bytes,
      .huge_page_bytes = huge == HugePages::explicit_ ? allocation.arena_bytes : 0,
      .port = config.server_port,
      .locked = locked,
      .loopback = is_loopback(config.server_address.view()),
      .ring = static_cast<IoChoice>(config.server_io) != IoChoice::epoll,
  };
}

/// The file's name without its directory; standard input has none.
std::string file_name(std::string_view path) {
  const auto slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return std::string(name.empty() || name == "-" ? "kvd.toml" : name);
}

/// In double quotes, escaped as YAML, JSON and systemd all read it.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// In a unit a '%' begins a specifier and a '$' a variable.
std::string unit_quoted(std::string_view text) {
  std::string doubled;
  for (const char c : text) doubled.append(c == '%' || c == '$' ? 2 : 1, c);
  return quoted(doubled);
}

std::string origin_comment(const RenderRequest& request, std::string_view target) {
  std::string name = words::in_quotes(request.config_path);
  return fmt::format(
      "# Written by: kvplan render {} {}\n"
      "# Checked by: kvplan check --manifest THIS_FILE {}\n",
      target, name, name);
}

}  // namespace

std::string render_systemd(const Allocation& allocation, const RenderRequest& request) {
  const Limits limits = limits_of(allocation);
  std::string out = origin_comment(request, "systemd");
  out += fmt::format(
      "[Unit]\n"
      "Description=kvd, a key/value server that takes {} bytes at start and no more\n"
      "After=network.target\n"
      "\n"
      "[Service]\n"
      "Type=exec\n"
      "ExecStart=/usr/bin/kvd --config {}\n"
      "DynamicUser=yes\n"
      "Restart=on-failure\n"
      "# A config that kvd refuses does not get better by trying again.\n"
      "RestartPreventExitStatus=78\n"
      "\n"
      "# The plan: arena, process, page tables, rings and sockets.\n"
      "MemoryMax={}\n"
      "MemorySwapMax=0\n"
      "# A descriptor for each client, and those of kvd itself.\n"
      "LimitNOFILE={}\n",
      allocation.arena_bytes, unit_quoted("/etc/kvd/" + file_name(request.config_path)),
      limits.memory_bytes, limits.files);
  if (limits.locked_bytes > 0) {
    out += fmt::format("# {}{}{}.\nLimitMEMLOCK={}\n",
                       limits.locked ? "The arena, which memory.lock locks" : "",
                       limits.locked && limits.ring ? ", and " : "",
                       limits.ring ? "io_uring's queues" : "", limits.locked_bytes);
  }
  if (limits.huge_page_bytes > 0) {
    out += fmt::format("# The arena needs {} huge pages: sysctl vm.nr_hugepages\n",
                       allocation.arena_bytes / allocation.terms.huge_page_bytes);
  }
  out +=
      "\n"
      "# kvd filters its own system calls. A SystemCallFilter would have to allow what it needs "
      "to\n"
      "# start, among it seccomp";
  out += limits.ring ? ", io_uring_setup, io_uring_enter and io_uring_register.\n" : ".\n";
  out +=
      "NoNewPrivileges=yes\n"
      "ProtectSystem=strict\n"
      "ProtectHome=yes\n"
      "PrivateTmp=yes\n"
      "PrivateDevices=yes\n"
      "\n"
      "[Install]\n"
      "WantedBy=multi-user.target\n";
  return out;
}

namespace {

/// Without a ring the default profile of the runtime has all that kvd needs.
std::string seccomp_profile(const Limits& limits, const RenderRequest& request) {
  if (request.seccomp.empty()) return limits.ring ? "{type: Unconfined}" : "{type: RuntimeDefault}";
  return fmt::format("{{type: Localhost, localhostProfile: {}}}", quoted(request.seccomp));
}

}  // namespace

std::string render_kubernetes(const Allocation& allocation, const RenderRequest& request) {
  const Limits limits = limits_of(allocation);
  const std::string name = file_name(request.config_path);
  std::string out = origin_comment(request, "kubernetes");
  out += fmt::format("# The config: kubectl create configmap kvd-config --from-file={}\n",
                     words::in_quotes(request.config_path));
  if (limits.loopback) {
    out += fmt::format("# server.address is {}, so only containers of the same pod reach it.\n",
                       allocation.config.server_address.view());
  }
  const std::string huge =
      limits.huge_page_bytes == 0
          ? std::string()
          : fmt::format("              hugepages-2Mi: \"{}\"\n", limits.huge_page_bytes);
  out += fmt::format(
      "apiVersion: apps/v1\n"
      "kind: Deployment\n"
      "metadata:\n"
      "  name: kvd\n"
      "  labels: {{app: kvd}}\n"
      "spec:\n"
      "  replicas: 1\n"
      "  selector:\n"
      "    matchLabels: {{app: kvd}}\n"
      "  template:\n"
      "    metadata:\n"
      "      labels: {{app: kvd}}\n"
      "    spec:\n"
      "      containers:\n"
      "        - name: kvd\n"
      "          image: {}\n"
      "          command: [\"kvd\", \"--config\", {}]\n",
      quoted(request.image), quoted("/etc/kvd/" + name));
  if (limits.port > 0) {
    out += fmt::format("          ports:\n            - containerPort: {}\n", limits.port);
  }
  out += fmt::format(
      "          resources:\n"
      "            requests:\n"
      "              memory: \"{0}\"\n{1}"
      "            limits:\n"
      "              memory: \"{0}\"  # the plan's container limit, in whole pages\n{1}"
      "          securityContext:\n",
      limits.memory_bytes, huge);
  if (limits.ring) out += "            # The default profile of most runtimes forbids io_uring.\n";
  out += fmt::format("            seccompProfile: {}\n", seccomp_profile(limits, request));
  out += "            capabilities:\n              drop: [\"ALL\"]\n";
  if (limits.locked) {
    out +=
        "              add: [\"IPC_LOCK\"]  # memory.lock; there is no field for RLIMIT_MEMLOCK\n";
  }
  out +=
      "          volumeMounts:\n"
      "            - {name: config, mountPath: /etc/kvd, readOnly: true}\n"
      "      volumes:\n"
      "        - name: config\n"
      "          configMap: {name: kvd-config}\n";
  return out;
}

std::string render_compose(const Allocation& allocation, const RenderRequest& request) {
  const Limits limits = limits_of(allocation);
  const std::string name = file_name(request.config_path);
  std::string out = origin_comment(request, "docker-compose");
  out += fmt::format(
      "services:\n"
      "  kvd:\n"
      "    image: {0}\n"
      "    command: [\"kvd\", \"--config\", {1}]\n"
      "    configs:\n"
      "      - {{source: kvd, target: {1}}}\n"
      "    mem_limit: {2}  # the plan's container limit, in whole pages\n"
      "    memswap_limit: {2}  # the same: no swap\n",
      quoted(request.image), quoted("/etc/kvd/" + name), limits.memory_bytes);
  out += fmt::format(
      "    ulimits:\n"
      "      nofile: {0}\n"
      "      memlock: {1}\n",
      limits.files, limits.locked_bytes);
  if (limits.ring) out += "    # Docker's default profile forbids io_uring.\n";
  if (limits.ring || !request.seccomp.empty()) {
    const auto profile = request.seccomp.empty() ? "unconfined" : request.seccomp;
    out += fmt::format("    security_opt: [{}]\n", quoted(fmt::format("seccomp={}", profile)));
  }
  if (limits.port > 0 && !limits.loopback) {
    out += fmt::format("    ports: [\"{0}:{0}\"]\n", limits.port);
  }
  if (limits.loopback) {
    out += fmt::format("    # server.address is {}, so only this container reaches it.\n",
                       allocation.config.server_address.view());
  }
  out += fmt::format("configs:\n  kvd:\n    file: {}\n", quoted(fmt::format("./{}", name)));
  return out;
}

}  // namespace kv
