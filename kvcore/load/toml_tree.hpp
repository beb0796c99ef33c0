// A TOML file as a tree of values with their places, for files that are not configs.
//
// Configs go through read_toml(), which keeps nothing. A node is a copy of its text and two
// places, some 300 bytes; it lives while the file is read.
#pragma once

#include <string>
#include <vector>

#include "kvcore/load/document.hpp"

namespace kv {

struct TomlNode {
  std::string key;  ///< empty for the root and for items of an array
  Place key_place;
  FileValue value = {FileValue::Kind::table, {}};
  Place place;                     ///< of the value; of the key for a table
  std::vector<TomlNode> children;  ///< of a table or an array

  bool is_table() const { return value.kind == FileValue::Kind::table; }
  bool is_array() const { return value.kind == FileValue::Kind::array; }
};

/// Reads the text of `document` into `root`. A mistake is added to the document's diagnostics,
/// and leaves the root without children.
void read_toml_tree(Document& document, TomlNode& root);

}  // namespace kv
