#include "server/repl/reply_text.hpp"

#include <fmt/format.h>

#include <charconv>

#include "kvcore/memory/assert.hpp"
#include "server/commands/escape.hpp"

namespace kv {

namespace {

/// Reads a reply from its front.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool incomplete() const { return incomplete_; }
  uint64_t left() const { return rest_.size(); }

  /// The line at the front without its end, and what it begins with.
  std::string_view line() {
    const uint64_t end = rest_.find("\r\n");
    if (end == std::string_view::npos) return incomplete_ = true, std::string_view();
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 2);
    return text;
  }

  std::string_view data(uint64_t bytes) {
    if (rest_.size() < bytes + 2) return incomplete_ = true, std::string_view();
    const std::string_view text = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes + 2);
    return text;
  }

 private:
  std::string_view rest_;
  bool incomplete_ = false;
};

int64_t number(std::string_view digits) {
  int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

bool is_aggregate(char type) { return type == '*' || type == '%' || type == '~' || type == '>'; }

bool is_string(char type) { return type == '$' || type == '=' || type == '!'; }

void skip(Reader& reader) {
  const std::string_view line = reader.line();
  if (reader.incomplete() || line.empty()) return;
  const int64_t count = number(line.substr(1));
  if (is_string(line[0]) && count >= 0) {
    reader.data(static_cast<uint64_t>(count));
  } else if (is_aggregate(line[0])) {
    const int64_t elements = line[0] == '%' ? 2 * count : count;
    for (int64_t i = 0; i < elements && !reader.incomplete(); ++i) skip(reader);
  }
}

/// In quotes, with escapes for what cannot be printed. Source: sdscatrepr().
std::string quoted(std::string_view data) {
  std::string text = "\"";
  for (const char c : data) {
    switch (c) {
      case '\\':
      case '"':
        text += {'\\', c};
        break;
      case '\n':
        text += "\\n";
        break;
      case '\r':
        text += "\\r";
        break;
      case '\t':
        text += "\\t";
        break;
      case '\a':
        text += "\\a";
        break;
      case '\b':
        text += "\\b";
        break;
      default:
        if (c >= ' ' && c <= '~') {
          text += c;
        } else {
          text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
  }
  return text + '"';
}

std::string empty_text(char type) {
  switch (type) {
    case '%':
      return "(empty hash)\n";
    case '~':
      return "(empty set)\n";
    case '>':
      return "(empty push)\n";
    default:
      return "(empty array)\n";
  }
}

std::string describe(Reader& reader, const std::string& indent);

/// Elements with their numbers; those of an inner aggregate are indented by the outer number.
std::string describe_elements(Reader& reader, char type, uint64_t count,
                              const std::string& indent) {
  if (count == 0) return empty_text(type);
  const uint64_t width = std::to_string(count).size();
  const std::string inner = indent + std::string(width + 2, ' ');
  const char separator = type == '~' ? '~' : type == '%' ? '#' : ')';
  std::string text;
  for (uint64_t i = 1; i <= count; ++i) {
    text += fmt::format("{}{:>{}}{} ", i == 1 ? "" : indent, i, width, separator);
    text += describe(reader, inner);
    if (type != '%') continue;
    text.pop_back();
    text += " => " + describe(reader, inner);
  }
  return text;
}

std::string describe(Reader& reader, const std::string& indent) {
  const std::string_view line = reader.line();
  KV_ASSERT(!line.empty());
  const char type = line[0];
  const std::string_view rest = line.substr(1);
  if (type == '_' || ((is_string(type) || type == '*') && rest == "-1")) return "(nil)\n";
  if (is_aggregate(type)) {
    return describe_elements(reader, type, static_cast<uint64_t>(number(rest)), indent);
  }
  switch (type) {
    case '-':
      return fmt::format("(error) {}\n", rest);
    case '!':
      return fmt::format("(error) {}\n", reader.data(static_cast<uint64_t>(number(rest))));
    case ':':
      return fmt::format("(integer) {}\n", rest);
    case ',':
      return fmt::format("(double) {}\n", rest);
    case '#':
      return rest == "t" ? "(true)\n" : "(false)\n";
    case '$':
      return quoted(reader.data(static_cast<uint64_t>(number(rest)))) + '\n';
    case '=':  // "txt:" comes before the text.
      return fmt::format("{}\n", reader.data(static_cast<uint64_t>(number(rest))).substr(4));
    default:
      return fmt::format("{}\n", rest);
  }
}

/// Reads a quoted part from behind its opening quote; false when it does not end.
bool read_quoted(std::string_view line, uint64_t& at, char quote, std::string& word) {
  while (at < line.size() && line[at] != quote) {
    if (line[at] != '\\' || at + 1 >= line.size()) {
      word += line[at++];
    } else if (quote == '"') {
      const Escape escape = read_escape(line.substr(at + 1));
      word += escape.character;
      at += 1 + escape.bytes;
    } else {
      if (line[at + 1] == '\'') ++at;
      word += line[at++];
    }
  }
  if (at >= line.size()) return false;
  ++at;
  // Only a blank may follow a closing quote.
  return at >= line.size() || line[at] == ' ' || line[at] == '\t';
}

}  // namespace

uint64_t reply_bytes(std::string_view bytes) {
  Reader reader(bytes);
  skip(reader);
  return reader.incomplete() ? 0 : bytes.size() - reader.left();
}

std::string reply_text(std::string_view reply) {
  Reader reader(reply);
  return describe(reader, "");
}

std::optional<std::string_view> reply_string(std::string_view reply) {
  Reader reader(reply);
  const std::string_view line = reader.line();
  if (line.empty() || (line[0] != '$' && line[0] != '=') || line == "$-1") return std::nullopt;
  const std::string_view data = reader.data(static_cast<uint64_t>(number(line.substr(1))));
  return line[0] == '=' ? data.substr(4) : data;
}

std::optional<std::vector<std::string>> split_words(std::string_view line) {
  constexpr std::string_view blanks = " \t\r\n";
  std::vector<std::string> words;
  uint64_t at = line.find_first_not_of(blanks);
  while (at < line.size()) {
    std::string word;
    while (at < line.size() && blanks.find(line[at]) == std::string_view::npos) {
      const char c = line[at++];
      if (c != '"' && c != '\'') {
        word += c;
      } else if (!read_quoted(line, at, c, word)) {
        return std::nullopt;
      }
    }
    words.push_back(std::move(word));
    at = line.find_first_not_of(blanks, at);
  }
  return words;
}

}  // namespace kv
