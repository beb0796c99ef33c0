// Source: the text of a config file, from which the loaders make places.
//
// Holds a view; the text outlives it. Lines are found once: 4 bytes for each line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvcore/load/diagnostic.hpp"

namespace kv {

class Source {
 public:
  Source(std::string name, std::string_view text);

  std::string_view text() const { return text_; }

  /// The place of text[begin, end). An end on a later line is moved to the end of the first.
  Place place(uint64_t begin, uint64_t end) const;

  /// The byte at a line and a column that counts code points, both from 1. Positions behind
  /// the end of the line or of the text are moved back to it.
  uint64_t offset(uint64_t line, uint64_t code_point_column) const;

  /// The first byte that is not UTF-8, or the size of the text.
  uint64_t invalid_utf8() const;

 private:
  uint64_t line_end(uint64_t line) const;  ///< without the line break

  std::string name_;
  std::string_view text_;
  std::vector<uint32_t> line_begins_;
};

/// Reads the whole of `path` ("-" is standard input). A file that cannot be read, or is larger
/// than 16 MiB, is a diagnostic of Rule::unreadable. Returns whether it was read.
bool read_file(const std::string& path, std::string& text, Diagnostics& out);

/// The text without a byte order mark.
std::string_view without_bom(std::string_view text);

}  // namespace kv
