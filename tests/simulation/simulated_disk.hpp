// SimulatedDisk: the two files of snapshots, and their names, on a disk that exists only here.
//
// What is written lies in the kernel's cache until it was synced. When the power is cut, each
// sector that was not is what it was before, or anything that was written to it since: so writes
// are kept, dropped, torn and put in another order; names that were exchanged may be so or not. A
// sync that fails forgets what it had to write: some of that is on disk, the rest never will be,
// and the next sync does not say so. Only what is synced is promised, and a whole sector.
//
//     write_file() ──► cache ──► sync_file() ──► disk
//                        └──────► cut_power() ──► disk, of each sector what the seed says
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "random.hpp"
#include "server/snapshots.hpp"

namespace kv::sim {

class SimulatedDisk final : public FileIo {
 public:
  using Bytes = std::vector<std::byte>;
  enum class Verb : uint8_t { write, sync, exchange, sync_directory };

  struct Terms {
    uint64_t sector_bytes = 512;
    bool direct = true;  ///< past the cache: what moves is whole sectors. They are not synced yet
  };

  /// Two files of `file_bytes`, of which the current one begins with `content`.
  SimulatedDisk(const Terms& terms, uint64_t file_bytes, const Bytes& content);

  /// What a start finds, after it has synced the directory.
  SnapshotFiles open();
  /// The current snapshot, as who reads it sees it.
  const Bytes& current() const { return file_at(names_.back()[0]).cache; }

  /// The next operation of the kind ends with `result`: -errno, or for a write 0.
  void fail_next(Verb verb, int32_t result) { failing_[verb] = result; }
  void fail_nothing() { failing_.clear(); }

  bool in_flight() const { return flight_.active; }
  /// Ends the operation in flight, as the seed of the turn says. A calm one succeeds, and whole.
  int32_t complete(Random& turn, bool calm);

  /// The process ends: what it has written stays in the cache, what is in flight perhaps in part.
  void kill(Random& random);
  /// And the cache is lost.
  void cut_power(Random& random);

  void write_file(int file, uint64_t offset, std::span<const std::byte> bytes) override;
  void sync_file(int file) override;
  int exchange_names(int directory, const char* one, const char* other) override;
  FileId file_id(int directory, const char* name) override;

 private:
  struct File {
    Bytes cache;
    Bytes disk;
    std::map<uint64_t, std::vector<Bytes>> unsynced;  ///< by sector, what it was since, in order
  };
  struct Flight {
    bool active = false;
    Verb verb = Verb::write;
    int file = -1;
    uint64_t offset = 0;
    std::span<const std::byte> bytes;
    Bytes before;  ///< what was in that memory
  };

  File& file_at(int file) { return files_[static_cast<uint64_t>(file - first_file)]; }
  const File& file_at(int file) const { return files_[static_cast<uint64_t>(file - first_file)]; }
  void begin(const Flight& flight);
  int32_t complete_write(Random& turn, bool calm);
  void put(File& file, uint64_t offset, std::span<const std::byte> bytes);
  void put_some(Random& random);
  void settle(File& file, uint64_t sector, const Bytes& bytes);

  static constexpr int directory_file = 100;
  static constexpr int first_file = 101;

  Terms terms_;
  std::array<File, 2> files_;
  /// The files of the current and the next name: on disk, and after each exchange since.
  std::vector<std::array<int, 2>> names_ = {{first_file, first_file + 1}};
  std::map<Verb, int32_t> failing_;
  Flight flight_;
};

}  // namespace kv::sim
