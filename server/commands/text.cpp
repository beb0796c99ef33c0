#include "server/commands/text.hpp"

#include <algorithm>
#include <charconv>

#include "server/commands/glob.hpp"

namespace kv {

std::optional<int64_t> parse_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty()) return std::nullopt;
  if (digits[0] == '0' && (negative || digits.size() > 1)) return std::nullopt;
  if (digits[0] < '0' || digits[0] > '9') return std::nullopt;
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_case(x) == lower_case(y); });
}

namespace {

/// A text that is all in one place.
class TextReader {
 public:
  explicit TextReader(std::string_view text) : text_(text) {}
  bool empty() const { return text_.empty(); }
  char front() const { return text_.front(); }
  void pop() { text_.remove_prefix(1); }

 private:
  std::string_view text_;
};

}  // namespace

bool matches_pattern(std::string_view text, std::string_view pattern) {
  return matches_glob(TextReader(text), pattern, LetterCase::is_ignored);
}

std::string_view printed(std::string_view word, uint64_t bytes_max) {
  return word.substr(0, std::min<uint64_t>(word.find('\0'), bytes_max));
}

}  // namespace kv
