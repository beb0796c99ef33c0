// The addresses in server.address: words separated by blanks.
//
//   for (const std::string_view address : AddressList("127.0.0.1 ::1")) …
#pragma once

#include <cstdint>
#include <string_view>

namespace kv {

/// Sockets that a server listens on besides the Unix socket. An accept is in flight for each,
/// and the completion ring has room for 64 operations that are no client's.
constexpr uint64_t listen_addresses_max = 16;

class AddressList {
 public:
  class Iterator {
   public:
    constexpr explicit Iterator(std::string_view rest) : rest_(rest) { next(); }
    constexpr std::string_view operator*() const { return word_; }
    constexpr Iterator& operator++() {
      next();
      return *this;
    }
    constexpr bool operator!=(const Iterator& other) const {
      return word_.empty() != other.word_.empty() || rest_.size() != other.rest_.size();
    }

   private:
    constexpr void next() {
      while (rest_.starts_with(' ')) rest_.remove_prefix(1);
      word_ = rest_.substr(0, rest_.find(' '));
      rest_.remove_prefix(word_.size());
    }

    std::string_view rest_;
    std::string_view word_;
  };

  constexpr explicit AddressList(std::string_view text) : text_(text) {}
  constexpr Iterator begin() const { return Iterator(text_); }
  constexpr Iterator end() const { return Iterator({}); }

 private:
  std::string_view text_;
};

}  // namespace kv
