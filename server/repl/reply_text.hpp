// Replies as people read them: RESP, versions 2 and 3, in the form that redis-cli gives it on a
// terminal, and lines of words as redis-cli reads them.
//
//     :3 → (integer) 3      $3 abc → "abc"      $-1 → (nil)      *2 … → 1) "a" 2) "b"
//
// Source: cliFormatReplyTTY() of Redis 7.0; sdssplitargs().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kv {

/// Bytes of the reply at the start of `bytes`, or 0 while it is not complete.
uint64_t reply_bytes(std::string_view bytes);

/// The reply in words, with a line end. REQUIRES: a complete reply.
std::string reply_text(std::string_view reply);

/// The content of a reply that is one string, verbatim or not; nothing for any other.
std::optional<std::string_view> reply_string(std::string_view reply);

/// Splits at blanks; "a\x41\n" and 'a' are quoted words. Nothing when quotes are not balanced.
std::optional<std::vector<std::string>> split_words(std::string_view line);

}  // namespace kv
