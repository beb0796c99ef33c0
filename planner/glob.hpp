// Globs over paths with '/': '*' and '?' stay within a name, '**' crosses directories, [a-z] and
// [!a-z] are one character. A pattern without '/' is matched against the last name alone.
#pragma once

#include <string_view>

namespace kv {

bool glob_matches(std::string_view pattern, std::string_view path);

}  // namespace kv
