// A server and what arrives at it: three clients and one too many, who send any bytes in any
// pieces, do not read, and leave. It must serve on, and at the end hold nothing of theirs.
//
// The input is a script: a byte says who does what, and for sending how many bytes follow.

#include <algorithm>
#include <string_view>

#include "local_server.hpp"
#include "server/repl/reply_text.hpp"

namespace {

using kv::fuzz::LocalServer;
using kv::fuzz::require;

constexpr int clients = 4;

/// Whether all of it is replies, but for what has not been sent yet.
bool is_replies(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view types = "+-:$*_#,%~=(!>";
    if (types.find(bytes[0]) == std::string_view::npos) return false;
    const uint64_t taken = kv::reply_bytes(bytes);
    if (taken == 0) return true;
    bytes.remove_prefix(taken);
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  LocalServer local;
  bool gone[clients] = {};
  for (int i = 0; i < clients; ++i) local.io().connect();
  for (int i = 0; i < 8; ++i) local.turn();
  std::string replies[clients];
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty() && !local.server().stopping()) {
    const auto head = static_cast<uint8_t>(rest[0]);
    rest.remove_prefix(1);
    const int client = head % clients;
    const uint8_t action = head / clients % 8;
    if (action < 5) {
      const uint64_t length = rest.empty() ? 0 : static_cast<uint8_t>(rest[0]);
      rest.remove_prefix(std::min<uint64_t>(1, rest.size()));
      const std::string_view bytes = rest.substr(0, length);
      rest.remove_prefix(bytes.size());
      if (!gone[client] && !local.io().closed(client)) local.io().write(client, bytes);
    } else if (action == 5) {
      gone[client] = true;
      local.io().hang_up(client);
    } else if (action == 6) {
      local.io().set_piece_bytes(head / (clients * 8) % 2 == 0 ? 1 : 4096);
    }
    const int turns = action == 7 ? 20 : 2;
    for (int i = 0; i < turns && !local.server().stopping(); ++i) local.turn();
  }
  local.io().set_piece_bytes(4096);
  local.end_and_check(clients);
  for (int i = 0; i < clients; ++i) {
    replies[i] = local.io().take_replies(i);
    require(is_replies(replies[i]), "not a reply", replies[i]);
  }
  return 0;
}
