// Names that a client gives itself: CLIENT SETNAME, CLIENT SETINFO, HELLO SETNAME. They are
// held in its record, and always clean enough to stand in a line of CLIENT LIST.
#pragma once

#include <cstring>
#include <string_view>

#include "server/commands/handlers.hpp"

namespace kv {

/// Printable and without blanks: the text can stand in a line of CLIENT LIST.
bool is_clean(std::string_view text);

/// Whether the text can be a client's name; if not, replies.
bool is_client_name(Call& call, std::string_view name);

/// Keeps `text` in a field of the connection's record. REQUIRES: it is not longer.
template <uint64_t size>
void keep_name(char (&field)[size], std::string_view text) {
  KV_ASSERT(text.size() <= size);
  std::memset(field, 0, size);
  if (!text.empty()) std::memcpy(field, text.data(), text.size());
}

}  // namespace kv
