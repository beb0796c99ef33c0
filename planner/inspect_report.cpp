// What a file of data holds, as text and as JSON.

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "planner/data_file.hpp"
#include "planner/json_parts.hpp"
#include "planner/number_text.hpp"

namespace kv {

namespace {

/// "2026-11-21 18:00:00.123 UTC", or the number where that is beyond the year 9999.
std::string time_text(uint64_t ms) {
  constexpr uint64_t year_10000_ms = 253402300800000;
  if (ms >= year_10000_ms) return fmt::format("{} ms since 1970", ms);
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03} UTC", fmt::gmtime(seconds), ms % 1000);
}

std::string_view kind_name(DataFile::Kind kind) {
  switch (kind) {
    case DataFile::Kind::snapshot:
      return "snapshot";
    case DataFile::Kind::zigkv:
      return "zigkv";
    case DataFile::Kind::unknown:
      break;
  }
  return "unknown";
}

class Lines {
 public:
  void add(std::string_view name, std::string_view value) {
    text_ += fmt::format(" {:<22}{}\n", name, value);
  }
  void add(std::string_view name, uint64_t number) { add(name, grouped(number)); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace

std::string inspect_text(const std::string& path, const DataContents& contents) {
  Lines lines;
  lines.add("file", printable_key(path));
  lines.add("format", kind_name(contents.kind));
  lines.add("bytes", contents.file_bytes);
  if (contents.fault) {
    lines.add("state", fmt::format("REFUSED at offset {}: {}", contents.fault->offset,
                                   contents.fault->reason));
  } else {
    lines.add("state", contents.kind == DataFile::Kind::snapshot
                           ? fmt::format("whole, CRC-32C {:08x}", contents.crc)
                           : "whole; the format has no checksum");
  }
  if (contents.kind == DataFile::Kind::unknown) return lines.take();
  if (contents.kind == DataFile::Kind::snapshot) {
    lines.add("id", fmt::format("{:016x}", contents.header.id));
    lines.add("saved", time_text(contents.header.saved_ms));
    lines.add("sections", contents.sections);
    lines.add("not read behind it", contents.file_bytes - contents.snapshot_bytes);
  }
  lines.add("keys", contents.strings + contents.lists);
  lines.add("strings", contents.strings);
  lines.add("lists", contents.lists);
  lines.add("list elements", contents.elements);
  lines.add("given up", contents.dropped);
  lines.add("bytes of keys", contents.key_bytes);
  lines.add("bytes of values", contents.value_bytes);
  lines.add("longest key", contents.key_bytes_max);
  lines.add("longest value", contents.value_bytes_max);
  lines.add("longest list", contents.list_length_max);
  lines.add("keys that expire", contents.expiring);
  if (contents.expiring > 0) {
    lines.add("first to expire", time_text(contents.first_expiry_ms));
    lines.add("last to expire", time_text(contents.last_expiry_ms));
  }
  for (const auto& [name, number] : contents.limits) lines.add(name, number);
  return lines.take();
}

std::string inspect_json(const std::string& path, const DataContents& contents) {
  Json json;
  json["schema"] = inspect_schema;
  json["file"] = printable_key(path);
  json["format"] = kind_name(contents.kind);
  json["bytes"] = contents.file_bytes;
  json["whole"] = !contents.fault;
  json["fault"] = nullptr;
  if (contents.fault) {
    json["fault"] = {{"offset", contents.fault->offset}, {"reason", contents.fault->reason}};
  }
  const bool is_snapshot = contents.kind == DataFile::Kind::snapshot;
  json["snapshot"] = nullptr;
  if (is_snapshot) {
    json["snapshot"] = {{"id", fmt::format("{:016x}", contents.header.id)},
                        {"saved_ms", contents.header.saved_ms},
                        {"section_bytes", contents.header.section_bytes},
                        {"sections", contents.sections},
                        {"bytes", contents.snapshot_bytes},
                        {"crc32c", fmt::format("{:08x}", contents.crc)}};
  }
  json["limits"] = Json::object();
  for (const auto& [name, number] : contents.limits) json["limits"][name] = number;
  json["keys"] = contents.strings + contents.lists;
  json["strings"] = contents.strings;
  json["lists"] = contents.lists;
  json["elements"] = contents.elements;
  json["given_up"] = contents.dropped;
  json["key_bytes"] = contents.key_bytes;
  json["value_bytes"] = contents.value_bytes;
  json["key_bytes_max"] = contents.key_bytes_max;
  json["value_bytes_max"] = contents.value_bytes_max;
  json["list_length_max"] = contents.list_length_max;
  json["expiring"] = contents.expiring;
  const bool expires = contents.expiring > 0;
  json["first_expiry_ms"] = expires ? Json(contents.first_expiry_ms) : Json(nullptr);
  json["last_expiry_ms"] = expires ? Json(contents.last_expiry_ms) : Json(nullptr);
  return dump(json);
}

}  // namespace kv
