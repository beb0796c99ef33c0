// MEMORY: what the server's memory is used for.

#include <array>

#include "kvcore/plan/chains.hpp"
#include "server/commands/subcommand.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

namespace {

/// Of a list, the first `samples` elements stand for all.
uint64_t list_bytes(const Call& call, const Entry& entry, uint64_t samples) {
  const uint64_t block_bytes = call.server.allocation->config.block_bytes;
  uint64_t sampled_bytes = 0;
  uint64_t sampled = 0;
  for (uint32_t node = entry.first; sampled < samples; node = call.store.node(node).next) {
    sampled_bytes +=
        sizeof(ListNode) + chain_blocks(call.store.node(node).bytes, block_bytes) * block_bytes;
    ++sampled;
  }
  return sampled_bytes * entry.length / sampled;
}

/// MEMORY USAGE key [SAMPLES count]: the entry, the blocks of the key and those of the value.
Outcome memory_usage(Call& call) {
  uint64_t samples = 5;
  for (uint64_t i = 3; i < call.args.size(); i += 2) {
    if (!same_word(call.args[i], "SAMPLES") || i + 1 == call.args.size()) return fail_syntax(call);
    const std::optional<int64_t> count = parse_integer(call.args[i + 1]);
    if (!count) return fail_not_an_integer(call);
    if (*count < 0) return fail_syntax(call);
    samples = static_cast<uint64_t>(*count);
  }
  const Store::Found found = call.store.find(call.args[2]);
  if (!found) {
    call.reply.null();
    return Outcome::done;
  }
  const Entry& entry = call.store.entry(found);
  const uint64_t block_bytes = call.server.allocation->config.block_bytes;
  uint64_t bytes = sizeof(Entry) + chain_blocks(entry.chain_bytes(), block_bytes) * block_bytes;
  if (entry.type == Entry::Type::list) {
    const bool all = samples == 0 || samples > entry.length;
    bytes += list_bytes(call, entry, all ? entry.length : samples);
  }
  call.reply.integer(static_cast<int64_t>(bytes));
  return Outcome::done;
}

/// The keys of Redis's reply that mean something where the memory is one arena.
Outcome memory_stats(Call& call) {
  const Allocation& planned = *call.server.allocation;
  const uint64_t data_bytes = call.store.use(Part::blocks).used * planned.config.block_bytes +
                              call.store.use(Part::list_nodes).used * sizeof(ListNode) +
                              call.store.use(Part::entries).used * sizeof(Entry);
  const uint64_t keys = call.store.key_count();
  const uint64_t arena_bytes = planned.arena_bytes;
  return write_measured(call, [&](ReplyWriter& reply) {
    const auto add = [&](std::string_view name, uint64_t number) {
      reply.bulk(name);
      reply.integer(static_cast<int64_t>(number));
    };
    reply.map(9);
    add("peak.allocated", arena_bytes);
    add("total.allocated", arena_bytes);
    add("startup.allocated", arena_bytes);
    add("clients.normal", planned[Component::connections]);
    add("overhead.total", arena_bytes - data_bytes);
    add("keys.count", keys);
    add("keys.bytes-per-key", keys == 0 ? 0 : data_bytes / keys);
    add("dataset.bytes", data_bytes);
    reply.bulk("dataset.percentage");
    reply.real(static_cast<double>(data_bytes) * 100 / static_cast<double>(arena_bytes));
  });
}

Outcome memory_doctor(Call& call) {
  const Verification& verification = *call.server.verification;
  return write_text(call, [&](ReplyWriter& body) {
    char text[256];
    const auto end = fmt::format_to_n(
        text, sizeof text,
        "Sam, all memory was taken at the start: {} bytes were planned and {} were carved. "
        "None is taken later, so there is nothing that could leak or be fragmented.\n",
        verification.planned_bytes, verification.carved_bytes);
    body.raw({text, end.size});
  });
}

constexpr auto memory_subcommands = std::to_array<Subcommand>({
    {"DOCTOR", 2, memory_doctor},
    {"STATS", 2, memory_stats},
    {"USAGE", -3, memory_usage},
});

constexpr auto memory_help = std::to_array<std::string_view>({
    "DOCTOR",
    "    Return memory problems reports.",
    "STATS",
    "    Return information about the memory usage of the server.",
    "USAGE <key> [SAMPLES <count>]",
    "    Return memory in bytes used by <key> and its value. Nested values are",
    "    sampled up to <count> times (default: 5, 0 means sample all).",
});

}  // namespace

Outcome memory(Call& call) {
  return run_subcommand(call, "memory", memory_subcommands, memory_help);
}

}  // namespace kv::handle
