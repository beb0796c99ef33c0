#include "planner/yaml.hpp"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <map>
#include <optional>

namespace kv {

namespace {

constexpr uint64_t depth_max = 64;
constexpr uint64_t node_count_max = 1'000'000;

class Reader {
 public:
  explicit Reader(std::string_view text) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Reader() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  YamlResult read() {
    YamlResult result;
    while (next() && event_.type != YAML_STREAM_END_EVENT) {
      if (event_.type == YAML_STREAM_START_EVENT) continue;
      if (event_.type != YAML_DOCUMENT_START_EVENT || !next()) break;
      anchors_.clear();
      YamlRef root = node(/*depth=*/0);
      if (error_ || !next()) break;  // the end of the document
      const bool empty = root->kind == YamlNode::Kind::scalar && root->text.empty();
      if (!empty) result.documents.push_back(std::move(root));
    }
    result.ok = !error_;
    if (error_) result.error = *error_;
    return result;
  }

 private:
  bool next() {
    if (error_) return false;
    yaml_event_delete(&event_);
    if (yaml_parser_parse(&parser_, &event_) != 0) return true;
    event_.type = YAML_NO_EVENT;
    fail(parser_.problem_mark, parser_.problem != nullptr ? parser_.problem : "invalid YAML");
    return false;
  }

  void fail(const yaml_mark_t& mark, std::string message) {
    if (error_) return;
    error_ = YamlError{static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1),
                       std::move(message)};
  }

  void remember(const unsigned char* anchor, const YamlRef& ref) {
    if (anchor != nullptr) anchors_[reinterpret_cast<const char*>(anchor)] = ref;
  }

  /// The node of the current event. Null after a failure.
  YamlRef node(uint64_t depth) {
    if (depth > depth_max) fail(event_.start_mark, "the file is nested too deeply");
    if (++node_count_ > node_count_max) fail(event_.start_mark, "the file has too many nodes");
    if (error_) return nullptr;
    auto out = std::make_shared<YamlNode>();
    out->line = static_cast<uint32_t>(event_.start_mark.line + 1);
    out->column = static_cast<uint32_t>(event_.start_mark.column + 1);
    switch (event_.type) {
      case YAML_SCALAR_EVENT:
        out->text.assign(reinterpret_cast<const char*>(event_.data.scalar.value),
                         event_.data.scalar.length);
        remember(event_.data.scalar.anchor, out);
        return out;
      case YAML_ALIAS_EVENT:
        return alias();
      case YAML_SEQUENCE_START_EVENT:
        return list(std::move(out), depth);
      case YAML_MAPPING_START_EVENT:
        return map(std::move(out), depth);
      default:
        fail(event_.start_mark, "unexpected end of a node");
        return nullptr;
    }
  }

  YamlRef alias() {
    const auto* name = reinterpret_cast<const char*>(event_.data.alias.anchor);
    const auto found = anchors_.find(name);
    if (found != anchors_.end()) return found->second;
    fail(event_.start_mark, fmt::format("no anchor is called '{}'", name));
    return nullptr;
  }

  /// An anchor is known behind its node only, so that no node can hold itself.
  YamlRef list(std::shared_ptr<YamlNode> out, uint64_t depth) {
    out->kind = YamlNode::Kind::list;
    const std::string anchor = anchor_of(event_.data.sequence_start.anchor);
    while (next() && event_.type != YAML_SEQUENCE_END_EVENT) {
      YamlRef item = node(depth + 1);
      if (!item || !is_below(*out, *item)) break;
      out->items.push_back(std::move(item));
    }
    if (!anchor.empty()) anchors_[anchor] = out;
    return out;
  }

  YamlRef map(std::shared_ptr<YamlNode> out, uint64_t depth) {
    out->kind = YamlNode::Kind::map;
    const std::string anchor = anchor_of(event_.data.mapping_start.anchor);
    while (next() && event_.type != YAML_MAPPING_END_EVENT) {
      const yaml_mark_t mark = event_.start_mark;
      const YamlRef key = node(depth + 1);
      if (!key || !next()) break;
      YamlRef value = node(depth + 1);
      if (!value || !is_below(*out, *value)) break;
      if (out->find(key->text) != nullptr) {
        fail(mark, fmt::format("the key '{}' is given twice", key->text));
        break;
      }
      out->members.emplace_back(key->text, std::move(value));
    }
    if (!anchor.empty()) anchors_[anchor] = out;
    return out;
  }

  /// Whether the child may stand below the node: aliases must not make a tree deeper than the
  /// stack of who walks it.
  bool is_below(YamlNode& node, const YamlNode& child) {
    node.height = std::max(node.height, child.height + 1);
    if (node.height > depth_max) fail(event_.start_mark, "the file is nested too deeply");
    return !error_;
  }

  static std::string anchor_of(const unsigned char* anchor) {
    return anchor == nullptr ? "" : reinterpret_cast<const char*>(anchor);
  }

  yaml_parser_t parser_ = {};
  yaml_event_t event_ = {};
  std::map<std::string, YamlRef> anchors_;
  uint64_t node_count_ = 0;
  std::optional<YamlError> error_;
};

}  // namespace

const YamlNode* YamlNode::find(std::string_view name) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const auto& member) { return member.first == name; });
  return found == members.end() ? nullptr : found->second.get();
}

YamlResult read_yaml(std::string_view text) { return Reader(text).read(); }

}  // namespace kv
