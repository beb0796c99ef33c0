// YAML as a tree with the place of every node, for manifests that others wrote.
//
// Bounded: depth and nodes have limits, and an alias is the node that it names, not a copy, so
// that a small file cannot become a large tree. Read with libyaml.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kv {

struct YamlNode;
using YamlRef = std::shared_ptr<const YamlNode>;

struct YamlNode {
  enum class Kind : uint8_t { scalar, list, map };
  Kind kind = Kind::scalar;
  uint32_t line = 0;    ///< from 1
  uint32_t column = 0;  ///< from 1, in characters
  uint32_t height = 0;  ///< levels of nodes below this one, through aliases too
  std::string text;     ///< of a scalar
  std::vector<YamlRef> items;
  std::vector<std::pair<std::string, YamlRef>> members;

  /// The member of a map, or null where there is none or this is no map.
  const YamlNode* find(std::string_view name) const;
};

struct YamlError {
  uint32_t line = 0;
  uint32_t column = 0;
  std::string message;
};

struct YamlResult {
  std::vector<YamlRef> documents;  ///< empty ones are left out
  bool ok = true;
  YamlError error;  ///< when !ok
};

YamlResult read_yaml(std::string_view text);

}  // namespace kv
