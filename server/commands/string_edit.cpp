// APPEND GETRANGE SUBSTR SETRANGE INCR DECR INCRBY DECRBY INCRBYFLOAT: strings changed in place.

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "kvcore/memory/assert.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/text.hpp"

namespace kv::handle {

namespace {

bool is_string(const Entry& entry) { return entry.type == Entry::Type::string; }

/// What is longer is no number: 19 digits and a sign, or what a long double takes at most.
constexpr uint64_t integer_bytes_max = 20;
constexpr uint64_t float_bytes_max = 5 * 1024 - 1;

/// Parses a string of the store with `parse`, unless it is too long to be a number.
template <uint64_t bytes_max, class Parse>
auto parse_stored(const Call& call, Store::Found found, Parse parse) {
  const Entry& entry = call.store.entry(found);
  using Result = decltype(parse(std::string_view()));
  if (entry.length > bytes_max) return Result();
  char text[bytes_max];
  call.store.read(entry, text);
  return parse({text, entry.length});
}

Outcome fail_value_size(Call& call, uint64_t bytes) {
  return fail_with(call, "ERR value of {} bytes exceeds val_size_max ({})", bytes,
                   call.server.allocation->config.val_size_max);
}

bool is_too_long(const Call& call, uint64_t bytes) {
  return bytes > call.server.allocation->config.val_size_max;
}

/// Source: incrDecrCommand() of Redis 7.
Outcome increment(Call& call, int64_t by) {
  const Store::Found found = call.store.find(call.args[1]);
  int64_t value = 0;
  if (found) {
    if (!is_string(call.store.entry(found))) return fail_wrong_type(call);
    const std::optional<int64_t> old = parse_stored<integer_bytes_max>(call, found, parse_integer);
    if (!old) return fail_not_an_integer(call);
    value = *old;
  }
  if (__builtin_add_overflow(value, by, &value)) {
    return fail(call, "ERR increment or decrement would overflow");
  }
  char digits[24];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, value);
  KV_ASSERT(end.ec == std::errc());
  const std::string_view text(digits, static_cast<uint64_t>(end.ptr - digits));
  if (is_too_long(call, text.size())) return fail_value_size(call, text.size());
  const StoreResult result = call.store.set(call.args[1], text, Store::keep_deadline);
  if (!result.ok()) return fail(call, result);
  call.reply.integer(value);
  return Outcome::done;
}

/// Source: string2ld() of Redis 7.
std::optional<long double> parse_float(std::string_view text) {
  char terminated[float_bytes_max + 1];
  if (text.empty() || text.size() > float_bytes_max) return std::nullopt;
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  const char first = text[0];
  if (first == ' ' || (first >= '\t' && first <= '\r')) return std::nullopt;
  errno = 0;
  char* end = nullptr;
  const long double value = std::strtold(terminated, &end);
  if (end != terminated + text.size() || std::isnan(value)) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  return value;
}

/// 17 decimals without the zeros at their end, as people write numbers. The longest long double
/// has 4,933 digits before the point. Source: ld2string() of Redis 7 with LD_STR_HUMAN.
class FloatText {
 public:
  explicit FloatText(long double value) {
    const int length = std::snprintf(text_, sizeof text_, "%.17Lf", value);
    KV_ASSERT(length > 0 && static_cast<uint64_t>(length) < sizeof text_);
    bytes_ = static_cast<uint64_t>(length);
    while (text_[bytes_ - 1] == '0') --bytes_;
    if (text_[bytes_ - 1] == '.') --bytes_;
    if (view() == "-0") {
      text_[0] = '0';
      bytes_ = 1;
    }
  }
  std::string_view view() const { return {text_, bytes_}; }

 private:
  char text_[5 * 1024];
  uint64_t bytes_ = 0;
};

/// The bytes of a string that two positions name; negative ones count from the end.
/// Source: getrangeCommand() of Redis 7.
struct Range {
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

Range range_of(int64_t first, int64_t last, uint64_t bytes) {
  const int64_t size = static_cast<int64_t>(bytes);
  if (first < 0 && last < 0 && first > last) return {};
  const int64_t begin = std::max<int64_t>(first < 0 ? size + first : first, 0);
  const int64_t end =
      std::min<int64_t>(std::max<int64_t>(last < 0 ? size + last : last, 0), size - 1);
  if (size == 0 || begin > end) return {};
  return {static_cast<uint64_t>(begin), static_cast<uint64_t>(end - begin + 1)};
}

/// Writes into a string that may not be there yet, and replies with its length.
Outcome write(Call& call, Store::Found found, uint64_t offset, std::string_view data) {
  const StoreResult result = call.store.write(call.args[1], found, offset, data);
  if (!result.ok()) return fail(call, result);
  call.reply.integer(static_cast<int64_t>(result.value));
  return Outcome::done;
}

}  // namespace

Outcome append(Call& call) {
  const Store::Found found = call.store.find(call.args[1]);
  if (found && !is_string(call.store.entry(found))) return fail_wrong_type(call);
  const uint64_t old_bytes = found ? call.store.entry(found).length : 0;
  const uint64_t bytes = old_bytes + call.args[2].size();
  if (is_too_long(call, bytes)) return fail_value_size(call, bytes);
  return write(call, found, old_bytes, call.args[2]);
}

Outcome setrange(Call& call) {
  const std::string_view data = call.args[3];
  const std::optional<int64_t> offset = parse_integer(call.args[2]);
  if (!offset) return fail_not_an_integer(call);
  if (*offset < 0) return fail(call, "ERR offset is out of range");
  const Store::Found found = call.store.find(call.args[1]);
  if (found && !is_string(call.store.entry(found))) return fail_wrong_type(call);
  if (data.empty()) {
    call.reply.integer(found ? call.store.entry(found).length : 0);
    return Outcome::done;
  }
  const uint64_t end = static_cast<uint64_t>(*offset) + data.size();
  if (is_too_long(call, end)) return fail_value_size(call, end);
  return write(call, found, static_cast<uint64_t>(*offset), data);
}

Outcome getrange(Call& call) {
  const std::optional<int64_t> first = parse_integer(call.args[2]);
  const std::optional<int64_t> last = parse_integer(call.args[3]);
  if (!first || !last) return fail_not_an_integer(call);
  const Store::Found found = call.store.find(call.args[1]);
  if (!found) {
    count_lookup(call, false);
    call.reply.bulk({});
    return Outcome::done;
  }
  const Entry& entry = call.store.entry(found);
  if (!is_string(entry)) return fail_wrong_type(call);
  const Range range = range_of(*first, *last, entry.length);
  const uint64_t bytes = bulk_reply_bytes(range.bytes);
  if (!call.reply.fits(bytes)) return call.needs(bytes);
  count_lookup(call, true);
  call.store.read(entry, range.offset, range.bytes, call.reply.begin_bulk(range.bytes));
  return Outcome::done;
}

Outcome substr(Call& call) { return getrange(call); }

Outcome incr(Call& call) { return increment(call, 1); }
Outcome decr(Call& call) { return increment(call, -1); }

Outcome incrby(Call& call) {
  const std::optional<int64_t> by = parse_integer(call.args[2]);
  return by ? increment(call, *by) : fail_not_an_integer(call);
}

Outcome decrby(Call& call) {
  const std::optional<int64_t> by = parse_integer(call.args[2]);
  if (!by) return fail_not_an_integer(call);
  if (*by == INT64_MIN) return fail(call, "ERR decrement would overflow");
  return increment(call, -*by);
}

Outcome incrbyfloat(Call& call) {
  const Store::Found found = call.store.find(call.args[1]);
  std::optional<long double> value = 0;
  if (found) {
    if (!is_string(call.store.entry(found))) return fail_wrong_type(call);
    value = parse_stored<float_bytes_max>(call, found, parse_float);
  }
  const std::optional<long double> by = parse_float(call.args[2]);
  if (!value || !by) return fail(call, "ERR value is not a valid float");
  const long double sum = *value + *by;
  if (std::isnan(sum) || std::isinf(sum)) {
    return fail(call, "ERR increment would produce NaN or Infinity");
  }
  const FloatText text(sum);
  const uint64_t bytes = text.view().size();
  if (is_too_long(call, bytes)) return fail_value_size(call, bytes);
  if (!call.reply.fits(bulk_reply_bytes(bytes))) return call.needs(bulk_reply_bytes(bytes));
  const StoreResult result = call.store.set(call.args[1], text.view(), Store::keep_deadline);
  if (!result.ok()) return fail(call, result);
  call.reply.bulk(text.view());
  return Outcome::done;
}

}  // namespace kv::handle
