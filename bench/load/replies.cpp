#include "bench/load/replies.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace kv::bench {

namespace {

constexpr uint64_t error_bytes_max = 200;
constexpr uint64_t number_max = 1ULL << 40;

}  // namespace

uint64_t ReplyCounter::feed(std::span<const char> bytes) {
  uint64_t complete = 0;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end && !malformed_) {
    if (skip_ > 0) {
      const uint64_t skipped = std::min(skip_, static_cast<uint64_t>(end - at));
      skip_ -= skipped;
      at += skipped;
      if (skip_ == 0) --elements_;
    } else {
      at = header(at, end);
    }
    if (elements_ == 0) {
      ++complete;
      elements_ = 1;
    }
  }
  return malformed_ ? 0 : complete;
}

/// Reads on in a line, or begins one.
const char* ReplyCounter::header(const char* at, const char* end) {
  if (type_ == 0) {
    type_ = *at++;
    negative_ = false;
    number_ = 0;
    if (type_ == '-') ++errors_;
  }
  switch (type_) {
    case '+':
    case '-':
      return text_line(at, end);
    case ':':
    case '$':
    case '*':
      return number_line(at, end);
    default:
      fail(type_);
      return end;
  }
}

const char* ReplyCounter::text_line(const char* at, const char* end) {
  const auto* line_end =
      static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
  const char* stop = line_end == nullptr ? end : line_end;
  if (type_ == '-' && errors_ == 1 && first_error_.size() < error_bytes_max) {
    first_error_.append(at, stop);
    if (first_error_.ends_with('\r')) first_error_.pop_back();
  }
  if (line_end == nullptr) return end;
  type_ = 0;
  --elements_;
  return line_end + 1;
}

const char* ReplyCounter::number_line(const char* at, const char* end) {
  while (at != end) {
    const char byte = *at++;
    if (byte >= '0' && byte <= '9') {
      number_ = number_ * 10 + static_cast<uint64_t>(byte - '0');
      // A length so large is none, and an integer's value is not looked at.
      number_ = std::min(number_, number_max);
    } else if (byte == '\n') {
      number_ends();
      return at;
    } else if (byte == '-') {
      negative_ = true;
    } else if (byte != '\r') {
      fail(byte);
      return end;
    }
  }
  return at;
}

void ReplyCounter::number_ends() {
  if (type_ == ':') {
    --elements_;
  } else if (negative_) {
    ++misses_;
    --elements_;
  } else if (type_ == '$') {
    skip_ = number_ + 2;
  } else {
    elements_ += number_;
    --elements_;
  }
  type_ = 0;
}

void ReplyCounter::fail(char found) {
  malformed_ = true;
  if (!first_error_.empty()) return;
  first_error_ = fmt::format("no reply of RESP2 begins or goes on with byte {}",
                             static_cast<unsigned char>(found));
}

}  // namespace kv::bench
