// PING ECHO SELECT QUIT RESET AUTH HELLO.

#include <string.h>

#include <cstring>

#include "server/commands/auth.hpp"
#include "server/commands/client_name.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/text.hpp"
#include "server/connection_flags.hpp"

namespace kv {

bool is_right(const ServerView& server, std::string_view user, std::string_view password) {
  const Text& wanted = server.live.server_password;
  if (user != "default") return false;
  if (wanted.bytes == 0) return true;  // The user `default` then comes with any.
  char given[Text::bytes_max] = {};
  const bool fits = password.size() <= sizeof given;
  if (fits && !password.empty()) std::memcpy(given, password.data(), password.size());
  unsigned different = fits && password.size() == wanted.bytes ? 0 : 1;
  for (uint64_t i = 0; i < sizeof given; ++i) {
    different |= static_cast<unsigned>(given[i] ^ wanted.data[i]);
  }
  explicit_bzero(given, sizeof given);
  return different == 0;
}

/// A request lies in a buffer of the server's, which is not constant.
void wipe(std::string_view password) {
  explicit_bzero(const_cast<char*>(password.data()), password.size());
}

void forget_authentication(Call& call) {
  if (call.server.live.server_password.bytes > 0) {
    client_trait::set(call.client, client_trait::unauthenticated);
  } else {
    client_trait::clear(call.client, client_trait::unauthenticated);
  }
}

namespace handle {

namespace {

Outcome write_bulk(Call& call, std::string_view data) {
  const uint64_t bytes = bulk_reply_bytes(data.size());
  if (!call.reply.fits(bytes)) return call.needs(bytes);
  call.reply.bulk(data);
  return Outcome::done;
}

Outcome fail_wrong_password(Call& call) {
  return fail(call, "WRONGPASS invalid username-password pair or user is disabled.");
}

struct HelloOptions {
  bool authenticates = false;
  bool sets_name = false;
  std::string_view name;
};

/// HELLO [version [AUTH user password] [SETNAME name]]. Returns whether the options are right;
/// if not, replies.
bool parse_hello(Call& call, HelloOptions& options) {
  const Arguments& args = call.args;
  for (uint64_t i = 2; i < args.size(); ++i) {
    const uint64_t behind = args.size() - 1 - i;
    if (same_word(args[i], "AUTH") && behind >= 2) {
      const bool right = is_right(call.server, args[i + 1], args[i + 2]);
      wipe(args[i + 2]);
      if (!right) return fail_wrong_password(call), false;
      options.authenticates = true;
      i += 2;
    } else if (same_word(args[i], "SETNAME") && behind >= 1) {
      options.sets_name = true;
      options.name = args[i + 1];
      if (!is_client_name(call, options.name)) return false;
      ++i;
    } else {
      fail_with(call, "ERR Syntax error in HELLO option '{}'", args[i].substr(0, 128));
      return false;
    }
  }
  return true;
}

Outcome write_hello(Call& call) {
  ReplyWriter& reply = call.reply;
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk("7.0.15");
  reply.bulk("proto");
  reply.integer(call.client.protocol);
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
  if (!index) return fail_not_an_integer(call);
  if (*index < INT32_MIN || *index > INT32_MAX) {
    return fail(call, "ERR value is out of range, value must between -2147483648 and 2147483647");
  }
  if (*index != 0) return fail(call, "ERR DB index is out of range");
  call.reply.ok();
  return Outcome::done;
}

Outcome quit(Call& call) {
  call.reply.ok();
  return Outcome::close;
}

Outcome auth(Call& call) {
  if (call.args.size() > 3) return fail_syntax(call);
  const bool named = call.args.size() == 3;
  if (!named && call.server.live.server_password.bytes == 0) {
    return fail(call,
                "ERR AUTH <password> called without any password configured for the default user. "
                "Are you sure your configuration is correct?");
  }
  const std::string_view user = named ? call.args[1] : std::string_view("default");
  const std::string_view password = call.args[named ? 2 : 1];
  const bool right = is_right(call.server, user, password);
  wipe(password);
  if (!right) return fail_wrong_password(call);
  client_trait::clear(call.client, client_trait::unauthenticated);
  call.reply.ok();
  return Outcome::done;
}

/// Everything that a client can have set is as it was. Source: resetCommand() of Redis 7.
Outcome reset(Call& call) {
  keep_name(call.client.name, {});
  client_trait::clear(call.client, client_trait::muted | client_trait::skips_next);
  call.client.protocol = 2;
  forget_authentication(call);
  abandon_transaction(call);
  call.reply.status("RESET");
  return Outcome::done;
}

Outcome hello(Call& call) {
  uint8_t protocol = call.client.protocol;
  if (call.args.size() > 1) {
    const std::optional<int64_t> version = parse_integer(call.args[1]);
    if (!version) return fail(call, "ERR Protocol version is not an integer or out of range");
    if (*version != 2 && *version != 3) return fail(call, "NOPROTO unsupported protocol version");
    protocol = static_cast<uint8_t>(*version);
  }
  HelloOptions options;
  if (!parse_hello(call, options)) return Outcome::done;
  const bool stranger = client_trait::has(call.client, client_trait::unauthenticated);
  if (stranger && !options.authenticates) {
    return fail(call,
                "NOAUTH HELLO must be called with the client already authenticated, otherwise the "
                "HELLO AUTH <user> <pass> option can be used to authenticate the client and select "
                "the RESP protocol version at the same time");
  }
  client_trait::clear(call.client, client_trait::unauthenticated);
  if (options.sets_name) keep_name(call.client.name, options.name);
  call.client.protocol = protocol;
  call.reply.set_protocol(protocol);
  return write_hello(call);
}

}  // namespace handle
}  // namespace kv
