// Pipelined sessions: what a client is answered does not depend on how its commands arrive.
//
// The input is a script. One server gets its commands one at a time, each after the reply to the
// one before; another gets the same bytes as one pipeline, cut anywhere, while a second client
// presses for the same buffers. Both clients must be answered the same to the byte, and both
// servers hold the same keys at the end.
#include <algorithm>

#include "local_server.hpp"
#include "server/repl/reply_text.hpp"
#include "tests/simulation/script.hpp"

namespace {

using kv::fuzz::LocalServer;
using kv::fuzz::require;
using kv::sim::frame;
using Words = std::vector<std::string>;

constexpr uint64_t commands_max = 120;

/// What moves a byte or two a turn takes many.
constexpr uint64_t turns_max = 200000;

/// Commands whose replies hang on nothing but the commands before them: no clock, no chance, no
/// client's number. $k is a key, $v a value, $n a number.
const Words templates[] = {
    {"SET", "$k", "$v"},
    {"GET", "$k"},
    {"APPEND", "$k", "$v"},
    {"STRLEN", "$k"},
    {"DEL", "$k", "$k"},
    {"RPUSH", "$k", "$v", "$v"},
    {"LPUSH", "$k", "$v"},
    {"LPOP", "$k"},
    {"RPOP", "$k", "$n"},
    {"LRANGE", "$k", "$n", "-1"},
    {"LLEN", "$k"},
    {"TYPE", "$k"},
    {"INCRBY", "$k", "$n"},
    {"MULTI"},
    {"EXEC"},
    {"DISCARD"},
    {"WATCH", "$k"},
    {"UNWATCH"},
    {"MGET", "$k", "$k", "$k"},
    {"MSET", "$k", "$v", "$k", "$v"},
    {"EXISTS", "$k"},
    {"GETSET", "$k", "$v"},
    {"SETRANGE", "$k", "$n", "$v"},
    {"GETRANGE", "$k", "$n", "-1"},
    {"LREM", "$k", "$n", "$v"},
    {"LTRIM", "$k", "$n", "-2"},
    {"LSET", "$k", "$n", "$v"},
    {"LINSERT", "$k", "BEFORE", "$v", "$v"},
    {"LMOVE", "$k", "$k", "LEFT", "RIGHT"},
    {"LPOS", "$k", "$v", "RANK", "$n"},
    {"RENAME", "$k", "$k"},
    {"COPY", "$k", "$k", "REPLACE"},
    {"SETNX", "$k", "$v"},
    {"ECHO", "$v"},
    {"PING"},
    {"HELLO", "9"},
    {"SELECT", "$n"},
    {"DBSIZE"},
    {"KEYS", "*"},
    {"FLUSHALL"},
    {"BLPOP", "$k", "0.01"},
    {"NOSUCH", "$v"},
    {"SET", "$k"},
};

std::string value_of(uint8_t byte) {
  const std::string words[] = {"", "1", "-1", "two", "9223372036854775807", "\r\n", "x y"};
  if (byte < std::size(words)) return words[byte];
  return std::string(byte, static_cast<char>('a' + byte % 26));  // some exceed val_size_max
}

/// The bytes behind the first name the words of the template, one after the other.
Words command_of(uint8_t what, uint8_t first, uint8_t second) {
  Words words = templates[what % std::size(templates)];
  uint8_t byte = first;
  for (std::string& word : words) {
    if (word == "$k") {
      word = "k" + std::to_string(byte % 14);
      if (byte % 16 == 0) word += std::string(byte / 4, 'k');
    } else if (word == "$v") {
      word = value_of(byte);
    } else if (word == "$n") {
      word = std::to_string(byte % 9 - 3);
    } else {
      continue;
    }
    byte = static_cast<uint8_t>(byte == first ? second : byte * 5 + 1);
  }
  return words;
}

uint64_t reply_count(std::string_view bytes) {
  uint64_t count = 0;
  while (!bytes.empty()) {
    const uint64_t taken = kv::reply_bytes(bytes);
    if (taken == 0) break;
    bytes.remove_prefix(taken);
    ++count;
  }
  return count;
}

std::string one_at_a_time(LocalServer& local, const std::vector<Words>& script) {
  const int client = local.io().connect();
  std::string replies;
  for (const Words& words : script) {
    const std::string reply = local.command(client, words, /*turns=*/1000);
    require(reply_count(reply) == 1, "not one reply", words[0] + " → " + reply);
    replies += reply;
  }
  return replies;
}

/// `piece` bytes at a time, which the server moves in pieces of its own.
std::string pipelined(LocalServer& local, const std::vector<Words>& script, uint64_t piece) {
  const int client = local.io().connect();
  const int other = local.io().connect();
  std::string bytes;
  for (const Words& words : script) bytes += frame(words);
  std::string replies;
  std::string pongs;
  uint64_t pings = 0;
  for (uint64_t at = 0; at < bytes.size(); at += piece) {
    local.io().write(client, std::string_view(bytes).substr(at, piece));
    if (at / piece % 4 == 0 && ++pings > 0) local.io().write(other, frame({"PING"}));
    if (at / piece % 2 == 0) local.turn();
    replies += local.io().take_replies(client);
    pongs += local.io().take_replies(other);
  }
  for (uint64_t i = 0; i < turns_max && reply_count(replies) < script.size(); ++i) {
    local.turn();
    replies += local.io().take_replies(client);
    pongs += local.io().take_replies(other);
    require(!local.io().closed(client), "closed in the middle of a pipeline", replies);
  }
  for (uint64_t i = 0; i < turns_max && reply_count(pongs) < pings; ++i) {
    local.turn();
    pongs += local.io().take_replies(other);
  }
  require(reply_count(pongs) == pings, "the other client was forgotten", pongs);
  return replies;
}

/// Everything that a server holds, as the replies that tell it.
std::string content(LocalServer& local) {
  const int client = local.io().connect();
  std::string all = local.command(client, {"DBSIZE"});
  all += local.command(client, {"KEYS", "*"});
  for (int key = 0; key < 14; ++key) {
    const std::string name = "k" + std::to_string(key);
    all +=
        local.command(client, {"GET", name}) + local.command(client, {"LRANGE", name, "0", "-1"});
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 5) return -1;
  const uint64_t piece = data[0] + 1;
  const uint64_t moved = data[1] % 2 == 0 ? 4096 : data[1] % 64 + 1;
  std::vector<Words> script;
  for (size_t at = 2; at + 3 <= size && script.size() < commands_max; at += 3) {
    script.push_back(command_of(data[at], data[at + 1], data[at + 2]));
  }
  LocalServer single;
  const std::string expected = one_at_a_time(single, script);
  LocalServer pipeline;
  pipeline.io().set_piece_bytes(moved);
  const std::string replies = pipelined(pipeline, script, piece);
  if (replies != expected) {
    const auto differ =
        std::mismatch(replies.begin(), replies.end(), expected.begin(), expected.end());
    const auto at = static_cast<uint64_t>(differ.first - replies.begin());
    const uint64_t count = reply_count(std::string_view(expected).substr(0, at));
    require(false, "another reply in a pipeline than alone",
            script[std::min(count, script.size() - 1)][0] + ": " + replies.substr(at, 80) +
                ", not " + expected.substr(at, 80));
  }
  pipeline.io().set_piece_bytes(4096);
  require(content(single) == content(pipeline), "another store after a pipeline");
  single.end_and_check(2);
  pipeline.end_and_check(3);
  return 0;
}
