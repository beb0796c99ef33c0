#include "planner/render.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kvcore/load/words.hpp"
#include "kvcore/plan/descriptors.hpp"
#include "planner/manifest.hpp"
#include "planner/render_parts.hpp"

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

/// In a command a '%' begins a specifier and a '$' a variable; elsewhere in a unit '%' alone does.
std::string command_quoted(std::string_view text) { return double_quoted(text, "%$"); }
std::string unit_quoted(std::string_view text) { return double_quoted(text, "%"); }

std::string origin_comment(const RenderRequest& request, std::string_view target) {
  std::string name = words::in_quotes(request.config_path);
  return fmt::format(
      "# Written by: kvplan render {} {}\n"
      "# Checked by: kvplan check --manifest THIS_FILE {}\n",
      target, name, name);
}

/// Whom the unit runs as, and the directory that it may write. systemd makes one below /var/lib,
/// also for a user that is there for this run only; any other needs an owner that stays.
std::string unit_user(const DataPlace& data) {
  if (data.directory.empty()) return data.comment + "DynamicUser=yes\n";
  constexpr std::string_view state = "/var/lib";
  if (!is_within(data.directory, state)) {
    return fmt::format(
        "# data.directory is outside of /var/lib, so its owner has to stay. Before the first "
        "start:\n"
        "# useradd --system kvd; install -d -o kvd -m 0700 '{}'\n"
        "User=kvd\n"
        "ReadWritePaths={}\n",
        data.directory, unit_quoted(data.directory));
  }
  std::string out =
      fmt::format("DynamicUser=yes\n{}StateDirectory={}\nStateDirectoryMode=0700\n", data.comment,
                  unit_quoted(std::string_view(data.directory).substr(state.size() + 1)));
  if (data.relative) out += fmt::format("WorkingDirectory={}\n", data_home);
  return out;
}

/// What it does at its end, and after one that failed.
std::string unit_restart(const DataPlace& data) {
  std::string out = "Restart=on-failure\n";
  if (!data.kept) {
    return out +
           "# A config that kvd refuses does not get better by trying again.\n"
           "RestartPreventExitStatus=78\n";
  }
  return out + fmt::format(
                   "# A snapshot (65) or config (78) that kvd refuses does not get better by "
                   "trying again. Who\n"
                   "# asked for a stop whose save failed (74) is to see it.\n"
                   "RestartPreventExitStatus=65 74 78\n"
                   "# For a snapshot that is being written and the last one, at 10 MiB/s.\n"
                   "TimeoutStopSec={}\n",
                   data.stop_seconds);
}

/// What is in memory, and how much of it is locked.
std::string unit_memory(const Allocation& allocation, const Limits& limits) {
  std::string out = fmt::format(
      "# The plan: arena, process, page tables, rings and sockets.\n"
      "MemoryMax={}\n"
      "MemorySwapMax=0\n"
      "# A descriptor for each client, and those of kvd itself.\n"
      "LimitNOFILE={}\n",
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
  return out;
}

}  // namespace

std::string render_systemd(const Allocation& allocation, const RenderRequest& request) {
  const Limits limits = limits_of(allocation);
  const DataPlace data = data_place(allocation, RenderTarget::unit);
  std::string out = origin_comment(request, "systemd");
  out += fmt::format(
      "[Unit]\n"
      "Description=kvd, a key/value server that takes {} bytes at start and no more\n"
      "After=network.target\n",
      allocation.arena_bytes);
  // Without its file system the directory would be an empty one.
  if (!data.directory.empty()) {
    out += fmt::format("RequiresMountsFor={}\n", unit_quoted(data.directory));
  }
  out += fmt::format(
      "\n"
      "[Service]\n"
      "Type=exec\n"
      "ExecStart=/usr/bin/kvd --config {}\n"
      "{}{}\n",
      command_quoted("/etc/kvd/" + file_name(request.config_path)), unit_user(data),
      unit_restart(data));
  out += unit_memory(allocation, limits);
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

/// A file system takes some of a volume for itself.
uint64_t volume_bytes(const DataPlace& data) {
  return data.disk_bytes + std::max(data.disk_bytes / 10, 64 * mebibyte);
}

/// The volume that the Deployment mounts.
std::string volume_claim(const DataPlace& data) {
  return fmt::format(
      "---\n"
      "apiVersion: v1\n"
      "kind: PersistentVolumeClaim\n"
      "metadata:\n"
      "  name: kvd-data\n"
      "  labels: {{app: kvd}}\n"
      "spec:\n"
      "  accessModes: [ReadWriteOnce]\n"
      "  resources:\n"
      "    requests:\n"
      "      # The plan's disk, {} bytes, and a tenth or 64 MiB for the file system.\n"
      "      storage: \"{}\"\n",
      data.disk_bytes, volume_bytes(data));
}

/// Of the pod: time for its last snapshot, and a group that may write the volume.
std::string pod_data(const DataPlace& data) {
  if (!data.kept) return "";
  std::string out = fmt::format(
      "      # For a snapshot that is being written and the last one, at 10 MiB/s.\n"
      "      terminationGracePeriodSeconds: {}\n",
      data.stop_seconds);
  if (data.directory.empty()) return out;
  return out +
         "      # Whatever user the image has, the volume belongs to a group of it.\n"
         "      securityContext: {fsGroup: 65532, fsGroupChangePolicy: OnRootMismatch}\n";
}

std::string container_volumes(const DataPlace& data) {
  const bool mounts = !data.directory.empty();
  std::string out =
      "          volumeMounts:\n"
      "            - {name: config, mountPath: /etc/kvd, readOnly: true}\n";
  if (mounts) {
    out +=
        fmt::format("            - {{name: data, mountPath: {}}}\n", double_quoted(data.directory));
  }
  out +=
      "      volumes:\n"
      "        - name: config\n"
      "          configMap: {name: kvd-config}\n";
  if (mounts) {
    out +=
        "        - name: data\n"
        "          persistentVolumeClaim: {claimName: kvd-data}\n";
  }
  return out;
}

/// Without a ring the default profile of the runtime has all that kvd needs.
std::string seccomp_profile(const Limits& limits, const RenderRequest& request) {
  if (request.seccomp.empty()) return limits.ring ? "{type: Unconfined}" : "{type: RuntimeDefault}";
  return fmt::format("{{type: Localhost, localhostProfile: {}}}", double_quoted(request.seccomp));
}

}  // namespace

std::string render_kubernetes(const Allocation& allocation, const RenderRequest& request) {
  const Limits limits = limits_of(allocation);
  const DataPlace data = data_place(allocation, RenderTarget::container);
  const std::string name = file_name(request.config_path);
  std::string out = origin_comment(request, "kubernetes");
  out += fmt::format("# The config: kubectl create configmap kvd-config --from-file={}\n",
                     words::in_quotes(request.config_path));
  if (limits.loopback) {
    out += fmt::format("# server.address is {}, so only containers of the same pod reach it.\n",
                       allocation.config.server_address.view());
  }
  out += data.comment;
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
      "{}"
      "  selector:\n"
      "    matchLabels: {{app: kvd}}\n"
      "  template:\n"
      "    metadata:\n"
      "      labels: {{app: kvd}}\n"
      "    spec:\n"
      "{}"
      "      containers:\n"
      "        - name: kvd\n"
      "          image: {}\n"
      "          command: [\"kvd\", \"--config\", {}]\n",
      data.kept ? "  strategy: {type: Recreate}  # one server has the data at a time\n" : "",
      pod_data(data), double_quoted(request.image), double_quoted("/etc/kvd/" + name));
  if (data.relative) out += fmt::format("          workingDir: {}\n", data_home);
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
  out += container_volumes(data);
  if (!data.directory.empty()) out += volume_claim(data);
  return out;
}

namespace {

/// Of the service: its volume, and time for its last snapshot.
std::string service_data(const DataPlace& data) {
  if (!data.kept) return "";
  std::string out;
  for (std::string_view rest = data.comment; !rest.empty();) {
    const auto end = rest.find('\n') + 1;
    out += fmt::format("    {}", rest.substr(0, end));
    rest.remove_prefix(end);
  }
  if (data.relative) out += fmt::format("    working_dir: {}\n", data_home);
  if (!data.directory.empty()) {
    // A '$' begins a variable here.
    out += fmt::format(
        "    # The volume is root's, unless the image has this directory with another owner.\n"
        "    volumes:\n      - {{type: volume, source: data, target: {}}}\n",
        double_quoted(data.directory, "$"));
  }
  return out + fmt::format(
                   "    # For a snapshot that is being written and the last one, at 10 MiB/s.\n"
                   "    stop_grace_period: {}s\n",
                   data.stop_seconds);
}

}  // namespace

std::string render_compose(const Allocation& allocation, const RenderRequest& request) {
  const Limits limits = limits_of(allocation);
  const DataPlace data = data_place(allocation, RenderTarget::container);
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
      double_quoted(request.image), double_quoted("/etc/kvd/" + name), limits.memory_bytes);
  out += fmt::format(
      "    ulimits:\n"
      "      nofile: {0}\n"
      "      memlock: {1}\n",
      limits.files, limits.locked_bytes);
  if (limits.ring) out += "    # Docker's default profile forbids io_uring.\n";
  if (limits.ring || !request.seccomp.empty()) {
    const auto profile = request.seccomp.empty() ? "unconfined" : request.seccomp;
    out +=
        fmt::format("    security_opt: [{}]\n", double_quoted(fmt::format("seccomp={}", profile)));
  }
  if (limits.port > 0 && !limits.loopback) {
    out += fmt::format("    ports: [\"{0}:{0}\"]\n", limits.port);
  }
  if (limits.loopback) {
    out += fmt::format("    # server.address is {}, so only this container reaches it.\n",
                       allocation.config.server_address.view());
  }
  out += service_data(data);
  out += fmt::format("configs:\n  kvd:\n    file: {}\n", double_quoted(fmt::format("./{}", name)));
  if (!data.directory.empty()) out += "volumes:\n  data: {}\n";
  return out;
}

}  // namespace kv
