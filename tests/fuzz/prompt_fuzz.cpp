// The prompt: lines of the input are typed at `kvd repl`. Each is split into words, runs in a
// server, and its reply is shown as text, in which no value steers the terminal.
#include <algorithm>

#include "local_server.hpp"
#include "server/repl/reply_text.hpp"

namespace {

using kv::fuzz::LocalServer;
using kv::fuzz::require;

constexpr uint64_t lines_max = 60;

/// Text for people has lines of its own, and an error quotes what was typed: both are shown as they
/// are, as redis-cli does.
bool is_raw(std::string_view reply) {
  return reply.front() == '=' || reply.front() == '-' ||
         reply.find("\n-") != std::string_view::npos;
}

void require_readable(const std::string& reply) {
  const std::string text = kv::reply_text(reply);
  require(text.ends_with('\n'), "no line end", text);
  if (is_raw(reply)) return;
  for (const char c : text) {
    require(c == '\n' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f'),
            "a control character is shown", text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  LocalServer local;
  int client = local.io().connect();
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (uint64_t i = 0; i < lines_max && !rest.empty() && !local.server().stopping(); ++i) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const auto words = kv::split_words(line);
    if (!words || words->empty()) continue;
    const std::string reply = local.command(client, *words);
    if (kv::reply_bytes(reply) > 0) {
      require(kv::reply_bytes(reply) == reply.size(), "more than one reply", reply);
      require_readable(reply);
    } else {
      // It waits for a list, has no replies, or was closed: as Ctrl-C at the prompt.
      local.io().hang_up(client);
      for (int turns = 0; turns < 100 && !local.io().closed(client); ++turns) local.turn();
      require(local.io().closed(client), "a client that hung up is still connected");
      client = local.io().connect();
    }
  }
  return 0;
}
