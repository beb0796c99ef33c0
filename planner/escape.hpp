// Text as the formats of reports write it. A file may hold any bytes: what is not UTF-8, or not
// allowed, becomes the replacement character, so that every report stays valid.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kv {

/// In double quotes, as JSON writes it.
std::string json_text(std::string_view text);

/// For an XML attribute or the text of an element.
std::string xml_text(std::string_view text);

/// A path as the reference of a URI: "a b.toml" is "a%20b.toml".
std::string uri_text(std::string_view path);

/// For the message of a GitHub workflow command: '%' and line breaks.
std::string github_message(std::string_view text);

/// For one of its properties: ':' and ',' too.
std::string github_property(std::string_view text);

/// For a cell of a Markdown table.
std::string markdown_cell(std::string_view text);

/// Code points of the text.
uint64_t code_points(std::string_view text);

}  // namespace kv
