#include "kvcore/load/wrap.hpp"

#include <algorithm>

namespace kv {

uint64_t display_width(std::string_view text) {
  return static_cast<uint64_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // not a continuation byte of UTF-8
  }));
}

std::string wrap(std::string_view text, uint64_t indent, uint64_t width) {
  const std::string margin(indent, ' ');
  std::string out;
  std::string line = margin;
  const auto end_line = [&] {
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
    line = margin;
  };
  while (!text.empty()) {
    const uint64_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool first = line.size() == margin.size();
    if (!first && display_width(line) + 1 + display_width(word) > width) {
      end_line();
    } else if (!first) {
      line += ' ';
    }
    line += word;
  }
  end_line();
  return out;
}

}  // namespace kv
