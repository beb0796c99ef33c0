// A string of bounded length, held in place.
//
// Config holds these instead of std::string so that it stays a plain value: constexpr,
// copied without allocating, the same on every machine. 128 bytes, of which 127 are text.
#pragma once

#include <cstdint>
#include <string_view>

namespace kv {

struct Text {
  static constexpr uint64_t bytes_max = 127;

  char data[bytes_max] = {};
  uint8_t bytes = 0;

  constexpr Text() = default;
  /// REQUIRES: text.size() <= bytes_max; loaders check that before.
  constexpr Text(std::string_view text) : bytes(static_cast<uint8_t>(text.size())) {  // NOLINT
    for (uint64_t i = 0; i < text.size(); ++i) data[i] = text[i];
  }
  constexpr Text(const char* text) : Text(std::string_view(text)) {}  // NOLINT

  constexpr std::string_view view() const { return {data, bytes}; }
  constexpr bool operator==(const Text& other) const { return view() == other.view(); }
};

static_assert(sizeof(Text) == 128);

}  // namespace kv
