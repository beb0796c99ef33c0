// SLOWLOG LATENCY: what took long.

#include <array>

#include "server/commands/client_text.hpp"
#include "server/commands/subcommand.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

namespace {

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

}  // namespace

Outcome slowlog(Call& call) {
  return run_subcommand(call, "slowlog", slowlog_subcommands, slowlog_help);
}

Outcome latency(Call& call) {
  return run_subcommand(call, "latency", latency_subcommands, latency_help);
}

}  // namespace kv::handle
