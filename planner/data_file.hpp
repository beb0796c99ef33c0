// Files of data as kvplan reads them: snapshots of kvd, and the tutorial's ZIGKV001 files.
//
// A file is mapped, never copied, so one larger than memory can be looked at. What is wrong with
// it is told with its offset; only what the disk cannot read ends kvplan with SIGBUS, which harms
// nothing: kvd reads the same file in pieces, and says where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvcore/data/fit.hpp"
#include "kvcore/data/snapshot_reader.hpp"
#include "kvcore/load/diagnostic.hpp"

namespace kv {

class DataFile {
 public:
  enum class Kind : uint8_t { unknown, snapshot, zigkv };

  DataFile() = default;
  ~DataFile();
  DataFile(const DataFile&) = delete;
  DataFile& operator=(const DataFile&) = delete;

  /// Maps the file. Returns an empty text, or why it cannot be read.
  std::string open(const std::string& path);
  std::span<const std::byte> bytes() const { return bytes_; }
  Kind kind() const;

 private:
  std::span<const std::byte> bytes_;
};

/// What a file holds.
struct DataContents {
  DataFile::Kind kind = DataFile::Kind::unknown;
  uint64_t file_bytes = 0;
  SnapshotHeader header;  ///< of a snapshot
  std::vector<std::pair<std::string, uint64_t>> limits;
  uint64_t sections = 0;
  uint64_t snapshot_bytes = 0;  ///< of the file, up to the end; the rest is not read
  uint32_t crc = 0;

  uint64_t strings = 0;
  uint64_t lists = 0;
  uint64_t elements = 0;
  uint64_t expiring = 0;
  uint64_t dropped = 0;
  uint64_t key_bytes = 0;
  uint64_t value_bytes = 0;  ///< of strings and elements
  uint64_t key_bytes_max = 0;
  uint64_t value_bytes_max = 0;
  uint64_t list_length_max = 0;
  uint64_t spare_bytes = 0;  ///< of the longest key with its value, also of one that was given up
  uint64_t first_expiry_ms = no_deadline_ms;
  uint64_t last_expiry_ms = 0;
  std::optional<DataFault> fault;  ///< then the counts are those before it
};

/// Reads all of a file.
DataContents read_contents(const DataFile& file);

/// Shows every entry of a whole file of either kind, with values. `contents` is of the same file.
[[nodiscard]] std::optional<DataFault> visit(const DataFile& file, const DataContents& contents,
                                             EntryVisitor& visitor);

/// Holds the snapshot in a data directory to a plan: whether it is whole, and fits. Nothing is
/// wrong with a directory that has none yet.
void check_data(const std::string& directory, const Allocation& allocation, Diagnostics& out);

std::string inspect_text(const std::string& path, const DataContents& contents);
std::string inspect_json(const std::string& path, const DataContents& contents);

inline constexpr std::string_view inspect_schema = "kvplan/inspect/1";

}  // namespace kv
