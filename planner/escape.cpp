#include "planner/escape.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kvcore/load/words.hpp"

namespace kv {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

/// Appends what `escape` makes of each ASCII character, and every other character as it is. An
/// empty answer means that the character stands for itself.
template <typename Escape>
std::string escaped(std::string_view text, Escape escape) {
  std::string out;
  for (uint64_t i = 0; i < text.size();) {
    const uint64_t bytes = words::sequence_bytes(text.substr(i));
    if (bytes == 1) {
      const std::string other = escape(text[i]);
      if (other.empty()) {
        out += text[i];
      } else {
        out += other;
      }
    } else {
      out += bytes == 0 ? replacement : text.substr(i, bytes);
    }
    i += std::max<uint64_t>(bytes, 1);
  }
  return out;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20; }

std::string percent(char c) { return fmt::format("%{:02X}", static_cast<unsigned char>(c)); }

}  // namespace

std::string json_text(std::string_view text) {
  return '"' +
         escaped(text,
                 [](char c) -> std::string {
                   if (c == '"') return "\\\"";
                   if (c == '\\') return "\\\\";
                   if (c == '\n') return "\\n";
                   if (c == '\t') return "\\t";
                   return is_control(c) ? fmt::format("\\u{:04x}", static_cast<unsigned>(c)) : "";
                 }) +
         '"';
}

std::string xml_text(std::string_view text) {
  return escaped(text, [](char c) -> std::string {
    if (c == '&') return "&amp;";
    if (c == '<') return "&lt;";
    if (c == '>') return "&gt;";
    if (c == '"') return "&quot;";
    if (c == '\n' || c == '\t') return fmt::format("&#{};", static_cast<unsigned>(c));
    return is_control(c) ? std::string(replacement) : "";
  });
}

std::string uri_text(std::string_view path) {
  constexpr std::string_view unreserved =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  std::string out;
  for (const char c : path) {
    if (unreserved.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += percent(c);
    }
  }
  return out;
}

std::string github_message(std::string_view text) {
  return escaped(text, [](char c) -> std::string {
    return c == '%' || c == '\r' || c == '\n' ? percent(c) : "";
  });
}

std::string github_property(std::string_view text) {
  return escaped(text, [](char c) -> std::string {
    return c == '%' || c == '\r' || c == '\n' || c == ':' || c == ',' ? percent(c) : "";
  });
}

std::string markdown_cell(std::string_view text) {
  return escaped(text, [](char c) -> std::string {
    if (c == '|' || c == '\\' || c == '`' || c == '*' || c == '_' || c == '[') {
      return std::string("\\") + c;
    }
    if (c == '<') return "&lt;";
    if (c == '&') return "&amp;";
    return is_control(c) ? " " : "";
  });
}

uint64_t code_points(std::string_view text) {
  return static_cast<uint64_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u;
  }));
}

}  // namespace kv
