// The one source that includes nlohmann/json. Its SAX events carry no positions; they are
// found again in the text, as only white space, commas and colons stand between two tokens.
#include <nlohmann/json.hpp>

#include <algorithm>

#include <fmt/format.h>

#include "kvcore/load/document.hpp"
#include "kvcore/load/words.hpp"

namespace kv {

namespace {

using Json = nlohmann::json;

/// A config has two levels.
constexpr uint64_t depth_max = 64;

class Reader : public nlohmann::json_sax<Json> {
 public:
  explicit Reader(Document& document) : document_(document) {}

  bool null() override { return value({FileValue::Kind::null, {}}); }
  bool boolean(bool is_true) override {
    return value({FileValue::Kind::boolean, is_true ? "true" : "false"});
  }
  bool number_integer(number_integer_t) override { return number(); }
  bool number_unsigned(number_unsigned_t) override { return number(); }
  bool number_float(number_float_t, const string_t&) override { return number(); }
  bool string(string_t& text) override { return value({FileValue::Kind::text, text}); }
  bool binary(binary_t&) override { return false; }  // not of JSON

  bool start_object(std::size_t) override;
  bool end_object() override;
  bool key(string_t& name) override;
  bool start_array(std::size_t) override;
  bool end_array() override;
  bool parse_error(std::size_t position, const std::string& last_token,
                   const nlohmann::detail::exception& failure) override;

 private:
  struct Token {
    uint64_t begin;
    uint64_t end;
  };

  /// The token behind the last one; `read_` moves behind it.
  Token next_token();
  Place place(Token token) const { return document_.source().place(token.begin, token.end); }
  bool number();
  bool value(const FileValue& value);
  bool open(FileValue::Kind kind);
  bool close();

  Document& document_;
  uint64_t read_ = 0;     ///< bytes of the text before the next token
  uint64_t depth_ = 0;    ///< objects and arrays that are open
  uint64_t skipped_ = 0;  ///< of these, inside a value that is already judged
  std::string section_;   ///< of the keys that are read now
  std::string key_;
  Place key_place_;
  std::vector<std::string> sections_;  ///< that have been seen
};

/// Of numbers, true, false and null.
constexpr std::string_view literal_letters = "+-.0123456789Eaeflnrstu";

Reader::Token Reader::next_token() {
  const std::string_view text = document_.source().text();
  const uint64_t begin =
      std::min<uint64_t>(text.find_first_not_of(" \t\r\n,:", read_), text.size());
  uint64_t end = begin;
  if (begin < text.size() && text[begin] == '"') {
    for (++end; end < text.size() && text[end] != '"'; ++end) {
      if (text[end] == '\\') ++end;
    }
    ++end;
  } else if (begin < text.size() && std::string_view("{}[]").find(text[begin]) < 4) {
    ++end;
  } else {
    // What no number and no literal has ends it: the rest is the parser's to refuse.
    end = std::max(text.find_first_not_of(literal_letters, begin), begin + 1);
  }
  read_ = std::min<uint64_t>(end, text.size());
  return {begin, read_};
}

bool Reader::key(string_t& name) {
  const Token token = next_token();
  if (skipped_ > 0) return true;
  key_ = name;
  key_place_ = place(token);
  return !document_.full();
}

bool Reader::number() {
  const uint64_t before = read_;
  const Token token = next_token();
  read_ = before;
  const std::string_view digits =
      document_.source().text().substr(token.begin, token.end - token.begin);
  const bool fraction = digits.find_first_of(".eE") != std::string_view::npos;
  return value(
      {fraction ? FileValue::Kind::fraction : FileValue::Kind::integer, std::string(digits)});
}

bool Reader::value(const FileValue& value) {
  const Token token = next_token();
  if (skipped_ > 0) return true;
  if (depth_ == 0) {
    document_.error(Rule::wrong_type, place(token), "the config must be an object");
  } else {
    document_.value(section_, key_, key_place_, value, place(token));
  }
  return !document_.full();
}

bool Reader::start_object(std::size_t) {
  if (depth_ == 0) {
    next_token();
    ++depth_;
    return true;
  }
  if (depth_ == 1 && document_.is_section(key_)) {
    next_token();
    ++depth_;
    if (std::find(sections_.begin(), sections_.end(), key_) != sections_.end()) {
      document_.duplicate("", key_, key_place_);
    }
    sections_.push_back(key_);
    section_ = key_;
    return true;
  }
  if (depth_ == 1 && !document_.is_option(key_)) {
    next_token();
    if (skipped_ == 0) document_.unknown_section(key_, key_place_);
    ++depth_;
    ++skipped_;
    return true;
  }
  return open(FileValue::Kind::table);
}

bool Reader::start_array(std::size_t) { return open(FileValue::Kind::array); }

/// An object or array where a value should be: diagnosed once, then skipped whole.
bool Reader::open(FileValue::Kind kind) {
  if (depth_ == depth_max) {
    document_.error(Rule::syntax, place(next_token()),
                    fmt::format("objects and arrays are nested deeper than {}", depth_max));
    return false;
  }
  const bool judged = value({kind, {}});
  ++depth_;
  ++skipped_;
  return judged;
}

bool Reader::end_object() { return close(); }
bool Reader::end_array() { return close(); }

bool Reader::close() {
  next_token();
  --depth_;
  if (skipped_ > 0) --skipped_;
  if (depth_ <= 1) section_.clear();
  return true;
}

/// nlohmann's position is the end of the token that it did not expect, or of the byte that made
/// a token invalid. Its text of the token is exact for strings and numbers only.
bool Reader::parse_error(std::size_t position, const std::string& last_token,
                         const nlohmann::detail::exception& failure) {
  const uint64_t size = document_.source().text().size();
  const std::string_view what = failure.what();
  const auto dash = what.find(" - ");
  std::string message(dash == std::string_view::npos ? what : what.substr(dash + 3));
  const auto begins = [&](std::string_view text) {
    return message.compare(0, text.size(), text) == 0;
  };

  uint64_t token_bytes = 1;
  if (begins("unexpected string") || begins("unexpected number")) token_bytes = last_token.size();
  if (begins("unexpected true") || begins("unexpected null")) token_bytes = 4;
  if (begins("unexpected false")) token_bytes = 5;
  const bool at_end = position > size || begins("unexpected end of input");
  const uint64_t end = at_end ? size + 1 : std::max<uint64_t>(position, 1);
  const uint64_t begin = end - std::min<uint64_t>(token_bytes, end);

  // The token itself is shown where it stands, and may hold anything.
  constexpr std::string_view last_read = "; last read: '";
  if (const auto quote = message.find(last_read); quote != std::string::npos) {
    message.erase(quote, last_read.size() + last_token.size() + 1);
  }
  document_.error(Rule::syntax, document_.source().place(begin, end),
                  "cannot parse JSON: " + words::printable(message));
  return false;
}

}  // namespace

void read_json(Document& document) {
  const std::string_view text = document.source().text();
  Reader reader(document);
  Json::sax_parse(text.begin(), text.end(), &reader);
}

}  // namespace kv
