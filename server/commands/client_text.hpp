// Words about a client that several commands use: its address, its name, its line in CLIENT
// LIST. Each is written into a text of fixed size, which its longest form fits.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/call.hpp"

namespace kv {

/// A text held in place.
template <uint64_t capacity>
class HeldText {
 public:
  std::string_view view() const { return {text, bytes}; }

  char text[capacity] = {};
  uint64_t bytes = 0;
};

/// "127.0.0.1:6379", "[::1]:6379", "/run/kvd.sock:0". The path may be 107 bytes long.
using AddressText = HeldText<128>;
AddressText address_text(const SocketName& name, const Config& config);

/// A name of CLIENT SETNAME or SETINFO, without the bytes that are not used.
template <uint64_t size>
std::string_view held_name(const char (&field)[size]) {
  uint64_t bytes = 0;
  while (bytes < size && field[bytes] != '\0') ++bytes;
  return {field, bytes};
}

/// One client as CLIENT LIST shows it, with its newline. Source: catClientInfoString() of
/// Redis 7, with lib-name and lib-ver of 7.2 at the end.
using ClientLine = HeldText<896>;
ClientLine client_line(const ConnectionRecord& client, const ServerView& server);

}  // namespace kv
