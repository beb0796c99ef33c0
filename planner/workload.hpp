// What is to be stored: keys of a few kinds, by their sizes and how many there are of each.
//
// Comes from flags or from a histogram file. Its sums fit in 64 bits whatever is asked of it:
// it has at most as many chains of blocks as blocks can exist, and no more bytes than an arena.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kvcore/load/diagnostic.hpp"

namespace kv {

/// Keys that are alike.
struct KeyKind {
  uint64_t key_bytes = 0;
  uint64_t value_bytes = 0;  ///< of a string, or of each element of a list
  uint64_t list_length = 0;  ///< elements; 0 for a string
  uint64_t count = 0;        ///< keys of this kind
};

/// Chains of blocks that hold as many bytes each: a key with its string, a list's key, or an
/// element.
struct ChainKind {
  uint64_t bytes = 0;
  uint64_t count = 0;
};

class Workload {
 public:
  /// Adds keys. Returns an empty text, or what is wrong with them; then nothing was added.
  std::string add(const KeyKind& kind);

  const std::vector<KeyKind>& kinds() const { return kinds_; }
  uint64_t key_count() const { return key_count_; }
  uint64_t chain_count() const { return chain_count_; }
  uint64_t data_bytes() const { return data_bytes_; }  ///< of all keys and values
  uint64_t key_bytes_max() const { return key_bytes_max_; }
  uint64_t value_bytes_max() const { return value_bytes_max_; }
  uint64_t list_length_max() const { return list_length_max_; }

  /// By their bytes, ascending; no two have the same.
  std::vector<ChainKind> chains() const;

 private:
  std::vector<KeyKind> kinds_;
  uint64_t key_count_ = 0;
  uint64_t chain_count_ = 0;
  uint64_t data_bytes_ = 0;
  uint64_t key_bytes_max_ = 0;
  uint64_t value_bytes_max_ = 0;
  uint64_t list_length_max_ = 0;
};

/// Lines of a histogram are at most so many.
constexpr uint64_t histogram_lines_max = 100'000;

/// Reads a histogram ("-" is standard input): CSV whose first line names its columns, or a JSON
/// object in each line. Every mistake is added to `out`. Returns whether nothing was added.
///
///     key_bytes,value_bytes,count,list_length      {"key_bytes": 16, "value_bytes": 64,
///     16,64,900000,0                                 "count": 900000}
///     24,100,5000,50
bool load_histogram(const std::string& path, Workload& workload, Diagnostics& out);

}  // namespace kv
