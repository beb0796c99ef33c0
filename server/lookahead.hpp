// What was received and is about to be executed: requests that were parsed ahead of their turn, so
// that the memory of their keys is on its way before the first of them runs.
//
// Only plain requests are parsed ahead: whole arrays, of a client that may send any. Everything
// else is parsed when its turn comes, and so is what does not fit. Parsing ahead is not executing:
// whoever is not reached, because the client has to wait or is closed, is parsed again later.
// Bytes: 64 requests of 48, 512 slices of 16 and 256 keys of 24, part of the process.
//
//     receive buffers ──► parse ──► bucket … entry … value on their way ──► execute in order
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "server/request.hpp"
#include "server/store.hpp"

namespace kv {

class Lookahead {
 public:
  /// A plain request of a client.
  struct Request {
    std::span<Slice> arguments;
    std::span<const KnownKey> keys;
    uint32_t connection;
    uint32_t begin;  ///< of the frame in the client's buffer
    uint32_t bytes;  ///< of the frame
    Command command;
  };

  /// Forgets everything that was parsed ahead.
  void clear() { begin_ = end_ = slices_used_ = keys_used_ = 0; }
  bool empty() const { return begin_ == end_; }

  /// Whose input is read, and from which place of the buffer on.
  struct From {
    uint32_t connection;
    uint32_t begin;
  };

  /// Parses what it has room for of a client's `input`, and asks for the buckets of the keys.
  /// Returns whether there is room for more.
  bool read(const RequestParser& parser, const Store& store, From from, std::string_view input);

  /// Asks for the entries of the keys and then for their values.
  void prefetch(const Store& store);

  /// The next request of the client, or null where none was parsed ahead.
  const Request* next_of(uint32_t connection) const {
    return begin_ != end_ && requests_[begin_].connection == connection ? &requests_[begin_]
                                                                        : nullptr;
  }
  /// Takes the next request off. REQUIRES: !empty().
  void pop() { ++begin_; }
  /// Takes all of the client's off that come next.
  void drop(uint32_t connection) {
    while (next_of(connection) != nullptr) pop();
  }

 private:
  std::span<const KnownKey> find_keys(const Request& request, const Store& store);

  std::array<Request, 64> requests_ = {};
  std::array<Slice, 512> slices_ = {};
  std::array<KnownKey, 256> keys_ = {};
  uint64_t begin_ = 0;
  uint64_t end_ = 0;
  uint64_t slices_used_ = 0;
  uint64_t keys_used_ = 0;
};

}  // namespace kv
