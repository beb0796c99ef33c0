// Commands on a small store with a model beside it.
//
// Three bytes of the input are one command. Half of them are commands that the model knows, on
// keys of its own, and the reply must be what the model says to the byte, -OOM included. The
// others are any command with any words on keys that the model does not have: they must be
// answered with one reply, and leave the model's keys alone.

#include <algorithm>
#include <string>

#include "kvcore/plan/commands.hpp"
#include "local_server.hpp"
#include "server/commands/lookup.hpp"
#include "server/repl/reply_text.hpp"
#include "tests/simulation/model.hpp"

namespace {

using kv::fuzz::LocalServer;
using kv::fuzz::require;
using kv::sim::Expected;
using kv::sim::Model;
using kv::sim::StoreUse;
using kv::sim::Words;

const std::string modelled[] = {"SET",   "GET",  "APPEND", "STRLEN", "DEL",    "RPUSH",
                                "LPUSH", "RPOP", "LPOP",   "LLEN",   "LRANGE", "TYPE"};

/// Left to server_fuzz: they end, silence or hold up the connection, change how replies look,
/// or delete what the model holds.
bool is_left_out(std::string_view name) {
  static const std::string_view names[] = {
      "QUIT",  "HELLO",  "RESET",  "CLIENT",     "SHUTDOWN", "DEBUG",   "MULTI",  "BLPOP",
      "BRPOP", "BLMOVE", "BLMPOP", "BRPOPLPUSH", "FLUSHALL", "FLUSHDB", "CONFIG", "MONITOR"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

const std::string other_words[] = {"w0",
                                   "w1",
                                   "w2",
                                   "w3",
                                   "0",
                                   "1",
                                   "-1",
                                   "2",
                                   "3",
                                   "100",
                                   "-100",
                                   "9223372036854775807",
                                   "-9223372036854775808",
                                   "1.5",
                                   "",
                                   "abc",
                                   "NX",
                                   "XX",
                                   "GET",
                                   "EX",
                                   "PX",
                                   "KEEPTTL",
                                   "COUNT",
                                   "MATCH",
                                   "*",
                                   "LEFT",
                                   "RIGHT",
                                   "BEFORE",
                                   "AFTER",
                                   "RANK",
                                   "REPLACE",
                                   "WITHVALUES"};

std::string value_of(uint8_t byte) {
  return std::string(byte % 4 == 3 ? byte : byte % 32, static_cast<char>('a' + byte % 26));
}

Words modelled_command(uint8_t what, uint8_t key, uint8_t value) {
  Words words = {modelled[what % std::size(modelled)], "m" + std::to_string(key % 10)};
  if (key % 7 == 0) words[1] += std::string(30, 'k');  // two blocks
  const std::string name = words[0];
  if (name == "SET" || name == "APPEND") words.push_back(value_of(value));
  if (name == "RPUSH" || name == "LPUSH") {
    for (int i = 0; i <= value % 3; ++i) words.push_back(value_of(static_cast<uint8_t>(value + i)));
  }
  if (name == "LRANGE") words.insert(words.end(), {"0", "-1"});
  return words;
}

Words other_command(uint8_t what, uint8_t first, uint8_t second) {
  Words words = {std::string(kv::commands[what % kv::commands.size()].name)};
  words.push_back(other_words[first % std::size(other_words)]);
  words.push_back(other_words[second % std::size(other_words)]);
  words.push_back(other_words[(first / 32 + second) % std::size(other_words)]);
  words.resize(1 + second / 32 % 4);
  return words;
}

/// What the keys take that the model does not have.
StoreUse use_of_others(const LocalServer& local, const Model& model) {
  const StoreUse own = model.use();
  const auto used = [&](kv::Part part) { return local.store().use(part).used; };
  return {used(kv::Part::entries) - own.entries, used(kv::Part::blocks) - own.blocks,
          used(kv::Part::list_nodes) - own.nodes, used(kv::Part::timers) - own.timers};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 3000) return 0;
  LocalServer local;
  Model model(local.allocation());
  const int client = local.io().connect();
  model.open(client);
  for (int i = 0; i < 4; ++i) local.turn();
  const auto command = [&](const Words& words, bool is_modelled) {
    const StoreUse others = use_of_others(local, model);
    const std::string reply = local.command(client, words);
    require(!reply.empty() && kv::reply_bytes(reply) == reply.size(), "not one reply",
            words[0] + " → " + reply);
    if (!is_modelled) return;
    const Expected expected = model.execute(client, words, {.others = others}).reply;
    require(expected.matches(reply), "another reply than the model's",
            words[0] + " " + words[1] + " → " + reply + ", not " + expected.text);
  };
  for (size_t at = 0; at + 3 <= size; at += 3) {
    const bool is_modelled = data[at] % 2 == 0;
    const auto what = static_cast<uint8_t>(data[at] / 2);
    const Words words = is_modelled ? modelled_command(what, data[at + 1], data[at + 2])
                                    : other_command(what, data[at + 1], data[at + 2]);
    if (kv::find_command(words[0]) == kv::Command::unknown || is_left_out(words[0])) continue;
    command(words, is_modelled);
  }
  // Nothing was lost or changed.
  for (const auto& [key, value] : Model::Keys(model.keys())) {
    command({"TYPE", key}, /*is_modelled=*/true);
    command({"GET", key}, /*is_modelled=*/true);
    command({"LRANGE", key, "0", "-1"}, /*is_modelled=*/true);
  }
  local.end_and_check(1);
  return 0;
}
