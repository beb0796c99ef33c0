#include "server/request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "kvcore/memory/assert.hpp"
#include "server/commands/escape.hpp"
#include "server/commands/lookup.hpp"
#include "server/commands/text.hpp"
#include "server/connection_flags.hpp"

namespace kv {

namespace {

using Status = Parse::Status;

/// "$0\r\n\r\n": an argument takes at least this.
constexpr uint64_t empty_argument_bytes = 6;

/// Longest line with a count or a length that can still be a number: '*', a sign, 19 digits and
/// CRLF, with room to spare.
constexpr uint64_t header_bytes_max = 32;

/// Limits of Redis itself: PROTO_INLINE_MAX_SIZE, proto-max-bulk-len, and the arguments of one
/// command.
constexpr uint64_t redis_inline_bytes_max = 64 * kibibyte;
constexpr int64_t redis_bulk_bytes_max = 512 * mebibyte;
constexpr int64_t redis_arguments_max = 1024 * 1024;

/// What a client that has not authenticated may send, as in Redis.
constexpr int64_t redis_stranger_arguments_max = 10;
constexpr uint64_t redis_stranger_bytes_max = 16384;

/// Words that are neither key nor value (a client's name, a pattern) are kept up to this
/// length even where keys and values must be shorter.
constexpr uint64_t word_kept_bytes_max = 128;

Parse incomplete(uint64_t consumed, uint64_t needs) {
  return {Status::incomplete, consumed, needs, {}};
}
Parse complete(uint64_t consumed) { return {Status::complete, consumed, 0, {}}; }
Parse refused(uint64_t consumed) { return {Status::refused, consumed, 0, {}}; }
Parse broken(std::string_view error) { return {Status::broken, 0, 0, error}; }

/// "Protocol error: expected '$', got 'x'" for every byte that x can be.
struct ExpectedDollar {
  static constexpr std::string_view text = "Protocol error: expected '$', got 'x'";
  static constexpr uint64_t place = text.size() - 2;
  std::array<std::array<char, text.size()>, 256> texts = {};

  constexpr ExpectedDollar() {
    for (uint64_t byte = 0; byte < texts.size(); ++byte) {
      std::copy(text.begin(), text.end(), texts[byte].begin());
      const char got = static_cast<char>(byte);
      texts[byte][place] = got == '\r' || got == '\n' ? ' ' : got;  // As in Redis.
    }
  }
};
constexpr ExpectedDollar expected_dollar;

Parse broken_expected_dollar(char got) {
  const auto& text = expected_dollar.texts[static_cast<uint8_t>(got)];
  return broken({text.data(), text.size()});
}

/// A line "*3\r\n" or "$3\r\n".
struct Header {
  enum class State : uint8_t { whole, partial, too_long, invalid };
  State state;
  int64_t value = 0;
  uint64_t end = 0;  ///< behind its CRLF
};

/// Nearly every count and length has one digit or two.
Header read_short_header(std::string_view input, uint64_t at) {
  const auto digit = [&](uint64_t i) { return static_cast<uint8_t>(input[at + i] - '0'); };
  if (digit(1) > 9) return {Header::State::partial};
  if (input[at + 2] == '\r') return {Header::State::whole, digit(1), at + 4};
  if (digit(1) == 0 || digit(2) > 9 || input[at + 3] != '\r') return {Header::State::partial};
  return {Header::State::whole, digit(1) * 10 + digit(2), at + 5};
}

Header read_header(std::string_view input, uint64_t at) {
  if (at + 5 <= input.size()) {
    const Header header = read_short_header(input, at);
    if (header.state == Header::State::whole) return header;
  }
  const uint64_t limit = std::min<uint64_t>(input.size(), at + header_bytes_max);
  uint64_t cr = at + 1;
  while (cr < limit && input[cr] != '\r') ++cr;
  if (cr >= limit) {
    return {limit == input.size() && limit < at + header_bytes_max ? Header::State::partial
                                                                   : Header::State::too_long};
  }
  if (cr + 1 >= input.size()) return {Header::State::partial};
  // The byte behind the CR is taken for the LF without a look, as in Redis.
  const std::optional<int64_t> value = parse_integer(input.substr(at + 1, cr - at - 1));
  if (!value) return {Header::State::invalid};
  return {Header::State::whole, *value, cr + 2};
}

/// Reads a number of up to seven digits and what ends its line. Returns what comes behind it, or
/// null where that is not all there is to it.
const char* read_count(const char* at, const char* end, uint64_t& value) {
  constexpr int64_t digits_max = 7;
  if (end - at >= 4) {  // Nearly every count has one digit or two.
    const auto first = static_cast<uint8_t>(at[0] - '0');
    const auto second = static_cast<uint8_t>(at[1] - '0');
    value = first;
    if (first <= 9 && at[1] == '\r') return at + 3;
    value = uint64_t{first} * 10 + second;
    if (first >= 1 && first <= 9 && second <= 9 && at[2] == '\r') return at + 4;
  }
  const char* const begin = at;
  uint64_t number = 0;
  for (; at != end; ++at) {
    const auto digit = static_cast<uint8_t>(*at - '0');
    if (digit > 9) break;
    number = number * 10 + digit;
  }
  const int64_t digits = at - begin;
  const bool is_canonical = digits > 0 && digits <= digits_max && (*begin != '0' || digits == 1);
  // The byte behind the CR is taken for the LF without a look, as in Redis.
  if (!is_canonical || end - at < 2 || *at != '\r') return nullptr;
  value = number;
  return at + 2;
}

/// Reads the header of an argument; the error is set where it is broken.
struct ArgumentHeader {
  Header::State state;
  uint64_t bytes = 0;
  uint64_t begin = 0;  ///< of the content
  Parse error = {};
};

ArgumentHeader read_argument_header(std::string_view input, uint64_t at) {
  using State = Header::State;
  if (at == input.size()) return {State::partial};
  if (input[at] != '$') return {State::invalid, 0, 0, broken_expected_dollar(input[at])};
  const Header header = read_header(input, at);
  if (header.state == State::partial) return {State::partial};
  if (header.state == State::too_long) {
    return {State::invalid, 0, 0, broken("Protocol error: too big bulk count string")};
  }
  if (header.state == State::invalid || header.value < 0 || header.value > redis_bulk_bytes_max) {
    return {State::invalid, 0, 0, broken("Protocol error: invalid bulk length")};
  }
  return {State::whole, static_cast<uint64_t>(header.value), header.end};
}

void forget_frame(ConnectionRecord& record) {
  record.frame_scanned = 0;
  record.frame_args_left = 0;
  record.frame_args = 0;
  record.frame_needs = 0;
}

bool discarding(const ConnectionRecord& record) {
  return record.discard_bytes > 0 || record.discard_args > 0;
}

/// Consumes as much of a frame beyond a limit as there is.
Parse discard(std::string_view input, uint64_t at, ConnectionRecord& record) {
  for (;;) {
    const uint64_t skipped = std::min<uint64_t>(record.discard_bytes, input.size() - at);
    at += skipped;
    record.discard_bytes -= skipped;
    if (record.discard_bytes > 0) return incomplete(at, input.size() + 1);
    if (record.discard_args == 0) {
      forget_frame(record);
      return refused(at);
    }
    const ArgumentHeader header = read_argument_header(input, at);
    if (header.state == Header::State::partial) return incomplete(at, input.size() + 1);
    if (header.state != Header::State::whole) return header.error;
    at = header.begin;
    record.discard_bytes = header.bytes + 2;
    --record.discard_args;
  }
}

void refuse(ConnectionRecord& record, Limit limit, uint64_t value) {
  record.refused_limit = static_cast<uint8_t>(limit);
  record.refused_value = value;
}

/// Pushes the arguments of a frame that is known to be whole and well formed.
void collect(std::string_view frame, Scratch& scratch) {
  scratch.reset();
  const Header count = read_header(frame, 0);
  KV_ASSERT(count.state == Header::State::whole);
  uint64_t at = count.end;
  for (int64_t i = 0; i < count.value; ++i) {
    const ArgumentHeader header = read_argument_header(frame, at);
    KV_ASSERT(header.state == Header::State::whole);
    scratch.push(frame.substr(header.begin, header.bytes));
    at = header.begin + header.bytes + 2;
  }
  KV_ASSERT(at == frame.size());
}

/// Which limit an argument breaks that no argument may break, by the command that it is of.
Limit argument_limit(std::string_view input, uint64_t index, uint64_t count) {
  const Header header = read_header(input, 0);
  const ArgumentHeader name = read_argument_header(input, header.end);
  if (index == 0) return Limit::value_bytes;
  const Command command = find_command(input.substr(name.begin, name.bytes));
  if (command == Command::unknown) return Limit::value_bytes;
  return is_key_argument(command_info(command), index, count) ? Limit::key_bytes
                                                              : Limit::value_bytes;
}

}  // namespace

RequestParser::RequestParser(const Allocation& allocation)
    : argument_bytes_max_(std::max(
          {allocation.config.key_size_max, allocation.config.val_size_max, word_kept_bytes_max})),
      arguments_max_(allocation.config.command_args_max),
      request_bytes_max_(allocation.terms.request_bytes_max),
      inline_bytes_max_(std::min(redis_inline_bytes_max, request_bytes_max_)) {
  KV_ASSERT(arguments_max_ > 0);
  KV_ASSERT(request_bytes_max_ >= header_bytes_max);
}

Parse RequestParser::parse(std::string_view input, ConnectionRecord& record,
                           Scratch& scratch) const {
  if (discarding(record)) return discard(input, 0, record);
  record.refused_limit = static_cast<uint8_t>(Limit::none);
  if (input.empty()) return incomplete(0, 1);
  return input[0] == '*' ? parse_array(input, record, scratch)
                         : parse_inline(input, record, scratch);
}

PlainRequest RequestParser::parse_plain(std::string_view input, std::span<Slice> room) const {
  const char* const end = input.data() + input.size();
  uint64_t count = 0;
  if (input.empty() || input[0] != '*') return {};
  const char* at = read_count(input.data() + 1, end, count);
  if (at == nullptr || count == 0 || count > arguments_max_) return {};
  if (count > room.size()) return {.lacks_room = true};
  for (Slice& slice : room.first(count)) {
    uint64_t bytes = 0;
    if (at == end || *at != '$') return {};
    at = read_count(at + 1, end, bytes);
    if (at == nullptr || bytes > argument_bytes_max_) return {};
    if (static_cast<uint64_t>(end - at) < bytes + 2) return {};
    slice = {at, bytes};
    at += bytes + 2;
  }
  const auto frame_bytes = static_cast<uint64_t>(at - input.data());
  if (frame_bytes > request_bytes_max_) return {};
  return {frame_bytes, count};
}

Parse RequestParser::begin_discard(std::string_view input, uint64_t at,
                                   ConnectionRecord& record) const {
  KV_ASSERT(at <= input.size());
  KV_ASSERT(discarding(record));
  forget_frame(record);
  return discard(input, at, record);
}

Parse RequestParser::parse_array(std::string_view input, ConnectionRecord& record,
                                 Scratch& scratch) const {
  if (input.size() < record.frame_needs) return incomplete(0, record.frame_needs);
  uint64_t at = record.frame_scanned;
  uint64_t left = record.frame_args_left;
  const bool resumed = at > 0;
  if (!resumed) {
    const Header header = read_header(input, 0);
    if (header.state == Header::State::partial) return incomplete(0, input.size() + 1);
    if (header.state == Header::State::too_long) {
      return broken("Protocol error: too big mbulk count string");
    }
    if (header.state == Header::State::invalid || header.value > redis_arguments_max) {
      return broken("Protocol error: invalid multibulk length");
    }
    const bool stranger = client_trait::has(record, client_trait::unauthenticated);
    if (stranger && header.value > redis_stranger_arguments_max) {
      return broken("Protocol error: unauthenticated multibulk length");
    }
    scratch.reset();
    if (header.value <= 0) return complete(header.end);
    at = header.end;
    left = static_cast<uint64_t>(header.value);
    record.frame_args = static_cast<uint32_t>(left);
    const uint64_t frame_bytes_min = at + left * empty_argument_bytes;
    if (left > arguments_max_ || frame_bytes_min > request_bytes_max_) {
      const bool many = left > arguments_max_;
      refuse(record, many ? Limit::arguments : Limit::request_bytes, many ? left : frame_bytes_min);
      record.discard_args = static_cast<uint32_t>(left);
      return begin_discard(input, at, record);
    }
  }

  while (left > 0) {
    const ArgumentHeader header = read_argument_header(input, at);
    if (header.state == Header::State::invalid) return header.error;
    const bool partial = header.state == Header::State::partial;
    if (header.bytes > redis_stranger_bytes_max &&
        client_trait::has(record, client_trait::unauthenticated)) {
      return broken("Protocol error: unauthenticated bulk length");
    }
    const uint64_t end = partial ? input.size() + 1 : header.begin + header.bytes + 2;
    const uint64_t frame_bytes_min = end + (left - 1) * empty_argument_bytes;
    const bool too_long = header.bytes > argument_bytes_max_;
    if (too_long || frame_bytes_min > request_bytes_max_) {
      const uint64_t index = record.frame_args - left;
      refuse(record,
             too_long ? argument_limit(input, index, record.frame_args) : Limit::request_bytes,
             too_long ? header.bytes : frame_bytes_min);
      record.discard_bytes = partial ? 0 : header.bytes + 2;
      record.discard_args = static_cast<uint32_t>(partial ? left : left - 1);
      return begin_discard(input, partial ? at : header.begin, record);
    }
    if (end > input.size()) {
      record.frame_scanned = static_cast<uint32_t>(at);
      record.frame_args_left = static_cast<uint32_t>(left);
      record.frame_needs = static_cast<uint32_t>(end);
      return incomplete(0, end);
    }
    if (!resumed) scratch.push(input.substr(header.begin, header.bytes));
    at = end;
    --left;
  }
  if (resumed) collect(input.substr(0, at), scratch);
  forget_frame(record);
  return complete(at);
}

namespace {

/// Splits an inline command into arguments, with Redis's rules of quoting: "…" knows \n \r \t
/// \b \a \xHH and \c for any other c, '…' knows only \'. Source: sdssplitargs() of Redis 7.
class InlineArguments {
 public:
  /// Unquoted text goes to `out`, which has room for the line; null where there are no quotes.
  InlineArguments(std::string_view line, char* out) : line_(line), out_(out) {}

  bool unbalanced() const { return unbalanced_; }

  /// Takes the next argument. Returns false at the end, and where quotes are unbalanced.
  bool next(std::string_view& argument) {
    while (at_ < line_.size() && is_blank(line_[at_])) ++at_;
    if (at_ == line_.size()) return false;
    if (out_ == nullptr) {
      const uint64_t begin = at_;
      while (at_ < line_.size() && !ends_argument(line_[at_])) ++at_;
      argument = line_.substr(begin, at_ - begin);
      return true;
    }
    const char* const begin = out_;
    while (at_ < line_.size() && !ends_argument(line_[at_])) {
      const char c = line_[at_++];
      if (c != '"' && c != '\'') {
        *out_++ = c;
      } else if (!unquote(c)) {
        unbalanced_ = true;
        return false;
      } else if (at_ < line_.size()) {
        break;  // A closing quote ends the argument: a blank is next.
      }
    }
    argument = {begin, static_cast<uint64_t>(out_ - begin)};
    return true;
  }

 private:
  static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
  static bool ends_argument(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

  /// Copies up to the closing quote. Returns whether there is one with a blank behind it.
  bool unquote(char quote) {
    while (at_ < line_.size()) {
      const char c = line_[at_++];
      if (c == quote) return at_ == line_.size() || is_blank(line_[at_]);
      if (c != '\\' || at_ == line_.size()) {
        *out_++ = c;
      } else if (quote == '"') {
        *out_++ = unescape();
      } else if (line_[at_] == '\'') {
        *out_++ = line_[at_++];
      } else {
        *out_++ = c;
      }
    }
    return false;
  }

  /// The character that the escape behind a backslash stands for. REQUIRES: there is one.
  char unescape() {
    const Escape escape = read_escape(line_.substr(at_));
    at_ += escape.bytes;
    return escape.character;
  }

  std::string_view line_;
  char* out_;
  uint64_t at_ = 0;
  bool unbalanced_ = false;
};

}  // namespace

Parse RequestParser::parse_inline(std::string_view input, ConnectionRecord& record,
                                  Scratch& scratch) const {
  constexpr std::string_view too_big = "Protocol error: too big inline request";
  const uint64_t limit = std::min<uint64_t>(input.size(), inline_bytes_max_);
  KV_ASSERT(record.frame_scanned <= limit);
  const uint64_t newline = input.substr(0, limit).find('\n', record.frame_scanned);
  if (newline == std::string_view::npos) {
    if (limit == inline_bytes_max_) return broken(too_big);
    record.frame_scanned = static_cast<uint32_t>(limit);
    return incomplete(0, input.size() + 1);
  }
  forget_frame(record);
  std::string_view line = input.substr(0, newline);
  if (line.ends_with('\r')) line.remove_suffix(1);
  line = line.substr(0, line.find('\0'));  // Redis reads it as a C string.

  scratch.reset();
  const bool quoted = line.find_first_of("\"'") != std::string_view::npos;
  char* const unquoted = quoted ? scratch.tail(line.size(), /*slices=*/1) : nullptr;
  if (quoted && unquoted == nullptr) return broken(too_big);
  InlineArguments arguments(line, unquoted);
  std::string_view argument;
  uint64_t count = 0;
  while (arguments.next(argument)) {
    if (++count > arguments_max_) continue;
    if (quoted && scratch.tail(line.size(), count) == nullptr) return broken(too_big);
    scratch.push(argument);
  }
  if (arguments.unbalanced()) return broken("Protocol error: unbalanced quotes in request");
  if (count <= arguments_max_) return complete(newline + 1);
  refuse(record, Limit::arguments, count);
  return refused(newline + 1);
}

void write_refusal(ReplyWriter& reply, const ConnectionRecord& record,
                   const Allocation& allocation) {
  const Config& config = allocation.config;
  char text[160];
  const auto error = [&](auto format, uint64_t limit) {
    const auto end = fmt::format_to_n(text, sizeof text, format, record.refused_value, limit);
    reply.error({text, std::min<uint64_t>(end.size, sizeof text)});
  };
  switch (static_cast<Limit>(record.refused_limit)) {
    case Limit::key_bytes:
      return error(FMT_STRING("ERR key of {} bytes exceeds key_size_max ({})"),
                   config.key_size_max);
    case Limit::value_bytes:
      return error(FMT_STRING("ERR value of {} bytes exceeds val_size_max ({})"),
                   config.val_size_max);
    case Limit::arguments:
      return error(FMT_STRING("ERR request of {} arguments exceeds command_args_max ({})"),
                   config.command_args_max);
    case Limit::request_bytes:
      return error(FMT_STRING("ERR request of {} bytes or more exceeds the largest request ({})"),
                   allocation.terms.request_bytes_max);
    case Limit::none:
      break;
  }
  KV_ASSERT(record.refused_limit != static_cast<uint8_t>(Limit::none));
}

}  // namespace kv
