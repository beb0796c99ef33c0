// A store over an arena, and a client that talks RESP to it without a connection, so that a
// test compares whole replies.
#pragma once

#include <doctest/doctest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kvcore/memory/arena.hpp"
#include "kvcore/memory/scratch.hpp"
#include "kvcore/plan/allocation.hpp"
#include "kvcore/plan/options.hpp"
#include "server/blocking.hpp"
#include "server/call.hpp"
#include "server/commands/lookup.hpp"
#include "server/request.hpp"
#include "server/snapshot_writer.hpp"
#include "server/store.hpp"
#include "server/transaction.hpp"

namespace kv::test {

inline Allocation planned(const Config& config) {
  const PlanResult result = plan(config);
  REQUIRE(result.ok);
  return result.allocation;
}

/// Blocks of 32 bytes, 28 where another follows; 4 keys, lists of 3, values of up to 100 bytes (4
/// blocks), keys of up to 40 (2 blocks), and 5 blocks for both together.
inline Config small_config() {
  Config config;
  config.connections_max = 2;
  config.key_count = 4;
  config.key_size_max = 40;
  config.val_size_max = 100;
  config.list_length_max = 3;
  config.block_bytes = 32;
  return config;
}

/// The frame of a command.
inline std::string frame(const std::vector<std::string>& args) {
  std::string out = "*";
  out.append(std::to_string(args.size())).append("\r\n");
  for (const std::string& arg : args) {
    out.append("$").append(std::to_string(arg.size())).append("\r\n").append(arg).append("\r\n");
  }
  return out;
}

/// What is replied again and again.
namespace replies {

inline const std::string ok = "+OK\r\n";
inline const std::string nil = "$-1\r\n";
inline const std::string zero = ":0\r\n";
inline const std::string one = ":1\r\n";
inline const std::string syntax = "-ERR syntax error\r\n";
inline const std::string not_an_integer = "-ERR value is not an integer or out of range\r\n";
inline const std::string wrong_type =
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

inline std::string join(std::initializer_list<std::string> parts) {
  std::string out;
  for (const std::string& part : parts) out.append(part);
  return out;
}

inline std::string bulk(const std::string& text) {
  return join({"$", std::to_string(text.size()), "\r\n", text, "\r\n"});
}

}  // namespace replies

/// A store with its arena.
struct StoreFixture {
  explicit StoreFixture(const Config& config) : allocation(planned(config)) {
    const Failure reserved = arena.reserve(allocation.arena_bytes + mebibyte, HugePages::off);
    REQUIRE_MESSAGE(!reserved, reserved.value_or(""));
    scratch = Scratch::carve(arena, allocation.config);
    store = Store::carve(arena, allocation.config, {1, 2});
    blocking = Blocking::carve(arena, allocation.config);
    transactions = Transactions::carve(arena, allocation);
    counters = CommandCounters::carve(arena, allocation);
    snapshot_writer = SnapshotWriter::carve(arena, allocation.config);
    store.marks() = SavedMarks::carve(arena, allocation.config);
    const Failure committed = arena.commit();
    REQUIRE_MESSAGE(!committed, committed.value_or(""));
  }
  StoreFixture(const StoreFixture&) = delete;

  Allocation allocation;
  Arena arena;
  Scratch scratch;
  Store store;
  CommandCounters counters;
  SnapshotWriter snapshot_writer;
  Blocking blocking;
  Transactions transactions;
};

/// One client. Commands go through the parser and execute(); replies come back whole.
class Client : public StoreFixture {
 public:
  explicit Client(const Config& config = small_config())
      : StoreFixture(config), parser(allocation), ledger(arena.ledger()) {
    record.protocol = 2;
    record.client_id = 7;
    verification = verify(allocation, ledger);
    record.last_command = static_cast<uint8_t>(Command::unknown);
    view.live = allocation.config;
    view.counters = counters;
    view.records = {&record, 1};
    view.clients = 1;
    view.allocation = &allocation;
    view.verification = &verification;
    view.ledger = &ledger;
    view.blocking = &blocking;
    view.transactions = &transactions;
    view.io = "io_uring";
    view.ring_memory = "arena";
    room.resize(allocation.terms.reply_bytes_max);
  }

  /// The reply to bytes that hold exactly one command.
  std::string send(const std::string& bytes) {
    // A copy of the exact size lets AddressSanitizer see a read behind the input.
    const auto input = std::make_unique<char[]>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), input.get());
    const Parse parse = parser.parse({input.get(), bytes.size()}, record, scratch);
    REQUIRE(parse.status == Parse::Status::complete);
    REQUIRE(parse.consumed == bytes.size());
    ReplyWriter reply(std::span<char>(room), record.protocol);
    const Arguments arguments(scratch.slices());
    Call call{arguments, reply, store, record, view, find_command(arguments[0])};
    call.caller = {0, &transactions, &scratch};
    outcome = execute(call);
    room_bytes = call.room_bytes;
    return {room.data(), reply.written()};
  }

  std::string run(const std::vector<std::string>& args) { return send(frame(args)); }

  RequestParser parser;
  Ledger ledger;
  Verification verification;
  ServerView view;
  ConnectionRecord record = {};
  std::vector<char> room;
  Outcome outcome = Outcome::done;
  uint64_t room_bytes = 0;
};

}  // namespace kv::test
