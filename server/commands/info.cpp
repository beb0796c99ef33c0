// INFO: what the server is, holds and has done, in Redis's format with Redis's names where
// Redis has one.

#include <unistd.h>

#include <algorithm>
#include <array>

#include "kvcore/memory/assert.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

namespace {

/// Writes lines into the body of the reply.
class Lines {
 public:
  explicit Lines(ReplyWriter& out) : out_(out) {}

  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    char line[320];
    const auto end = fmt::format_to_n(line, sizeof line, format, std::forward<Args>(args)...);
    KV_ASSERT(end.size <= sizeof line);
    out_.raw({line, end.size});
    out_.raw("\r\n");
  }

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
    case Part::submissions:
    case Part::buffer_ring:
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
  lines.add("redis_version:7.0.15");
  lines.add("redis_mode:standalone");
  lines.add("server_name:kvd");
  lines.add("arch_bits:64");
  lines.add("multiplexing_api:{}", server.io);
  lines.add("ring_memory:{}", server.ring_memory);
  lines.add("process_id:{}", getpid());
  lines.add("tcp_port:{}", server.port);
  lines.add("server_time_usec:{}", server.now_ms * 1000);
  lines.add("uptime_in_seconds:{}", uptime_s);
  lines.add("uptime_in_days:{}", uptime_s / 86400);
}

void write_clients(const Call& call, Lines& lines) {
  lines.add("connected_clients:{}", call.server.clients);
  lines.add("maxclients:{}", call.server.allocation->config.connections_max);
  lines.add("blocked_clients:0");
  lines.add("clients_waiting:{}", call.server.clients_waiting);
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
  lines.add("used_memory:{}", arena.used);
  lines.add("used_memory_peak:{}", arena.used_max);
  lines.add("maxmemory:{}", planned.arena_bytes);
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

void write_stats(const Call& call, Lines& lines) {
  const Statistics& statistics = call.server.statistics;
  lines.add("total_connections_received:{}", statistics.connections_received);
  lines.add("total_commands_processed:{}", statistics.commands_processed);
  lines.add("total_net_input_bytes:{}", statistics.bytes_received);
  lines.add("total_net_output_bytes:{}", statistics.bytes_sent);
  lines.add("rejected_connections:{}", statistics.connections_rejected);
  lines.add("expired_keys:{}", call.store.expired_count());
  lines.add("evicted_keys:0");
  lines.add("keyspace_hits:{}", statistics.keyspace_hits);
  lines.add("keyspace_misses:{}", statistics.keyspace_misses);
  lines.add("total_error_replies:{}", statistics.error_replies);
  lines.add("protocol_errors:{}", statistics.protocol_errors);
  lines.add("stalled_connections_closed:{}", statistics.stalled_closed);
  lines.add("refused_for_memory:{}", statistics.refused_for_memory);
  lines.add("waits_request_buffer:{}", statistics.waits_request_buffer);
  lines.add("waits_large_request:{}", statistics.waits_large_request);
  lines.add("waits_reply_buffer:{}", statistics.waits_reply_buffer);
  lines.add("waits_large_reply:{}", statistics.waits_large_reply);
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
  void (*write)(const Call&, Lines&);
};

constexpr auto sections = std::to_array<Section>({
    {"server", "Server", write_server},
    {"clients", "Clients", write_clients},
    {"memory", "Memory", write_memory},
    {"stats", "Stats", write_stats},
    {"keyspace", "Keyspace", write_keyspace},
});

bool is_asked_for(const Call& call, const Section& section) {
  if (call.args.size() == 1) return true;
  for (uint64_t i = 1; i < call.args.size(); ++i) {
    for (const std::string_view word :
         {section.name, std::string_view("all"), std::string_view("default"),
          std::string_view("everything")}) {
      if (same_word(call.args[i], word)) return true;
    }
  }
  return false;
}

/// Sections are separated by an empty line.
void write_body(const Call& call, ReplyWriter& out) {
  Lines lines(out);
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
  ReplyWriter counter = ReplyWriter::counter(call.reply.protocol());
  write_body(call, counter);
  const uint64_t body_bytes = counter.written();
  const uint64_t bytes = bulk_reply_bytes(body_bytes);
  KV_ASSERT(bytes <= call.server.allocation->terms.control_reply_bytes);
  if (!call.reply.fits(bytes)) return call.needs(bytes);
  ReplyWriter body({call.reply.begin_bulk(body_bytes), body_bytes}, call.reply.protocol());
  write_body(call, body);
  KV_ASSERT(body.written() == body_bytes);
  return Outcome::done;
}

}  // namespace kv::handle
