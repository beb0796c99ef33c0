// Document: the meaning of a config file, whatever its format.
//
// The TOML and JSON loaders find keys and values with their places and hand them over here;
// names, types and duplicates are judged once, so that both formats say the same. Temporary:
// it lives while one file is loaded.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvcore/load/settings.hpp"
#include "kvcore/load/source.hpp"

namespace kv {

/// A value as the file gives it.
struct FileValue {
  enum class Kind : uint8_t { integer, fraction, text, boolean, table, array, date, null };
  Kind kind;
  std::string text;  ///< a number's digits as written; a text's bytes; "true" or "false"
};

class Document {
 public:
  Document(const Source& source, FileFormat format, Settings& settings, Diagnostics& out);

  const Source& source() const { return source_; }

  bool is_section(std::string_view name) const;
  bool is_option(std::string_view top_level_name) const;

  /// A table that is no known section.
  void unknown_section(std::string_view name, const Place& key);

  /// A key with its value; `section` is empty at the top level.
  void value(std::string_view section, std::string_view name, const Place& key,
             const FileValue& value, const Place& place);

  /// A key or section that has been seen before.
  void duplicate(std::string_view section, std::string_view name, const Place& key);

  void error(Rule rule, const Place& place, std::string message, std::string hint = {});

  /// Whether so many mistakes were found that the rest is not worth reading. The last of
  /// them says so.
  bool full() const { return full_; }

  /// Puts the mistakes in the order of the file. Returns whether there are none.
  bool finish();

 private:
  void unknown_key(std::string_view section, std::string_view name, const Place& key);
  void wrong_type(const OptionInfo& option, const FileValue& value, const Place& place);

  const Source& source_;
  FileFormat format_;
  Settings& settings_;
  Diagnostics& out_;
  uint64_t first_;  ///< of the diagnostics that this file caused
  bool full_ = false;
  std::array<bool, option_count> seen_ = {};
};

/// Each reads the whole text and hands its keys and values to the document.
void read_toml(Document& document);
void read_json(Document& document);

}  // namespace kv
