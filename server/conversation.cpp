// One client: receive, parse, execute, send, and what happens when a buffer is missing.

#include <array>
#include <cerrno>
#include <cstring>

#include "kvcore/memory/assert.hpp"
#include "server/commands/lookup.hpp"
#include "server/connection_flags.hpp"
#include "server/server.hpp"

namespace kv {

namespace {

namespace flag = connection_flag;

bool has_input(const ConnectionRecord& record) { return record.request_end > record.request_begin; }

bool waits(const ConnectionRecord& record) {
  return record.waiting_for != static_cast<uint8_t>(Resource::none);
}

/// By Command. What is no command is refused at once.
constexpr std::array<bool, command_count + 1> brief = [] {
  std::array<bool, command_count + 1> out = {};
  for (const CommandInfo& command : commands)
    out[static_cast<uint64_t>(command.id)] = is_brief(command);
  out[command_count] = true;
  return out;
}();

}  // namespace

void Server::on_receive(uint32_t index, int32_t result, uint32_t buffer) {
  ConnectionRecord& record = connections_[index];
  flag::clear(record, flag::receiving);
  if (buffer != index_none) {
    connections_.hold_request_buffer(record, buffer);
    record.request_begin = record.request_end = 0;
  }
  if (flag::has(record, flag::closing)) {
    if (!flag::has(record, flag::sending)) finish_close(index);
    return;
  }
  if (result == -ENOBUFS) {
    wait_for(Resource::request_buffer, index);
    return;
  }
  if (result == -EINTR || result == -EAGAIN) {
    receive_more(index);
    return;
  }
  if (result <= 0) {  // The client has closed its side: it may still read its replies.
    flag::set(record, flag::ending);
    if (result < 0 || !flag::has(record, flag::sending)) begin_close(index);
    return;
  }
  flag::clear(record, flag::woken);
  record.request_end += static_cast<uint32_t>(result);
  record.progress_ms = record.active_ms = now_ms_;
  view_.statistics.bytes_received += static_cast<uint64_t>(result);
  advance(index);
}

void Server::on_send(uint32_t index, int32_t result) {
  ConnectionRecord& record = connections_[index];
  flag::clear(record, flag::sending);
  if (flag::has(record, flag::closing)) {
    if (!flag::has(record, flag::receiving)) finish_close(index);
    return;
  }
  if (result <= 0 && result != -EINTR && result != -EAGAIN) {
    begin_close(index);
    return;
  }
  if (result > 0) {
    record.reply_sent += static_cast<uint32_t>(result);
    record.progress_ms = now_ms_;
    view_.statistics.bytes_sent += static_cast<uint64_t>(result);
  }
  KV_ASSERT(record.reply_sent <= record.reply_filled);
  if (record.reply_sent < record.reply_filled) {
    flush(index);
    return;
  }
  release_reply(record);
  if (flag::has(record, flag::ending)) {
    begin_close(index);
  } else if (!flag::has(record, flag::receiving) && !waits(record)) {
    advance(index);
  }
}

/// Executes what was received until input, reply room or the client's will ends it, then
/// sends what there is to send and asks for what is missing.
void Server::advance(uint32_t index) {
  ConnectionRecord& record = connections_[index];
  Progress progress = Progress::needs_input;
  while (!stopping_ && has_input(record) && !client_trait::has(record, client_trait::killed)) {
    progress = execute_one(index);
    if (store_.watches().has_ready()) serve_ready();
    if (progress != Progress::executed) break;
  }
  if (progress == Progress::ended || stopping_) flag::set(record, flag::ending);
  const bool unfinished = progress == Progress::needs_input && has_input(record);
  if (!unfinished) {
    record.request_since_ms = 0;
  } else if (record.request_since_ms == 0) {
    record.request_since_ms = now_ms_;
  }
  flush(index);
  // flush() may have closed a connection that is ending.
  if (flag::has(record, flag::ending | flag::closing) || record.socket < 0) return;
  if (progress == Progress::needs_input || progress == Progress::executed) receive_more(index);
}

Server::Progress Server::execute_one(uint32_t index) {
  ConnectionRecord& record = connections_[index];
  const uint64_t wanted =
      record.reply_needs > small_reply_bytes_max ? record.reply_needs : small_reply_bytes_max;
  if (!reply_room_for(index, wanted)) return Progress::needs_reply_room;

  const std::span<char> received = connections_.request_room(record);
  const std::string_view input(received.data() + record.request_begin,
                               record.request_end - record.request_begin);
  const Parse parse = parser_.parse(input, record, scratch_);
  if (parse.status == Parse::Status::incomplete) {
    record.request_begin += static_cast<uint32_t>(parse.consumed);
    record.frame_needs = static_cast<uint32_t>(parse.needs - parse.consumed);
    return Progress::needs_input;
  }
  Progress progress = Progress::executed;
  answer(record, parse, progress);
  if (progress == Progress::blocked) return progress;
  if (progress == Progress::paused) {
    wait_for(Resource::unpause, index);
    return progress;
  }
  if (progress != Progress::needs_reply_room) {
    record.request_begin += static_cast<uint32_t>(parse.consumed);
    return progress;
  }
  // Nothing was changed: the command runs again from its first byte when there is room.
  return reply_room_for(index, record.reply_needs) ? Progress::executed : progress;
}

/// Runs the command that was parsed, or says why it is refused.
void Server::answer(ConnectionRecord& record, const Parse& parse, Progress& progress) {
  const std::span<char> room = connections_.reply_room(record);
  ReplyWriter reply(room.subspan(record.reply_filled), record.protocol);
  record.reply_needs = 0;
  if (parse.status == Parse::Status::broken) {
    ++view_.statistics.protocol_errors;
    reply.raw("-ERR ");
    reply.raw(parse.error);
    reply.raw("\r\n");
    progress = Progress::ended;
  } else if (parse.status == Parse::Status::refused) {
    ++view_.statistics.error_replies;
    write_refusal(reply, record, allocation_);
    if (client_trait::has(record, client_trait::in_transaction))
      transactions_.abort(connections_.index_of(record));
  } else if (scratch_.count() > 0) {
    progress = run(record, reply);
    const bool is_done = progress == Progress::executed || progress == Progress::ended;
    if (!is_done) return;
  } else {
    return;
  }
  // CLIENT REPLY: what was written counts only now that the command is done.
  constexpr uint16_t silences =
      client_trait::muted | client_trait::skips | client_trait::skips_next;
  if (!client_trait::has(record, silences)) {
    record.reply_filled += static_cast<uint32_t>(reply.written());
    return;
  }
  if (!client_trait::has(record, client_trait::muted | client_trait::skips)) {
    record.reply_filled += static_cast<uint32_t>(reply.written());
  }
  client_trait::clear(record, client_trait::skips);
  if (client_trait::has(record, client_trait::skips_next)) {
    client_trait::clear(record, client_trait::skips_next);
    client_trait::set(record, client_trait::skips);
  }
}

Server::Progress Server::run(ConnectionRecord& record, ReplyWriter& reply) {
  const Arguments arguments(scratch_.slices());
  Call call{arguments, reply, store_, record, view_, find_command(arguments[0])};
  const uint32_t index = connections_.index_of(record);
  const bool was_blocked = blocking_.is_blocked(index);
  call.caller = {index, &transactions_, &scratch_};
  if (was_blocked) call.wake = {true, blocking_.is_timed_out(index), ready_hash_};
  begin_time(call.command);
  const Outcome outcome = execute(call);
  switch (outcome) {
    case Outcome::needs_room:
      record.reply_needs = static_cast<uint32_t>(call.room_bytes);
      return Progress::needs_reply_room;
    case Outcome::paused:
      return Progress::paused;
    case Outcome::blocks:
      return was_blocked || block(index, call) ? Progress::blocked : Progress::executed;
    case Outcome::done:
    case Outcome::close:
      break;
  }
  if (was_blocked) unblock(index);
  if (!shares_clock(call.command)) note_slow(call, end_time());
  return outcome == Outcome::close ? Progress::ended : Progress::executed;
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
  std::span<Slice> arguments = scratch_.slices();
  if (secret) {
    constexpr std::string_view hidden = "(redacted)";
    for (Slice& slice : arguments.subspan(1)) slice = {hidden.data(), hidden.size()};
  }
  keep_arguments(*entry, arguments);
}

/// Makes sure that `bytes` can be written to the reply. Otherwise the connection is resumed
/// by the completion of its own send, or waits for a buffer.
bool Server::reply_room_for(uint32_t index, uint64_t bytes) {
  ConnectionRecord& record = connections_[index];
  const std::span<char> room = connections_.reply_room(record);
  if (bytes <= room.size() - record.reply_filled && !room.empty()) return true;
  if (record.reply_filled > 0) return false;
  if (!room.empty()) release_reply(record);  // An empty buffer that is too small.

  const bool large = bytes > connections_.reply_unit_bytes();
  KV_ASSERT(bytes <= allocation_.terms.reply_bytes_max);
  const Resource resource = large ? Resource::large_reply : Resource::reply_buffer;
  if (!others_first(resource) && connections_.acquire(resource, record)) return true;
  wait_for(resource, index);
  return false;
}

/// Sends what is encoded, if nothing is on its way. A connection that is ending closes when
/// nothing is left.
void Server::flush(uint32_t index) {
  ConnectionRecord& record = connections_[index];
  if (flag::has(record, flag::sending)) return;
  if (record.reply_filled > record.reply_sent) {
    flag::set(record, flag::sending);
    io_.send(target(index), connections_.reply_room(record).subspan(
                                record.reply_sent, record.reply_filled - record.reply_sent));
    return;
  }
  release_reply(record);
  if (flag::has(record, flag::ending)) begin_close(index);
}

void Server::release_reply(ConnectionRecord& record) {
  if (record.reply_buffer != index_none) connections_.release(Resource::reply_buffer, record);
  if (record.large_reply != index_none) connections_.release(Resource::large_reply, record);
  record.reply_sent = record.reply_filled = 0;
}

/// Receives into a shared buffer when nothing is left over, else behind what is there.
void Server::receive_more(uint32_t index) {
  ConnectionRecord& record = connections_[index];
  if (flag::has(record, flag::receiving) || waits(record)) return;
  if (!has_input(record)) {
    release_request(record);
    flag::set(record, flag::receiving);
    io_.receive_any(target(index));
    return;
  }
  if (!make_request_room(index)) return;
  flag::set(record, flag::receiving);
  io_.receive_into(target(index), connections_.request_room(record).subspan(record.request_end));
}

/// Moves the unfinished frame to the front of a buffer that can hold what it needs. False
/// when that is a large slot and none is free: the connection waits, and is not received from.
bool Server::make_request_room(uint32_t index) {
  ConnectionRecord& record = connections_[index];
  const uint32_t bytes = record.request_end - record.request_begin;
  const char* from = connections_.request_room(record).data() + record.request_begin;
  const bool is_large = record.large_request != index_none;
  const bool needs_large = record.frame_needs > connections_.request_unit_bytes();
  if (needs_large && !is_large) {
    constexpr Resource slot = Resource::large_request;
    if (others_first(slot) || !connections_.acquire(slot, record)) {
      wait_for(slot, index);
      return false;
    }
  }
  // The small buffer was kept for what follows a large request.
  const bool goes_back = !needs_large && is_large && record.request_buffer != index_none;
  const std::span<char> room = goes_back ? connections_.request_area()[record.request_buffer]
                                         : connections_.request_room(record);
  KV_ASSERT(record.frame_needs <= room.size());
  KV_ASSERT(bytes < room.size());
  std::memmove(room.data(), from, bytes);
  if (goes_back) connections_.release(Resource::large_request, record);
  record.request_begin = 0;
  record.request_end = bytes;
  return true;
}

void Server::release_request(ConnectionRecord& record) {
  if (record.large_request != index_none) connections_.release(Resource::large_request, record);
  if (record.request_buffer != index_none) {
    io_.release_buffer(connections_.drop_request_buffer(record));
  }
  record.request_begin = record.request_end = 0;
}

/// Whether somebody has waited for the resource longer than the connection at hand.
bool Server::others_first(Resource resource) {
  return served_ != resource && !connections_.queue(resource).empty();
}

void Server::wait_for(Resource resource, uint32_t index) {
  ConnectionRecord& record = connections_[index];
  const bool first = served_ == resource || flag::has(record, flag::woken);
  flag::clear(record, flag::woken);
  Statistics& statistics = view_.statistics;
  switch (resource) {
    case Resource::request_buffer:
      ++statistics.waits_request_buffer;
      break;
    case Resource::large_request:
      ++statistics.waits_large_request;
      break;
    case Resource::reply_buffer:
      ++statistics.waits_reply_buffer;
      break;
    case Resource::large_reply:
      ++statistics.waits_large_reply;
      break;
    case Resource::unpause:
    case Resource::none:
      break;
  }
  connections_.wait(resource, index, first);
}

}  // namespace kv
