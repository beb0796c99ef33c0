#include "simulated_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "failure.hpp"

namespace kv::sim {

SimulatedDisk::SimulatedDisk(const Terms& terms, uint64_t file_bytes, const Bytes& content)
    : terms_(terms) {
  require(file_bytes % terms.sector_bytes == 0, "files end with a part of a sector");
  require(content.size() <= file_bytes, "the first snapshot is larger than its file");
  for (File& file : files_) file.cache.resize(file_bytes);
  std::copy(content.begin(), content.end(), files_[0].cache.begin());
  for (File& file : files_) file.disk = file.cache;
}

SnapshotFiles SimulatedDisk::open() {
  names_ = {names_.back()};
  SnapshotFiles out;
  out.directory = directory_file;
  out.current = names_[0][0];
  out.next = names_[0][1];
  return out;
}

void SimulatedDisk::begin(const Flight& flight) {
  require(!flight_.active, "two operations on files are in flight");
  flight_ = flight;
  flight_.active = true;
}

void SimulatedDisk::write_file(int file, uint64_t offset, std::span<const std::byte> bytes) {
  require(file == first_file || file == first_file + 1, "a write to what is no file");
  require(!bytes.empty(), "a write of nothing");
  require(offset + bytes.size() <= file_at(file).cache.size(), "a write behind what was reserved",
          std::to_string(offset) + " + " + std::to_string(bytes.size()));
  const uint64_t odd =
      offset | bytes.size() | static_cast<uint64_t>(reinterpret_cast<uintptr_t>(bytes.data()));
  require(!terms_.direct || odd % terms_.sector_bytes == 0, "a write that is not aligned");
  begin({true, Verb::write, file, offset, bytes, {bytes.begin(), bytes.end()}});
}

void SimulatedDisk::sync_file(int file) {
  const bool is_directory = file == directory_file;
  require(is_directory || file == first_file || file == first_file + 1, "a sync of nothing");
  begin({true, is_directory ? Verb::sync_directory : Verb::sync, file, 0, {}, {}});
}

int SimulatedDisk::exchange_names(int directory, const char* one, const char* other) {
  const auto is = [](const char* text, const char* name) {
    return std::string_view(text) == std::string_view(name);
  };
  require(directory == directory_file, "names are exchanged somewhere else");
  require(is(one, next_snapshot_name) && is(other, snapshot_name), "other names are exchanged");
  require(!flight_.active, "names are exchanged under an operation");
  if (const auto found = failing_.find(Verb::exchange); found != failing_.end()) {
    const int32_t result = found->second;
    failing_.erase(found);
    return -result;
  }
  names_.push_back({names_.back()[1], names_.back()[0]});
  return 0;
}

FileId SimulatedDisk::file_id(int directory, const char* name) {
  require(directory == directory_file, "a name is looked at somewhere else");
  const bool is_current = std::string_view(name) == std::string_view(snapshot_name);
  return {1, static_cast<uint64_t>(names_.back()[is_current ? 0 : 1])};
}

int32_t SimulatedDisk::complete(Random& turn, bool calm) {
  require(flight_.active, "an operation ends that did not begin");
  const Verb verb = flight_.verb;
  File* const file = verb == Verb::sync_directory ? nullptr : &file_at(flight_.file);
  int32_t result = 0;
  bool fails = false;
  if (const auto found = failing_.find(verb); found != failing_.end()) {
    result = found->second;
    fails = true;
    failing_.erase(found);
  }
  if (verb == Verb::write) {
    // Of a write that has failed some may be there all the same.
    if (result == -EIO) put_some(turn);
    if (!fails) result = complete_write(turn, calm);
  } else if (verb == Verb::sync_directory) {
    if (!fails) names_ = {names_.back()};
  } else {
    for (const auto& [sector, since] : file->unsynced) {
      if (!fails || turn.percent(50)) settle(*file, sector, since.back());
    }
    // Nothing is asked for again once a sync was answered, whatever the answer was.
    if (result != -EINTR) file->unsynced.clear();
  }
  flight_ = {};
  return result;
}

/// All of it, or some. Now and then a signal comes first.
int32_t SimulatedDisk::complete_write(Random& turn, bool calm) {
  require(std::equal(flight_.before.begin(), flight_.before.end(), flight_.bytes.begin()),
          "the bytes of a write in flight were written to");
  uint64_t bytes = flight_.bytes.size();
  if (!calm && turn.percent(5)) return turn.one_in(2) ? -EINTR : -EAGAIN;
  if (!calm && turn.percent(25)) {
    const uint64_t unit = terms_.direct ? terms_.sector_bytes : 1;
    bytes = (1 + turn.below(bytes / unit)) * unit;
  }
  put(file_at(flight_.file), flight_.offset, flight_.bytes.first(bytes));
  return static_cast<int32_t>(bytes);
}

void SimulatedDisk::put(File& file, uint64_t offset, std::span<const std::byte> bytes) {
  std::copy(bytes.begin(), bytes.end(), file.cache.begin() + static_cast<int64_t>(offset));
  const uint64_t size = terms_.sector_bytes;
  for (uint64_t sector = offset / size; sector * size < offset + bytes.size(); ++sector) {
    const auto begin = file.cache.begin() + static_cast<int64_t>(sector * size);
    file.unsynced[sector].emplace_back(begin, begin + static_cast<int64_t>(size));
  }
}

/// Any of the sectors of the write in flight.
void SimulatedDisk::put_some(Random& random) {
  const uint64_t end = flight_.offset + flight_.bytes.size();
  for (uint64_t at = flight_.offset; at < end;) {
    const uint64_t next = std::min(end, (at / terms_.sector_bytes + 1) * terms_.sector_bytes);
    if (random.one_in(2)) {
      put(file_at(flight_.file), at, flight_.bytes.subspan(at - flight_.offset, next - at));
    }
    at = next;
  }
}

void SimulatedDisk::settle(File& file, uint64_t sector, const Bytes& bytes) {
  std::copy(bytes.begin(), bytes.end(),
            file.disk.begin() + static_cast<int64_t>(sector * terms_.sector_bytes));
}

void SimulatedDisk::kill(Random& random) {
  if (flight_.active && flight_.verb == Verb::write) put_some(random);
  flight_ = {};
  failing_.clear();
}

void SimulatedDisk::cut_power(Random& random) {
  kill(random);
  names_ = {names_[random.below(names_.size())]};
  // From nothing of what was not synced to all of it.
  const uint64_t kept = random.any_of<uint64_t>({0, 10, 50, 90, 100});
  for (File& file : files_) {
    for (const auto& [sector, since] : file.unsynced) {
      if (!random.percent(kept)) continue;
      settle(file, sector, since[random.one_in(2) ? since.size() - 1 : random.below(since.size())]);
    }
    file.unsynced.clear();
    file.cache = file.disk;
  }
}

}  // namespace kv::sim
