// CLIENT: this connection, the others, and what may be done to them.

#include <algorithm>
#include <array>

#include "server/commands/client_name.hpp"
#include "server/commands/client_text.hpp"
#include "server/commands/subcommand.hpp"
#include "server/commands/text.hpp"
#include "server/connection_flags.hpp"

namespace kv {

bool is_clean(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

namespace {

Outcome fail_name_too_long(Call& call, std::string_view what, uint64_t bytes, uint64_t limit) {
  return fail_with(call, "ERR {} of {} bytes exceeds {} bytes", what, bytes, limit);
}

}  // namespace

bool is_client_name(Call& call, std::string_view name) {
  if (!is_clean(name)) {
    fail(call, "ERR Client names cannot contain spaces, newlines or special characters.");
    return false;
  }
  const bool fits = name.size() <= sizeof call.client.name;
  if (!fits) fail_name_too_long(call, "client name", name.size(), sizeof call.client.name);
  return fits;
}

namespace handle {

namespace {

bool is_client(const ConnectionRecord& record) { return record.socket >= 0; }

/// As many records as can be clients: further ones were never used.
std::span<ConnectionRecord> records_of(const Call& call) { return call.server.records; }

Outcome reply_ok(Call& call) {
  call.reply.ok();
  return Outcome::done;
}

Outcome client_id(Call& call) {
  call.reply.integer(static_cast<int64_t>(call.client.client_id));
  return Outcome::done;
}

Outcome client_getname(Call& call) {
  const std::string_view name = held_name(call.client.name);
  name.empty() ? call.reply.null() : call.reply.bulk(name);
  return Outcome::done;
}

Outcome client_setname(Call& call) {
  if (!is_client_name(call, call.args[2])) return Outcome::done;
  keep_name(call.client.name, call.args[2]);
  return reply_ok(call);
}

Outcome client_setinfo(Call& call) {
  const std::string_view attribute = call.args[2];
  const std::string_view value = call.args[3];
  const bool name = same_word(attribute, "LIB-NAME");
  if (!name && !same_word(attribute, "LIB-VER")) {
    return fail_with(call, "ERR Unrecognized option '{}'", attribute.substr(0, 128));
  }
  const std::string_view what = name ? "lib-name" : "lib-ver";
  if (!is_clean(value)) {
    return fail_with(call, "ERR {} cannot contain spaces, newlines or special characters.", what);
  }
  const uint64_t limit = name ? sizeof call.client.lib_name : sizeof call.client.lib_version;
  if (value.size() > limit) return fail_name_too_long(call, what, value.size(), limit);
  if (name) {
    keep_name(call.client.lib_name, value);
  } else {
    keep_name(call.client.lib_version, value);
  }
  return reply_ok(call);
}

Outcome client_info(Call& call) {
  return write_text(
      call, [&](ReplyWriter& body) { body.raw(client_line(call.client, call.server).view()); });
}

enum class ClientType : uint8_t { normal, other, unknown };

/// All clients are normal ones; the other types exist and have none.
ClientType parse_type(std::string_view word) {
  if (same_word(word, "NORMAL")) return ClientType::normal;
  for (const std::string_view other : {"PUBSUB", "MASTER", "REPLICA", "SLAVE"}) {
    if (same_word(word, other)) return ClientType::other;
  }
  return ClientType::unknown;
}

Outcome fail_client_type(Call& call, std::string_view word) {
  return fail_with(call, "ERR Unknown client type '{}'", word.substr(0, 128));
}

/// Writes the lines of the clients that `is_listed` lets by. What does not fit in the largest
/// reply is refused, and says how to ask for less.
template <class IsListed>
Outcome write_list(Call& call, IsListed is_listed) {
  uint64_t clients = 0;
  uint64_t bytes = 0;
  for (const ConnectionRecord& record : records_of(call)) {
    if (!is_client(record) || !is_listed(record)) continue;
    ++clients;
    bytes += client_line(record, call.server).bytes;
  }
  const uint64_t limit = call.server.allocation->terms.reply_bytes_max;
  if (call.reply.verbatim_bytes(bytes) > limit) {
    return fail_with(call,
                     "ERR the list of {} clients takes {} bytes and the largest reply has {}; ask "
                     "for some of them with CLIENT LIST ID",
                     clients, bytes, limit);
  }
  return write_text(call, [&](ReplyWriter& body) {
    for (const ConnectionRecord& record : records_of(call)) {
      if (!is_client(record) || !is_listed(record)) continue;
      body.raw(client_line(record, call.server).view());
    }
  });
}

/// CLIENT LIST [TYPE type | ID id [id …]]
Outcome client_list(Call& call) {
  const Arguments& args = call.args;
  if (args.size() == 2) {
    return write_list(call, [](const ConnectionRecord&) { return true; });
  }
  if (args.size() == 4 && same_word(args[2], "TYPE")) {
    const ClientType type = parse_type(args[3]);
    if (type == ClientType::unknown) return fail_client_type(call, args[3]);
    return write_list(call, [type](const ConnectionRecord&) { return type == ClientType::normal; });
  }
  if (args.size() < 4 || !same_word(args[2], "ID")) return fail_syntax(call);
  for (uint64_t i = 3; i < args.size(); ++i) {
    const std::optional<int64_t> id = parse_integer(args[i]);
    if (!id || *id < 1) return fail(call, "ERR Invalid client ID");
  }
  return write_list(call, [&args](const ConnectionRecord& record) {
    for (uint64_t i = 3; i < args.size(); ++i) {
      if (static_cast<uint64_t>(*parse_integer(args[i])) == record.client_id) return true;
    }
    return false;
  });
}

/// Whom CLIENT KILL means: each filter that is given must hold.
struct KillFilter {
  uint64_t id = 0;
  std::string_view peer;
  std::string_view local;
  ClientType type = ClientType::normal;
  bool skips_me = true;
};

/// Returns whether the filters are right; if not, replies.
bool parse_kill(Call& call, KillFilter& filter) {
  const Arguments& args = call.args;
  if (args.size() % 2 != 0) return fail_syntax(call), false;
  for (uint64_t i = 2; i < args.size(); i += 2) {
    const std::string_view value = args[i + 1];
    if (same_word(args[i], "ID")) {
      const std::optional<int64_t> id = parse_integer(value);
      if (!id || *id < 1) return fail(call, "ERR client-id should be greater than 0"), false;
      filter.id = static_cast<uint64_t>(*id);
    } else if (same_word(args[i], "TYPE")) {
      filter.type = parse_type(value);
      if (filter.type == ClientType::unknown) return fail_client_type(call, value), false;
    } else if (same_word(args[i], "ADDR")) {
      filter.peer = value;
    } else if (same_word(args[i], "LADDR")) {
      filter.local = value;
    } else if (same_word(args[i], "USER")) {
      if (value == "default") continue;
      return fail_with(call, "ERR No such user '{}'", value.substr(0, 128)), false;
    } else if (same_word(args[i], "SKIPME") && same_word(value, "YES")) {
      filter.skips_me = true;
    } else if (same_word(args[i], "SKIPME") && same_word(value, "NO")) {
      filter.skips_me = false;
    } else {
      return fail_syntax(call), false;
    }
  }
  return true;
}

bool matches(const Call& call, const ConnectionRecord& record, const KillFilter& filter) {
  const Config& config = call.server.allocation->config;
  if (filter.skips_me && &record == &call.client) return false;
  if (filter.type != ClientType::normal) return false;
  if (filter.id > 0 && record.client_id != filter.id) return false;
  if (!filter.peer.empty() && address_text(record.peer, config).view() != filter.peer) return false;
  return filter.local.empty() || address_text(record.local, config).view() == filter.local;
}

/// CLIENT KILL address | filter value [filter value …]. Those it names execute nothing more;
/// one that names itself gets the reply first.
Outcome client_kill(Call& call) {
  const bool old_form = call.args.size() == 3;
  KillFilter filter;
  if (old_form) {
    filter.peer = call.args[2];
    filter.skips_me = false;
  } else if (!parse_kill(call, filter)) {
    return Outcome::done;
  }
  uint64_t killed = 0;
  for (ConnectionRecord& record : records_of(call)) {
    if (!is_client(record) || connection_flag::has(record, connection_flag::closing)) continue;
    if (old_form && (killed > 0 || filter.peer.empty())) break;
    if (!matches(call, record, filter)) continue;
    client_trait::set(record, client_trait::killed);
    call.server.kills = true;
    ++killed;
  }
  if (!old_form) {
    call.reply.integer(static_cast<int64_t>(killed));
  } else if (killed == 0) {
    return fail(call, "ERR No such client");
  } else {
    call.reply.ok();
  }
  return client_trait::has(call.client, client_trait::killed) ? Outcome::close : Outcome::done;
}

Outcome switch_trait(Call& call, uint16_t trait) {
  if (same_word(call.args[2], "ON")) {
    client_trait::set(call.client, trait);
  } else if (same_word(call.args[2], "OFF")) {
    client_trait::clear(call.client, trait);
  } else {
    return fail_syntax(call);
  }
  return reply_ok(call);
}

/// Nothing is evicted and nothing is sampled by access, so both only show in CLIENT LIST.
Outcome client_no_evict(Call& call) { return switch_trait(call, client_trait::no_evict); }
Outcome client_no_touch(Call& call) { return switch_trait(call, client_trait::no_touch); }

/// What is written here is dropped where the client has asked for that.
Outcome client_reply(Call& call) {
  if (same_word(call.args[2], "ON")) {
    client_trait::clear(call.client, client_trait::muted | client_trait::skips);
    return reply_ok(call);
  }
  if (same_word(call.args[2], "OFF")) {
    client_trait::set(call.client, client_trait::muted);
  } else if (same_word(call.args[2], "SKIP")) {
    if (!client_trait::has(call.client, client_trait::muted)) {
      client_trait::set(call.client, client_trait::skips_next);
    }
  } else {
    return fail_syntax(call);
  }
  return Outcome::done;
}

/// CLIENT PAUSE timeout [WRITE | ALL]. A pause under way is never shortened or narrowed.
Outcome client_pause(Call& call) {
  if (call.args.size() > 4) {
    return fail(
        call, "ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.");
  }
  bool all = true;
  if (call.args.size() == 4) {
    all = same_word(call.args[3], "ALL");
    if (!all && !same_word(call.args[3], "WRITE")) {
      return fail(call, "ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
  }
  const std::optional<int64_t> timeout_ms = parse_integer(call.args[2]);
  if (!timeout_ms) return fail(call, "ERR timeout is not an integer or out of range");
  if (*timeout_ms < 0) return fail(call, "ERR timeout is negative");
  ServerView& server = call.server;
  const bool ends = static_cast<uint64_t>(*timeout_ms) <= INT64_MAX - server.now_ms;
  if (!ends) return fail(call, "ERR timeout is out of range");
  const bool under_way = server.pause_until_ms > server.clock_ms;
  const uint64_t until_ms = server.clock_ms + static_cast<uint64_t>(*timeout_ms);
  server.pauses_all = all || (under_way && server.pauses_all);
  server.pause_until_ms =
      under_way ? std::max<uint64_t>(until_ms, server.pause_until_ms) : until_ms;
  return reply_ok(call);
}

Outcome client_unpause(Call& call) {
  call.server.pause_until_ms = 0;
  return reply_ok(call);
}

constexpr auto subcommands = std::to_array<Subcommand>({
    {"GETNAME", 2, client_getname},
    {"ID", 2, client_id},
    {"INFO", 2, client_info},
    {"KILL", -3, client_kill},
    {"LIST", -2, client_list},
    {"NO-EVICT", 3, client_no_evict},
    {"NO-TOUCH", 3, client_no_touch},
    {"PAUSE", -3, client_pause},
    {"REPLY", 3, client_reply},
    {"SETINFO", 4, client_setinfo},
    {"SETNAME", 3, client_setname},
    {"UNPAUSE", 2, client_unpause},
});

constexpr auto help = std::to_array<std::string_view>({
    "GETNAME",
    "    Return the name of the current connection.",
    "ID",
    "    Return the ID of the current connection.",
    "INFO",
    "    Return information about the current client connection.",
    "KILL <ip:port>",
    "    Kill connection made from <ip:port>.",
    "KILL <option> <value> [<option> <value> [...]]",
    "    Kill connections. Options are:",
    "    * ADDR (<ip:port>|<unixsocket>:0)",
    "      Kill connections made from the specified address",
    "    * LADDR (<ip:port>|<unixsocket>:0)",
    "      Kill connections made to specified local address",
    "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
    "      Kill connections by type.",
    "    * USER <username>",
    "      Kill connections authenticated by <username>.",
    "    * SKIPME (YES|NO)",
    "      Skip killing current connection (default: yes).",
    "    * ID <client-id>",
    "      Kill the connection with this ID.",
    "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)|ID <client-id> ...]",
    "    Return information about client connections.",
    "NO-EVICT (ON|OFF)",
    "    Protect current client connection from eviction.",
    "NO-TOUCH (ON|OFF)",
    "    Will not touch LRU/LFU stats when this mode is on.",
    "PAUSE <timeout> [WRITE|ALL]",
    "    Suspend all, or just write, clients for <timeout> milliseconds.",
    "REPLY (ON|OFF|SKIP)",
    "    Control the replies sent to the current connection.",
    "SETINFO (LIB-NAME|LIB-VER) <text>",
    "    Say which library the current connection is of.",
    "SETNAME <name>",
    "    Assign the name <name> to the current connection.",
    "UNPAUSE",
    "    Stop the current client pause, resuming traffic.",
});

}  // namespace

Outcome client(Call& call) { return run_subcommand(call, "client", subcommands, help); }

}  // namespace handle
}  // namespace kv
