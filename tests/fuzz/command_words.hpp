// Command lines for the fuzzers of programs: lines of the input are the words.
//
// Words lose their slashes, so that no file is written or read but in the directory of the test,
// and no device that never ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "tests/fuzz/load_fuzz.hpp"

namespace kv {

/// The words of an input behind those that are given, at most 24 of them.
inline std::vector<std::string> command_words(const uint8_t* data, size_t bytes,
                                              std::vector<std::string> words = {}) {
  const size_t words_max = words.size() + 24;
  words.emplace_back();
  for (size_t i = 0; i < bytes && words.size() <= words_max; ++i) {
    const char c = static_cast<char>(data[i]);
    if (c == '\n' || c == '\0') {
      words.emplace_back();
    } else {
      words.back() += c == '/' ? '_' : c;
    }
  }
  return words;
}

/// As main() gets them.
inline std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  return out;
}

/// From here on a config that is read from "-" ends at once.
inline void empty_standard_input() { require(std::freopen("/dev/null", "r", stdin) != nullptr); }

}  // namespace kv
