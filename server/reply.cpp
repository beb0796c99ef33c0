#include "server/reply.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "kvcore/memory/assert.hpp"

namespace kv {

namespace {

/// Longest text of an error, so that every error is a small reply.
constexpr uint64_t error_bytes_max = 500;

uint64_t decimal_digits(uint64_t value) {
  uint64_t count = 1;
  for (; value >= 10; value /= 10) ++count;
  return count;
}

/// A type byte, a number and CRLF.
class Header {
 public:
  Header(char type, int64_t value) {
    text_[0] = type;
    char* end = text_ + 1;
    if (value >= 0 && value < 100) {  // Nearly every one.
      const auto number = static_cast<uint64_t>(value);
      if (number >= 10) *end++ = static_cast<char>('0' + number / 10);
      *end++ = static_cast<char>('0' + number % 10);
    } else {
      const std::to_chars_result result = std::to_chars(end, text_ + sizeof text_ - 2, value);
      KV_ASSERT(result.ec == std::errc());
      end = result.ptr;
    }
    *end++ = '\r';
    *end++ = '\n';
    bytes_ = static_cast<uint64_t>(end - text_);
  }
  const char* text() const { return text_; }
  uint64_t bytes() const { return bytes_; }

 private:
  char text_[24];
  uint64_t bytes_;
};

}  // namespace

ReplyWriter ReplyWriter::counter(uint8_t protocol) {
  ReplyWriter writer;
  writer.capacity_ = UINT64_MAX;
  writer.protocol_ = protocol;
  return writer;
}

void ReplyWriter::status(std::string_view text) {
  raw("+");
  raw(text);
  raw("\r\n");
}

void ReplyWriter::error(std::string_view text) {
  text = text.substr(0, error_bytes_max);
  raw("-");
  char* const begin = claim(text.size());
  if (begin != nullptr) {
    std::transform(text.begin(), text.end(), begin,
                   [](char c) { return c == '\r' || c == '\n' ? ' ' : c; });
  }
  raw("\r\n");
}

void ReplyWriter::integer(int64_t value) { decimal(':', value); }

void ReplyWriter::bulk(std::string_view data) {
  char* const out = begin_bulk(data.size());
  if (out != nullptr && !data.empty()) std::memcpy(out, data.data(), data.size());
}

void ReplyWriter::null() { raw(protocol_ >= 3 ? "_\r\n" : "$-1\r\n"); }

void ReplyWriter::null_array() { raw(protocol_ >= 3 ? "_\r\n" : "*-1\r\n"); }

void ReplyWriter::array(uint64_t count) { decimal('*', static_cast<int64_t>(count)); }

void ReplyWriter::map(uint64_t pairs) {
  if (protocol_ >= 3) {
    decimal('%', static_cast<int64_t>(pairs));
  } else {
    array(pairs * 2);
  }
}

void ReplyWriter::set(uint64_t count) {
  decimal(protocol_ >= 3 ? '~' : '*', static_cast<int64_t>(count));
}

/// 17 significant digits, as in Redis.
void ReplyWriter::real(double value) {
  char digits[40];
  const std::to_chars_result end =
      std::to_chars(digits, digits + sizeof digits, value, std::chars_format::general, 17);
  KV_ASSERT(end.ec == std::errc());
  const std::string_view text(digits, static_cast<uint64_t>(end.ptr - digits));
  if (protocol_ < 3) return bulk(text);
  raw(",");
  raw(text);
  raw("\r\n");
}

constexpr std::string_view verbatim_kind = "txt:";

char* ReplyWriter::begin_verbatim(uint64_t bytes) {
  if (protocol_ < 3) return begin_bulk(bytes);
  decimal('=', static_cast<int64_t>(verbatim_kind.size() + bytes));
  raw(verbatim_kind);
  char* const content = claim(bytes);
  raw("\r\n");
  return content;
}

uint64_t ReplyWriter::verbatim_bytes(uint64_t bytes) const {
  return bulk_reply_bytes(protocol_ >= 3 ? verbatim_kind.size() + bytes : bytes);
}

char* ReplyWriter::begin_bulk(uint64_t bytes) {
  const Header header('$', static_cast<int64_t>(bytes));
  char* const begin = claim(header.bytes() + bytes + 2);
  if (begin == nullptr) return nullptr;
  char* const content = begin + header.bytes();
  std::memcpy(begin, header.text(), header.bytes());
  std::memcpy(content + bytes, "\r\n", 2);
  return content;
}

void ReplyWriter::raw(std::string_view text) {
  char* const out = claim(text.size());
  if (out != nullptr && !text.empty()) std::memcpy(out, text.data(), text.size());
}

void ReplyWriter::decimal(char type, int64_t value) {
  const Header header(type, value);
  raw({header.text(), header.bytes()});
}

char* ReplyWriter::claim(uint64_t bytes) {
  KV_ASSERT(fits(bytes));
  char* const begin = out_ == nullptr ? nullptr : out_ + written_;
  written_ += bytes;
  return begin;
}

uint64_t bulk_reply_bytes(uint64_t bytes) { return 1 + decimal_digits(bytes) + 2 + bytes + 2; }

uint64_t array_reply_bytes(uint64_t count) { return 1 + decimal_digits(count) + 2; }

}  // namespace kv
