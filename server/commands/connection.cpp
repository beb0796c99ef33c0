// PING ECHO SELECT QUIT HELLO CLIENT.

#include <algorithm>
#include <cstring>

#include "kvcore/memory/assert.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

namespace {

Outcome write_bulk(Call& call, std::string_view data) {
  const uint64_t bytes = bulk_reply_bytes(data.size());
  if (!call.reply.fits(bytes)) return call.needs(bytes);
  call.reply.bulk(data);
  return Outcome::done;
}

/// Printable and without blanks: the text can stand in a line of CLIENT LIST.
bool is_clean(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

/// Keeps `text` in a field of the connection's record. REQUIRES: it is not longer.
template <uint64_t size>
void keep(char (&field)[size], std::string_view text) {
  KV_ASSERT(text.size() <= size);
  std::memset(field, 0, size);
  if (!text.empty()) std::memcpy(field, text.data(), text.size());
}

Outcome fail_name_not_clean(Call& call) {
  return fail(call, "ERR Client names cannot contain spaces, newlines or special characters.");
}

Outcome fail_name_too_long(Call& call, std::string_view what, uint64_t bytes, uint64_t limit) {
  return fail_with(call, "ERR {} of {} bytes exceeds {} bytes", what, bytes, limit);
}

struct HelloOptions {
  bool sets_name = false;
  std::string_view name;
};

/// HELLO [version [AUTH user password] [SETNAME name]]. Where no password is set, the default
/// user may come with any. Returns whether the options are right; if not, replies.
bool parse_hello(Call& call, HelloOptions& options) {
  const Arguments& args = call.args;
  for (uint64_t i = 2; i < args.size(); ++i) {
    const uint64_t behind = args.size() - 1 - i;
    if (same_word(args[i], "AUTH") && behind >= 2) {
      if (args[i + 1] != "default") {
        fail(call, "WRONGPASS invalid username-password pair or user is disabled.");
        return false;
      }
      i += 2;
    } else if (same_word(args[i], "SETNAME") && behind >= 1) {
      options.sets_name = true;
      options.name = args[i + 1];
      if (!is_clean(options.name)) return fail_name_not_clean(call), false;
      if (options.name.size() > sizeof call.client.name) {
        fail_name_too_long(call, "client name", options.name.size(), sizeof call.client.name);
        return false;
      }
      ++i;
    } else {
      fail_with(call, "ERR Syntax error in HELLO option '{}'", args[i].substr(0, 128));
      return false;
    }
  }
  return true;
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
    keep(call.client.lib_name, value);
  } else {
    keep(call.client.lib_version, value);
  }
  call.reply.ok();
  return Outcome::done;
}

Outcome client_help(Call& call) {
  call.reply.array(5);
  call.reply.status("CLIENT <subcommand> [<arg> ...]. Subcommands are:");
  call.reply.status("GETNAME | ID: the name and the number of this connection.");
  call.reply.status("SETNAME <name>: names this connection.");
  call.reply.status("SETINFO <LIB-NAME | LIB-VER> <text>: says which library it is of.");
  call.reply.status("HELP: prints this help.");
  return Outcome::done;
}

}  // namespace

Outcome ping(Call& call) {
  if (call.args.size() > 2) return fail_arity(call, "ping");
  if (call.args.size() == 2) return write_bulk(call, call.args[1]);
  call.reply.status("PONG");
  return Outcome::done;
}

Outcome echo(Call& call) { return write_bulk(call, call.args[1]); }

Outcome select(Call& call) {
  const std::optional<int64_t> index = parse_integer(call.args[1]);
  if (!index || *index < INT32_MIN || *index > INT32_MAX) return fail_not_an_integer(call);
  if (*index != 0) return fail(call, "ERR DB index is out of range");
  call.reply.ok();
  return Outcome::done;
}

Outcome quit(Call& call) {
  call.reply.ok();
  return Outcome::close;
}

Outcome hello(Call& call) {
  uint8_t protocol = call.client.protocol;
  if (call.args.size() > 1) {
    const std::optional<int64_t> version = parse_integer(call.args[1]);
    if (!version) return fail(call, "ERR Protocol version is not an integer or out of range");
    if (*version != 2) return fail(call, "NOPROTO unsupported protocol version");
    protocol = 2;
  }
  HelloOptions options;
  if (!parse_hello(call, options)) return Outcome::done;
  if (options.sets_name) keep(call.client.name, options.name);
  call.client.protocol = protocol;
  ReplyWriter& reply = call.reply;
  reply.set_protocol(protocol);
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk("7.0.15");
  reply.bulk("proto");
  reply.integer(protocol);
  reply.bulk("id");
  reply.integer(static_cast<int64_t>(call.client.client_id));
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
  return Outcome::done;
}

Outcome client(Call& call) {
  const std::string_view subcommand = call.args[1];
  const uint64_t count = call.args.size();
  if (same_word(subcommand, "ID")) {
    if (count != 2) return fail_arity(call, "client", "id");
    call.reply.integer(static_cast<int64_t>(call.client.client_id));
  } else if (same_word(subcommand, "GETNAME")) {
    if (count != 2) return fail_arity(call, "client", "getname");
    const uint64_t bytes = strnlen(call.client.name, sizeof call.client.name);
    bytes == 0 ? call.reply.null() : call.reply.bulk({call.client.name, bytes});
  } else if (same_word(subcommand, "SETNAME")) {
    if (count != 3) return fail_arity(call, "client", "setname");
    if (!is_clean(call.args[2])) return fail_name_not_clean(call);
    if (call.args[2].size() > sizeof call.client.name) {
      return fail_name_too_long(call, "client name", call.args[2].size(), sizeof call.client.name);
    }
    keep(call.client.name, call.args[2]);
    call.reply.ok();
  } else if (same_word(subcommand, "SETINFO")) {
    if (count != 4) return fail_arity(call, "client", "setinfo");
    return client_setinfo(call);
  } else if (same_word(subcommand, "HELP")) {
    if (count != 2) return fail_arity(call, "client", "help");
    return client_help(call);
  } else {
    return fail_subcommand(call, "CLIENT");
  }
  return Outcome::done;
}

}  // namespace kv::handle
