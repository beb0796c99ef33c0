// INFO: what the server is, holds and has done, in Redis's format with Redis's names where
// Redis has one.

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "kvcore/memory/assert.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/text.hpp"
#include "server/snapshots.hpp"

namespace kv::handle {

namespace {

/// What the system says of the process. A reply is measured, then written: what changes from one
/// moment to the next is read once for both.
struct Readings {
  uint64_t resident_bytes;
  rusage usage;
};

/// Writes lines into the body of the reply.
class Lines {
 public:
  Lines(ReplyWriter& out, const Readings& read) : readings(read), out_(out) {}

  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    char line[320];
    const auto end = fmt::format_to_n(line, sizeof line, format, std::forward<Args>(args)...);
    KV_ASSERT(end.size <= sizeof line);
    out_.raw({line, end.size});
    out_.raw("\r\n");
  }

  const Readings& readings;

 private:
  ReplyWriter& out_;
};

/// Parts that are handed out piece by piece; the others are in use as a whole from the start.
constexpr bool is_pool(Part part) {
  switch (part) {
    case Part::buckets:
    case Part::buffer_free_lists:
    case Part::wheel_slots:
    case Part::rings:
    case Part::watch_heads:
    case Part::client_watches:
    case Part::transaction_states:
    case Part::transaction_free_list:
    case Part::submissions:
    case Part::buffer_ring:
    case Part::epoll_sockets:
    case Part::epoll_events:
    case Part::epoll_free_list:
    case Part::command_statistics:
    case Part::snapshot_buffer:
    case Part::saved_bits:
      return false;
    default:
      return true;
  }
}

PoolUse part_use(const Call& call, Part part) {
  const uint64_t count = (*call.server.allocation)[part].count;
  if (!is_pool(part)) return {count, count};
  if (part == Part::entries || part == Part::blocks || part == Part::list_nodes ||
      part == Part::timers) {
    return call.store.use(part);
  }
  if (part == Part::slow_commands) {
    const uint64_t kept = call.server.counters.slow_log.count();
    return {kept, kept};
  }
  return call.server.use[static_cast<uint64_t>(part)];
}

/// Bytes in use of a component; padding is never used.
PoolUse component_use(const Call& call, Component component) {
  PoolUse bytes;
  for (const PartInfo& part : parts) {
    if (part.component != component) continue;
    const uint64_t unit_bytes = (*call.server.allocation)[part.id].unit_bytes;
    const PoolUse units = part_use(call, part.id);
    bytes.used += units.used * unit_bytes;
    bytes.used_max += units.used_max * unit_bytes;
  }
  return bytes;
}

void write_server(const Call& call, Lines& lines) {
  const ServerView& server = call.server;
  const uint64_t uptime_s = (server.now_ms - server.started_ms) / 1000;
  utsname system = {};
  uname(&system);
  lines.add("redis_version:7.0.15");
  lines.add("redis_mode:standalone");
  lines.add("server_name:kvd");
  lines.add("os:{:.64} {:.64} {:.64}", static_cast<const char*>(system.sysname),
            static_cast<const char*>(system.release), static_cast<const char*>(system.machine));
  lines.add("arch_bits:64");
  lines.add("multiplexing_api:{}", server.io);
  lines.add("ring_memory:{}", server.ring_memory);
  lines.add("sandbox:{}", server.sandbox);
  lines.add("process_id:{}", getpid());
  lines.add("tcp_port:{}", server.port);
  lines.add("server_time_usec:{}", server.unix_us);
  lines.add("uptime_in_seconds:{}", uptime_s);
  lines.add("uptime_in_days:{}", uptime_s / 86400);
}

void write_clients(const Call& call, Lines& lines) {
  lines.add("connected_clients:{}", call.server.clients);
  lines.add("maxclients:{}", call.server.allocation->config.connections_max);
  lines.add("blocked_clients:{}", call.server.clients_blocked);
  lines.add("clients_waiting:{}", call.server.clients_waiting);
}

/// 1234567 as "1.18M". Source: bytesToHuman() of Redis 7.
class Human {
 public:
  explicit Human(uint64_t bytes) {
    constexpr std::string_view units = "BKMGTPE";
    double value = static_cast<double>(bytes);
    uint64_t unit = 0;
    for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
    const auto end = unit == 0
                         ? fmt::format_to_n(text_, sizeof text_, "{}B", bytes)
                         : fmt::format_to_n(text_, sizeof text_, "{:.2f}{}", value, units[unit]);
    bytes_ = end.size;
  }
  std::string_view view() const { return {text_, bytes_}; }

 private:
  char text_[32];
  uint64_t bytes_;
};

/// Resident memory of the process, or 0 where /proc is not there. Source: proc(5), statm.
uint64_t resident_bytes(int file) {
  char text[128];
  const ssize_t bytes = file < 0 ? -1 : pread(file, text, sizeof text, /*offset=*/0);
  if (bytes <= 0) return 0;
  const std::string_view line(text, static_cast<uint64_t>(bytes));
  const uint64_t second = line.find(' ') + 1;
  uint64_t pages = 0;
  std::from_chars(line.data() + second, line.data() + line.size(), pages);
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

/// The arena as a whole, then each component in bytes, then each part in its own units.
void write_memory(const Call& call, Lines& lines) {
  const Allocation& planned = *call.server.allocation;
  const Verification& verification = *call.server.verification;
  PoolUse arena;
  for (const ComponentInfo& component : components) {
    const PoolUse bytes = component_use(call, component.id);
    arena.used += bytes.used;
    arena.used_max += bytes.used_max;
  }
  const uint64_t resident = lines.readings.resident_bytes;
  lines.add("used_memory:{}", arena.used);
  lines.add("used_memory_human:{}", Human(arena.used).view());
  lines.add("used_memory_rss:{}", resident);
  lines.add("used_memory_rss_human:{}", Human(resident).view());
  lines.add("used_memory_peak:{}", arena.used_max);
  lines.add("used_memory_peak_human:{}", Human(arena.used_max).view());
  lines.add("maxmemory:{}", planned.arena_bytes);
  lines.add("maxmemory_human:{}", Human(planned.arena_bytes).view());
  lines.add("maxmemory_policy:noeviction");
  lines.add("mem_allocator:arena");
  lines.add("arena_planned_bytes:{}", verification.planned_bytes);
  lines.add("arena_carved_bytes:{}", verification.carved_bytes);
  lines.add("container_planned_bytes:{}", planned.container_bytes);
  for (const ComponentCheck& check : verification.components) {
    const PoolUse bytes = component_use(call, check.component);
    lines.add("component_{}:planned_bytes={},carved_bytes={},used_bytes={},used_bytes_max={}",
              component_info(check.component).id_text, check.planned_bytes, check.carved_bytes,
              bytes.used, bytes.used_max);
  }
  for (const PartInfo& part : parts) {
    const Product& product = planned[part.id];
    const uint64_t carved = call.server.ledger->part_bytes[static_cast<uint64_t>(part.id)];
    const PoolUse use = part_use(call, part.id);
    lines.add("part_{}:planned_bytes={},carved_bytes={},unit_bytes={},count={},used={},used_max={}",
              part.id_text, product.bytes, carved, product.unit_bytes, product.count, use.used,
              use.used_max);
  }
}

/// What Redis says of its RDB file is said of the snapshot. Nobody is served while one is loaded.
void write_snapshots(const Call& call, Lines& lines) {
  const Snapshots* const snapshots = call.server.snapshots;
  const SnapshotState state = snapshots == nullptr ? SnapshotState() : snapshots->state();
  const auto seconds = [](uint64_t ms) { return static_cast<int64_t>(ms / 1000); };
  const uint64_t now_ms = call.server.now_ms;  // The system's clock may have been set back.
  const bool writes = state.begun_ms > 0;
  lines.add("rdb_changes_since_last_save:{}",
            snapshots == nullptr ? 0 : snapshots->unsaved_changes());
  lines.add("rdb_bgsave_in_progress:{}", writes ? 1 : 0);
  lines.add("rdb_last_save_time:{}", seconds(state.saved_ms));
  lines.add("rdb_last_bgsave_status:{}", state.error == 0 ? "ok" : "err");
  lines.add("rdb_last_bgsave_time_sec:{}",
            state.took_ms == UINT64_MAX ? -1 : seconds(state.took_ms));
  lines.add("rdb_current_bgsave_time_sec:{}",
            writes ? seconds(now_ms - std::min(now_ms, state.begun_ms)) : -1);
  if (snapshots == nullptr) return;
  lines.add("snapshot_file_bytes:{}", state.file_bytes);
  lines.add("snapshot_failures:{}", state.failures);
  lines.add("snapshot_last_errno:{}", state.error);
}

void write_persistence(const Call& call, Lines& lines) {
  lines.add("loading:0");
  lines.add("async_loading:0");
  write_snapshots(call, lines);
  lines.add("aof_enabled:0");
  lines.add("aof_rewrite_in_progress:0");
  lines.add("aof_rewrite_scheduled:0");
  lines.add("aof_last_rewrite_time_sec:-1");
  lines.add("aof_current_rewrite_time_sec:-1");
  lines.add("aof_last_bgrewrite_status:ok");
  lines.add("aof_last_write_status:ok");
}

void write_replication(const Call&, Lines& lines) {
  lines.add("role:master");
  lines.add("connected_slaves:0");
  lines.add("master_repl_offset:0");
  lines.add("repl_backlog_active:0");
  lines.add("repl_backlog_size:0");
}

void write_cpu(const Call&, Lines& lines) {
  const rusage& usage = lines.readings.usage;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  lines.add("used_cpu_sys:{:.6f}", seconds(usage.ru_stime));
  lines.add("used_cpu_user:{:.6f}", seconds(usage.ru_utime));
  lines.add("used_cpu_sys_children:0.000000");
  lines.add("used_cpu_user_children:0.000000");
}

/// Of each command that was called.
void write_commandstats(const Call& call, Lines& lines) {
  for (const CommandInfo& info : commands) {
    const CommandStatistics& counted =
        call.server.counters.of_command[static_cast<uint64_t>(info.id)];
    if (counted.calls == 0 && counted.rejected == 0) continue;
    char name[32];
    KV_ASSERT(info.name.size() <= sizeof name);
    std::transform(info.name.begin(), info.name.end(), name, lower_case);
    const double calls = counted.calls == 0 ? 1 : static_cast<double>(counted.calls);
    lines.add("cmdstat_{}:calls={},usec={},usec_per_call={:.2f},rejected_calls={},failed_calls={}",
              std::string_view(name, info.name.size()), counted.calls, counted.microseconds,
              static_cast<double>(counted.microseconds) / calls, counted.rejected, counted.failed);
  }
}

void write_modules(const Call&, Lines&) {}

void write_cluster(const Call&, Lines& lines) { lines.add("cluster_enabled:0"); }

double kilobytes(const Rate& rate) { return static_cast<double>(rate.per_second()) / 1024; }

void write_stats(const Call& call, Lines& lines) {
  const Statistics& statistics = call.server.statistics;
  lines.add("total_connections_received:{}", statistics.connections_received);
  lines.add("total_commands_processed:{}", statistics.commands_processed);
  lines.add("instantaneous_ops_per_sec:{}", call.server.commands_rate.per_second());
  lines.add("total_net_input_bytes:{}", statistics.bytes_received);
  lines.add("total_net_output_bytes:{}", statistics.bytes_sent);
  lines.add("instantaneous_input_kbps:{:.2f}", kilobytes(call.server.received_rate));
  lines.add("instantaneous_output_kbps:{:.2f}", kilobytes(call.server.sent_rate));
  lines.add("rejected_connections:{}", statistics.connections_rejected);
  lines.add("denied_connections:{}", statistics.connections_denied);
  lines.add("expired_keys:{}", call.store.expired_count());
  lines.add("evicted_keys:0");
  lines.add("keyspace_hits:{}", statistics.keyspace_hits);
  lines.add("keyspace_misses:{}", statistics.keyspace_misses);
  lines.add("total_error_replies:{}", statistics.error_replies);
  lines.add("protocol_errors:{}", statistics.protocol_errors);
  lines.add("stalled_connections_closed:{}", statistics.stalled_closed);
  lines.add("idle_connections_closed:{}", statistics.idle_closed);
  lines.add("refused_for_memory:{}", statistics.refused_for_memory);
  lines.add("waits_request_buffer:{}", statistics.waits_request_buffer);
  lines.add("waits_large_request:{}", statistics.waits_large_request);
  lines.add("waits_reply_buffer:{}", statistics.waits_reply_buffer);
  lines.add("waits_large_reply:{}", statistics.waits_large_reply);
  lines.add("waits_snapshot:{}", statistics.waits_snapshot);
}

void write_keyspace(const Call& call, Lines& lines) {
  const uint64_t keys = call.store.key_count();
  if (keys == 0) return;
  lines.add("db0:keys={},expires={},avg_ttl={}", keys, call.store.use(Part::timers).used,
            call.store.average_ttl_ms());
}

struct Section {
  std::string_view name;
  std::string_view title;
  bool by_default;  ///< in INFO without arguments
  void (*write)(const Call&, Lines&);
};

constexpr auto sections = std::to_array<Section>({
    {"server", "Server", true, write_server},
    {"clients", "Clients", true, write_clients},
    {"memory", "Memory", true, write_memory},
    {"persistence", "Persistence", true, write_persistence},
    {"stats", "Stats", true, write_stats},
    {"replication", "Replication", true, write_replication},
    {"cpu", "CPU", true, write_cpu},
    {"commandstats", "Commandstats", false, write_commandstats},
    {"modules", "Modules", true, write_modules},
    {"cluster", "Cluster", true, write_cluster},
    {"keyspace", "Keyspace", true, write_keyspace},
});

bool is_asked_for(const Call& call, const Section& section) {
  if (call.args.size() == 1) return section.by_default;
  for (uint64_t i = 1; i < call.args.size(); ++i) {
    const std::string_view word = call.args[i];
    if (same_word(word, section.name) || same_word(word, "all") || same_word(word, "everything")) {
      return true;
    }
    if (section.by_default && same_word(word, "default")) return true;
  }
  return false;
}

/// Sections are separated by an empty line.
void write_body(const Call& call, const Readings& readings, ReplyWriter& out) {
  Lines lines(out, readings);
  bool first = true;
  for (const Section& section : sections) {
    if (!is_asked_for(call, section)) continue;
    if (!first) out.raw("\r\n");
    first = false;
    lines.add("# {}", section.title);
    section.write(call, lines);
  }
}

}  // namespace

Outcome info(Call& call) {
  Readings readings = {resident_bytes(call.server.resident_file), {}};
  getrusage(RUSAGE_SELF, &readings.usage);
  return write_text(call, [&](ReplyWriter& body) { write_body(call, readings, body); });
}

}  // namespace kv::handle
