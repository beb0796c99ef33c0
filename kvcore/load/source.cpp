#include "kvcore/load/source.hpp"

#include <algorithm>

#include "kvcore/load/words.hpp"

namespace kv {

namespace {

/// What of a long line is kept before and behind its place.
constexpr uint64_t window_bytes = 200;

}  // namespace

Source::Source(std::string name, std::string_view text) : name_(std::move(name)), text_(text) {
  line_begins_.push_back(0);
  for (uint64_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') line_begins_.push_back(static_cast<uint32_t>(i + 1));
  }
}

Place Source::place(uint64_t begin, uint64_t end) const {
  begin = std::min<uint64_t>(begin, text_.size());
  const auto after = std::upper_bound(line_begins_.begin(), line_begins_.end(), begin);
  const uint64_t line = static_cast<uint64_t>(after - line_begins_.begin());
  const uint64_t line_begin = line_begins_[line - 1];
  const uint64_t last = std::max(line_end(line), begin);

  const uint64_t from = begin - line_begin > window_bytes ? begin - window_bytes : line_begin;
  const uint64_t to = std::min(last, begin + window_bytes);
  Place place;
  place.file = name_;
  place.line = static_cast<uint32_t>(line);
  place.column = static_cast<uint32_t>(begin - line_begin + 1);
  place.length =
      static_cast<uint32_t>(std::clamp(end, begin + 1, std::max(last, begin + 1)) - begin);
  place.source_line = text_.substr(from, to - from);
  place.caret = static_cast<uint32_t>(begin - from);
  return place;
}

uint64_t Source::offset(uint64_t line, uint64_t code_point_column) const {
  line = std::clamp<uint64_t>(line, 1, line_begins_.size());
  uint64_t at = line_begins_[line - 1];
  const uint64_t end = line_end(line);
  for (uint64_t column = 1; column < code_point_column && at < end; ++column) {
    ++at;
    while (at < end && (static_cast<unsigned char>(text_[at]) & 0xc0u) == 0x80u) ++at;
  }
  return at;
}

uint64_t Source::invalid_utf8() const {
  uint64_t at = 0;
  for (uint64_t bytes = 1; at < text_.size() && bytes > 0; at += bytes) {
    bytes = words::sequence_bytes(text_.substr(at));
  }
  return at;
}

uint64_t Source::line_end(uint64_t line) const {
  if (line == line_begins_.size()) return text_.size();
  const uint64_t line_break = line_begins_[line] - 1;
  const bool carriage_return = line_break > 0 && text_[line_break - 1] == '\r';
  return line_break - (carriage_return ? 1 : 0);
}

std::string_view without_bom(std::string_view text) {
  constexpr std::string_view bom = "\xef\xbb\xbf";
  if (text.substr(0, bom.size()) == bom) text.remove_prefix(bom.size());
  return text;
}

}  // namespace kv
