// TIME MEMORY SLOWLOG LATENCY DEBUG SHUTDOWN: what operators and their tools ask.

#include <time.h>

#include <array>
#include <charconv>

#include "kvcore/plan/chains.hpp"
#include "server/commands/client_text.hpp"
#include "server/commands/subcommand.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

namespace {

/// A number as a bulk string.
void write_decimal(ReplyWriter& reply, uint64_t number) {
  char digits[20];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, number);
  reply.bulk({digits, static_cast<uint64_t>(end.ptr - digits)});
}

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

void write_slow_command(const Call& call, ReplyWriter& reply, const SlowCommand& entry) {
  reply.array(6);
  reply.integer(static_cast<int64_t>(entry.id));
  reply.integer(static_cast<int64_t>(entry.unix_s));
  reply.integer(static_cast<int64_t>(entry.microseconds));
  reply.array(entry.arguments);
  for (uint64_t at = 0; at < entry.text_bytes;) {
    const uint64_t bytes = static_cast<uint8_t>(entry.text[at]);
    reply.bulk({entry.text + at + 1, bytes});
    at += 1 + bytes;
  }
  reply.bulk(address_text(entry.peer, call.server.allocation->config).view());
  reply.bulk(held_name(entry.client_name));
}

/// SLOWLOG GET [count], the newest first.
Outcome slowlog_get(Call& call) {
  if (call.args.size() > 3) {
    return fail(call,
                "ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.");
  }
  const SlowLog& log = call.server.counters.slow_log;
  int64_t wanted = 10;
  if (call.args.size() == 3) {
    const std::optional<int64_t> count = parse_integer(call.args[2]);
    if (!count || *count < -1) {
      return fail(call, "ERR count should be greater than or equal to -1");
    }
    wanted = *count;
  }
  const uint64_t count = wanted < 0 || static_cast<uint64_t>(wanted) > log.count()
                             ? log.count()
                             : static_cast<uint64_t>(wanted);
  return write_measured(call, [&](ReplyWriter& reply) {
    reply.array(count);
    for (uint64_t i = 0; i < count; ++i) write_slow_command(call, reply, log.newest(i));
  });
}

Outcome slowlog_len(Call& call) {
  call.reply.integer(static_cast<int64_t>(call.server.counters.slow_log.count()));
  return Outcome::done;
}

Outcome slowlog_reset(Call& call) {
  call.server.counters.slow_log.clear();
  call.reply.ok();
  return Outcome::done;
}

constexpr auto slowlog_subcommands = std::to_array<Subcommand>({
    {"GET", -2, slowlog_get},
    {"LEN", 2, slowlog_len},
    {"RESET", 2, slowlog_reset},
});

constexpr auto slowlog_help = std::to_array<std::string_view>({
    "GET [<count>]",
    "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
    "    Entries are made of:",
    "    id, timestamp, time in microseconds, arguments array, client IP and port,",
    "    client name",
    "LEN",
    "    Return the length of the slowlog.",
    "RESET",
    "    Reset the slowlog.",
});

/// As Redis answers where latency-monitor-threshold is 0: no event was ever recorded.
Outcome no_events(Call& call) {
  call.reply.array(0);
  return Outcome::done;
}

Outcome latency_reset(Call& call) {
  call.reply.integer(0);
  return Outcome::done;
}

constexpr auto latency_subcommands = std::to_array<Subcommand>({
    {"HISTORY", 3, no_events},
    {"LATEST", 2, no_events},
    {"RESET", -2, latency_reset},
});

constexpr auto latency_help = std::to_array<std::string_view>({
    "HISTORY <event>",
    "    Return time-latency samples for the <event> class.",
    "LATEST",
    "    Return the latest latency samples for all events.",
    "RESET [<event> ...]",
    "    Reset latency data of one or more <event> classes.",
});

/// The whole server sleeps, as in Redis.
Outcome debug_sleep(Call& call) {
  constexpr double seconds_max = 86400;
  const std::string_view text = call.args[2];
  double seconds = 0;
  const std::from_chars_result result =
      std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool number = result.ec == std::errc() && result.ptr == text.data() + text.size();
  if (!number || !(seconds >= 0 && seconds <= seconds_max)) {
    return fail(call, "ERR value is not a valid float");
  }
  const auto nanoseconds = static_cast<int64_t>(seconds * 1e9);
  const timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  nanosleep(&time, nullptr);
  call.reply.ok();
  return Outcome::done;
}

constexpr auto debug_subcommands = std::to_array<Subcommand>({{"SLEEP", 3, debug_sleep}});

constexpr auto debug_help = std::to_array<std::string_view>({
    "SLEEP <seconds>",
    "    Stop the server for <seconds>. Decimals allowed.",
});

}  // namespace

Outcome time(Call& call) {
  call.reply.array(2);
  write_decimal(call.reply, call.server.unix_us / 1000000);
  write_decimal(call.reply, call.server.unix_us % 1000000);
  return Outcome::done;
}

Outcome memory(Call& call) {
  return run_subcommand(call, "memory", memory_subcommands, memory_help);
}

Outcome slowlog(Call& call) {
  return run_subcommand(call, "slowlog", slowlog_subcommands, slowlog_help);
}

Outcome latency(Call& call) {
  return run_subcommand(call, "latency", latency_subcommands, latency_help);
}

Outcome debug(Call& call) { return run_subcommand(call, "debug", debug_subcommands, debug_help); }

/// SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]. There is nothing to save to, so SAVE fails as
/// it does in Redis when saving does.
Outcome shutdown(Call& call) {
  bool saves = false, saves_not = false, aborts = false, other = false;
  for (uint64_t i = 1; i < call.args.size(); ++i) {
    if (same_word(call.args[i], "NOSAVE")) {
      saves_not = true;
    } else if (same_word(call.args[i], "SAVE")) {
      saves = true;
    } else if (same_word(call.args[i], "NOW") || same_word(call.args[i], "FORCE")) {
      other = true;
    } else if (same_word(call.args[i], "ABORT")) {
      aborts = true;
    } else {
      return fail_syntax(call);
    }
  }
  if ((saves && saves_not) || (aborts && (saves || saves_not || other))) return fail_syntax(call);
  if (aborts) return fail(call, "ERR No shutdown in progress.");
  if (saves) return fail(call, "ERR Errors trying to SHUTDOWN. Check logs.");
  call.server.stop_requested = true;
  return Outcome::close;
}

}  // namespace kv::handle
