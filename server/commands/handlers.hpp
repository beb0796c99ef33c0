// The handlers: one function for each row of the command table, of the row's id.
//
// A handler is called with as many arguments as the row's arity says, keys and values within
// their limits, and room for a small reply.
#pragma once

#include <fmt/format.h>

#include "kvcore/memory/assert.hpp"
#include "server/call.hpp"

namespace kv {

namespace handle {
#define KV_COMMAND(id, ...) Outcome id(Call& call);
#include "kvcore/plan/commands.def"
}  // namespace handle

/// Replies with an error and counts it.
Outcome fail(Call& call, std::string_view text);

/// The same with words and numbers in it. What is longer than an error may be is cut, and so are
/// line ends behind the last word, as Redis cuts them.
template <class... Args>
Outcome fail_with(Call& call, fmt::format_string<Args...> format, Args&&... args) {
  char text[small_reply_bytes_max];
  const auto end = fmt::format_to_n(text, sizeof text, format, std::forward<Args>(args)...);
  uint64_t bytes = end.size < sizeof text ? end.size : sizeof text;
  while (bytes > 0 && (text[bytes - 1] == '\r' || text[bytes - 1] == '\n')) --bytes;
  return fail(call, {text, bytes});
}

/// Replies for a store operation that did not succeed. REQUIRES: !result.ok().
Outcome fail(Call& call, const StoreResult& result);

Outcome fail_wrong_type(Call& call);
Outcome fail_syntax(Call& call);
Outcome fail_not_an_integer(Call& call);

/// Forgets what the client has queued and watched.
void abandon_transaction(Call& call);

/// Wrong number of arguments for `command`, or for its subcommand where there is one; both in
/// lower case.
Outcome fail_arity(Call& call, std::string_view command, std::string_view subcommand = {});

/// For the second argument of a command that has subcommands. `command` is in upper case.
Outcome fail_subcommand(Call& call, std::string_view command);

/// A reply of `bytes` that no limit bounds would not fit in any buffer. REQUIRES: it would not.
Outcome fail_reply_too_large(Call& call, uint64_t bytes);

/// Writes a reply whose size is only known when it is written: `write` is called with a
/// counter first, and again with the reply once there is room for it.
template <class Write>
Outcome write_measured(Call& call, Write write) {
  ReplyWriter counter = ReplyWriter::counter(call.reply.protocol());
  write(counter);
  const uint64_t bytes = counter.written();
  if (bytes > call.server.allocation->terms.reply_bytes_max) {
    return fail_reply_too_large(call, bytes);
  }
  if (!call.reply.fits(bytes)) return call.needs(bytes);
  write(call.reply);
  return Outcome::done;
}

/// The same for a text that is meant to be read: `write` is called with a writer of its body.
template <class Write>
Outcome write_text(Call& call, Write write) {
  ReplyWriter counter = ReplyWriter::counter(call.reply.protocol());
  write(counter);
  const uint64_t body_bytes = counter.written();
  const uint64_t bytes = call.reply.verbatim_bytes(body_bytes);
  if (bytes > call.server.allocation->terms.reply_bytes_max) {
    return fail_reply_too_large(call, bytes);
  }
  if (!call.reply.fits(bytes)) return call.needs(bytes);
  ReplyWriter body({call.reply.begin_verbatim(body_bytes), body_bytes}, call.reply.protocol());
  write(body);
  KV_ASSERT(body.written() == body_bytes);
  return Outcome::done;
}

/// Counts a lookup as a hit or a miss.
void count_lookup(Call& call, bool hit);

}  // namespace kv
