// One request after the other: parsed ahead or when its turn comes, executed, timed.

#include <algorithm>
#include <array>
#include <cstring>

#include "kvcore/memory/assert.hpp"
#include "server/commands/lookup.hpp"
#include "server/connection_flags.hpp"
#include "server/server.hpp"

namespace kv {

namespace {

namespace flag = connection_flag;

/// By Command. What is no command is refused at once.
constexpr std::array<bool, command_count + 1> brief = [] {
  std::array<bool, command_count + 1> out = {};
  for (const CommandInfo& command : commands)
    out[static_cast<uint64_t>(command.id)] = is_brief(command);
  out[command_count] = true;
  return out;
}();

}  // namespace

/// Executes what was received in this turn, in the order of its arrival.
void Server::execute_received() {
  uint64_t next = 0;
  while (next < received_count_) {
    lookahead_.clear();
    uint64_t end = next;
    for (bool has_room = true; has_room && end < received_count_; ++end) {
      if (has_received(received_[end])) has_room = look_ahead(received_[end]);
    }
    lookahead_.prefetch(store_);
    for (; next < end; ++next) {
      // Whoever was closed or resumed meanwhile is done with.
      if (has_received(received_[next])) {
        advance(received_[next]);
      } else {
        lookahead_.drop(received_[next]);
      }
    }
  }
  received_count_ = 0;
}

bool Server::has_received(uint32_t index) const {
  return flag::has(connections_[index], flag::received);
}

/// Parses what the client has sent, as far as it is plain. Returns whether there is room for more.
bool Server::look_ahead(uint32_t index) {
  const ConnectionRecord& record = connections_[index];
  if (!Connections::has_input(record) || is_inside_frame(record)) return true;
  if (client_trait::has(record, client_trait::unauthenticated)) return true;
  return lookahead_.read(parser_, store_, {index, record.request_begin},
                         connections_.input(record));
}

Server::Progress Server::execute_one(uint32_t index) {
  ConnectionRecord& record = connections_[index];
  if (!reply_room_for(index, std::max<uint64_t>(record.reply_needs, small_reply_bytes_max))) {
    return Progress::needs_reply_room;
  }
  record.reply_needs = 0;
  // RESET may have made it a stranger, whose frames have limits of their own.
  if (client_trait::has(record, client_trait::unauthenticated)) lookahead_.drop(index);
  if (lookahead_.empty()) {
    lookahead_.clear();
    look_ahead(index);
    lookahead_.prefetch(store_);
  }
  const Lookahead::Request* const ahead = lookahead_.next_of(index);
  if (ahead == nullptr) return parse_and_execute(index);
  KV_ASSERT(ahead->begin == record.request_begin);
  store_.expect(ahead->keys);
  const Progress progress = run(index, ahead->arguments, ahead->command);
  store_.expect({});
  if (progress == Progress::executed || progress == Progress::ended) lookahead_.pop();
  return after(index, ahead->bytes, progress);
}

/// Parses one frame, whatever it is, and executes its command or says why it is refused.
Server::Progress Server::parse_and_execute(uint32_t index) {
  ConnectionRecord& record = connections_[index];
  const Parse parse = parser_.parse(connections_.input(record), record, scratch_);
  switch (parse.status) {
    case Parse::Status::incomplete:
      record.request_begin += static_cast<uint32_t>(parse.consumed);
      record.frame_needs = static_cast<uint32_t>(parse.needs - parse.consumed);
      return Progress::needs_input;
    case Parse::Status::broken:
      ++view_.statistics.protocol_errors;
      refuse(record, [&](ReplyWriter& reply) {
        reply.raw("-ERR ");
        reply.raw(parse.error);
        reply.raw("\r\n");
      });
      return after(index, parse.consumed, Progress::ended);
    case Parse::Status::refused:
      ++view_.statistics.error_replies;
      refuse(record, [&](ReplyWriter& reply) { write_refusal(reply, record, allocation_); });
      if (client_trait::has(record, client_trait::in_transaction)) transactions_.abort(index);
      return after(index, parse.consumed, Progress::executed);
    case Parse::Status::complete:
      break;
  }
  const std::span<Slice> arguments = scratch_.slices();
  if (arguments.empty()) return after(index, parse.consumed, Progress::executed);
  const Command command = find_command({arguments[0].data, arguments[0].bytes});
  return after(index, parse.consumed, run(index, arguments, command));
}

/// What becomes of a request of `bytes` after it was run, or not.
Server::Progress Server::after(uint32_t index, uint64_t bytes, Progress progress) {
  ConnectionRecord& record = connections_[index];
  switch (progress) {
    case Progress::blocked:
      return progress;
    case Progress::paused:
      wait_for(Resource::unpause, index);
      return progress;
    case Progress::unsaved:
      wait_for(Resource::snapshot_room, index);
      return progress;
    case Progress::unfinished:
      wait_for(Resource::snapshot_end, index);
      return progress;
    case Progress::needs_reply_room:
      // Nothing was changed: the command runs again from its first byte when there is room.
      return reply_room_for(index, record.reply_needs) ? Progress::executed : progress;
    default:
      record.request_begin += static_cast<uint32_t>(bytes);
      return progress;
  }
}

/// Runs a command, and counts its reply as written when it is done.
Server::Progress Server::run(uint32_t index, std::span<Slice> arguments, Command command) {
  ConnectionRecord& record = connections_[index];
  ReplyWriter reply(connections_.reply_room(record).subspan(record.reply_filled), record.protocol);
  Call call{Arguments(arguments), reply, store_, record, view_, command};
  const bool was_blocked = blocking_.is_blocked(index);
  call.caller = {index, &transactions_, &scratch_};
  if (was_blocked) call.wake = {true, blocking_.is_timed_out(index), ready_hash_};
  begin_time(command);
  const Outcome outcome = execute(call);
  switch (outcome) {
    case Outcome::needs_room:
      record.reply_needs = static_cast<uint32_t>(call.room_bytes);
      return Progress::needs_reply_room;
    case Outcome::paused:
      return Progress::paused;
    case Outcome::unsaved:
      return Progress::unsaved;
    case Outcome::unfinished:
      return Progress::unfinished;
    case Outcome::blocks:
      if (was_blocked || block(index, call)) return Progress::blocked;
      keep_reply(record, reply);
      return Progress::executed;
    case Outcome::done:
    case Outcome::close:
      break;
  }
  if (was_blocked) unblock(index);
  if (!shares_clock(call.command)) note_slow(call, end_time());
  keep_reply(record, reply);
  return outcome == Outcome::close ? Progress::ended : Progress::executed;
}

/// What was written counts only now that the command is done; what CLIENT REPLY drops, never.
void Server::keep_reply(ConnectionRecord& record, const ReplyWriter& reply) {
  constexpr uint16_t silent = client_trait::muted | client_trait::skips;
  if (!client_trait::has(record, silent)) {
    record.reply_filled += static_cast<uint32_t>(reply.written());
  }
  if (!client_trait::has(record, client_trait::skips | client_trait::skips_next)) return;
  client_trait::clear(record, client_trait::skips);
  if (client_trait::has(record, client_trait::skips_next)) {
    client_trait::clear(record, client_trait::skips_next);
    client_trait::set(record, client_trait::skips);
  }
}

/// Says why a request is not executed.
template <class Write>
void Server::refuse(ConnectionRecord& record, Write write) {
  ReplyWriter reply(connections_.reply_room(record).subspan(record.reply_filled), record.protocol);
  write(reply);
  keep_reply(record, reply);
}

/// Time since the last look at the clock is the command's: between two commands there is nothing
/// that takes long. The clock is looked at when another command begins, not when the same does.
void Server::begin_time(Command command) {
  if (command == timed_) return;
  if (timed_ != Command::unknown) end_time();
  timed_ = command;
}

uint64_t Server::end_time() {
  const uint64_t now_us = io_.monotonic_us();
  const uint64_t took_us = now_us - mark_us_;
  if (timed_ != Command::unknown) {
    view_.counters.of_command[static_cast<uint64_t>(timed_)].microseconds += took_us;
  }
  mark_us_ = now_us;
  timed_ = Command::unknown;
  return took_us;
}

/// Commands that are short whatever the data are timed in runs of the same, unless the slow log
/// wants commands of less than a millisecond.
bool Server::shares_clock(Command command) const {
  constexpr uint64_t brief_us = 1000;
  return brief[static_cast<uint64_t>(command)] && view_.live.slowlog_threshold_us >= brief_us;
}

/// What may hold a password is not kept, and EXEC is not, as in Redis: its arguments are no more.
void Server::note_slow(const Call& call, uint64_t took_us) {
  if (call.command == Command::unknown || call.command == Command::exec) return;
  if (took_us < view_.live.slowlog_threshold_us) return;
  SlowCommand* entry = view_.counters.slow_log.add();
  if (entry == nullptr) return;
  entry->unix_s = view_.now_ms / 1000;
  entry->microseconds = took_us;
  entry->peer = call.client.peer;
  static_assert(sizeof entry->client_name == sizeof call.client.name);
  std::memcpy(entry->client_name, call.client.name, sizeof entry->client_name);
  const bool secret = call.command == Command::auth || call.command == Command::hello ||
                      call.command == Command::config;
  const std::span<Slice> arguments = call.args.from(0);
  if (secret) {
    constexpr std::string_view hidden = "(redacted)";
    for (Slice& slice : arguments.subspan(1)) slice = {hidden.data(), hidden.size()};
  }
  keep_arguments(*entry, arguments);
}

}  // namespace kv
