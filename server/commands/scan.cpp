// KEYS SCAN RANDOMKEY: the keys as a set.
//
// An entry keeps its index for its whole life, so a cursor is the index to go on at: a key that
// is there from the first call to the last is returned once, whatever happens to others.

#include <algorithm>
#include <charconv>

#include "server/commands/glob.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

namespace {

/// Which keys are wanted.
struct Filter {
  std::string_view pattern = "*";
  std::string_view type;  ///< empty: any

  bool accepts(const Store& store, uint32_t index) const {
    if (!store.is_live(index)) return false;
    const Entry& entry = store.entry_at(index);
    const bool list = entry.type == Entry::Type::list;
    if (!type.empty() && !same_word(type, list ? "list" : "string")) return false;
    if (pattern == "*") return true;
    return matches_glob(store.key_reader(entry), pattern, LetterCase::differs);
  }
};

void write_key(ReplyWriter& reply, const Store& store, const Entry& entry) {
  char* const out = reply.begin_bulk(entry.key_bytes);
  if (out != nullptr) store.read_key(entry, out);
}

/// Entries from `begin` to before `end`, and the keys among them that the filter accepts.
struct Window {
  uint32_t begin = 0;
  uint32_t end = 0;
  uint64_t keys = 0;
  uint64_t bytes = 0;  ///< of the keys as a reply
};

void write_keys(Call& call, const Filter& filter, const Window& window) {
  call.reply.array(window.keys);
  for (uint32_t index = window.begin; index < window.end; ++index) {
    if (!filter.accepts(call.store, index)) continue;
    write_key(call.reply, call.store, call.store.entry_at(index));
  }
}

/// What a call of SCAN asks for.
struct ScanRequest {
  uint64_t cursor = 0;
  uint64_t count = 10;
  Filter filter;
};

/// Returns whether the options are known; if not, replies. Source: scanGenericCommand().
bool parse_scan(Call& call, ScanRequest& out) {
  const Arguments& args = call.args;
  const std::string_view cursor = args[1];
  const std::from_chars_result end =
      std::from_chars(cursor.data(), cursor.data() + cursor.size(), out.cursor);
  if (end.ec != std::errc() || end.ptr != cursor.data() + cursor.size()) {
    return fail(call, "ERR invalid cursor"), false;
  }
  for (uint64_t i = 2; i < args.size(); i += 2) {
    if (i + 1 == args.size()) return fail_syntax(call), false;
    if (same_word(args[i], "COUNT")) {
      const std::optional<int64_t> count = parse_integer(args[i + 1]);
      if (!count) return fail_not_an_integer(call), false;
      if (*count < 1) return fail_syntax(call), false;
      out.count = static_cast<uint64_t>(*count);
    } else if (same_word(args[i], "MATCH")) {
      out.filter.pattern = args[i + 1];
    } else if (same_word(args[i], "TYPE")) {
      out.filter.type = args[i + 1];
    } else {
      return fail_syntax(call), false;
    }
  }
  return true;
}

/// The next window of a scan: so many live keys, or ten times as many entries where few are,
/// and no more than fit the largest reply.
Window next_window(const Store& store, const ScanRequest& request, uint64_t bytes_max) {
  Window window;
  window.begin = window.end =
      static_cast<uint32_t>(std::min<uint64_t>(request.cursor, store.entry_end()));
  const uint64_t steps_max = std::min<uint64_t>(request.count, UINT32_MAX) * 10;
  uint64_t live = 0;
  for (uint64_t steps = 0; steps < steps_max && live < request.count; ++steps) {
    if (window.end == store.entry_end()) break;
    live += store.is_live(window.end);
    if (request.filter.accepts(store, window.end)) {
      const uint64_t bytes = bulk_reply_bytes(store.entry_at(window.end).key_bytes);
      if (window.keys > 0 && window.bytes + bytes > bytes_max) break;
      ++window.keys;
      window.bytes += bytes;
    }
    ++window.end;
  }
  return window;
}

}  // namespace

Outcome keys(Call& call) {
  Filter filter;
  filter.pattern = call.args[1];
  Window window;
  window.end = call.store.entry_end();
  for (uint32_t index = 0; index < window.end; ++index) {
    if (!filter.accepts(call.store, index)) continue;
    ++window.keys;
    window.bytes += bulk_reply_bytes(call.store.entry_at(index).key_bytes);
  }
  const uint64_t bytes = array_reply_bytes(window.keys) + window.bytes;
  if (bytes > call.server.allocation->terms.reply_bytes_max) {
    return fail_reply_too_large(call, bytes);
  }
  if (!call.reply.fits(bytes)) return call.needs(bytes);
  write_keys(call, filter, window);
  return Outcome::done;
}

Outcome scan(Call& call) {
  ScanRequest request;
  if (!parse_scan(call, request)) return Outcome::done;
  const Terms& terms = call.server.allocation->terms;
  // "*2", the cursor of ten digits, and the count of keys, which are fewer than the bytes.
  const uint64_t header_bytes =
      array_reply_bytes(2) + bulk_reply_bytes(10) + array_reply_bytes(terms.reply_bytes_max);
  const Window window = next_window(call.store, request, terms.reply_bytes_max - header_bytes);
  char cursor[24];
  const uint32_t next = window.end == call.store.entry_end() ? 0 : window.end;
  const std::to_chars_result end = std::to_chars(cursor, cursor + sizeof cursor, next);
  const std::string_view cursor_text(cursor, static_cast<uint64_t>(end.ptr - cursor));
  const uint64_t bytes = array_reply_bytes(2) + bulk_reply_bytes(cursor_text.size()) +
                         array_reply_bytes(window.keys) + window.bytes;
  if (!call.reply.fits(bytes)) return call.needs(bytes);
  call.reply.array(2);
  call.reply.bulk(cursor_text);
  write_keys(call, request.filter, window);
  return Outcome::done;
}

Outcome randomkey(Call& call) {
  const uint32_t index = call.store.random_entry();
  if (index == index_none) {
    call.reply.null();
    return Outcome::done;
  }
  const Entry& entry = call.store.entry_at(index);
  const uint64_t bytes = bulk_reply_bytes(entry.key_bytes);
  if (!call.reply.fits(bytes)) return call.needs(bytes);
  write_key(call.reply, call.store, entry);
  return Outcome::done;
}

}  // namespace kv::handle
