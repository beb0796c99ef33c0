#include "server/snapshot_start.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "server/snapshot_load.hpp"

namespace kv {

namespace {

/// Not made of the clock's tick: two snapshots never have the same.
uint64_t random_id() {
  uint64_t id = 0;
  while (getrandom(&id, sizeof id, 0) != sizeof id) {
  }
  return id;
}

uint64_t unix_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

/// A file that is read piece by piece: of one that is mapped, a page that the disk cannot read
/// would end the process without a word.
class FileSource final : public DataSource {
 public:
  FileSource(int file, uint64_t bytes, std::span<std::byte> buffer)
      : file_(file), size_(bytes), buffer_(buffer) {
    posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
  }

  uint64_t size() const override { return size_; }
  std::span<const std::byte> look(uint64_t offset, uint64_t bytes) override {
    const uint64_t wanted = std::min<uint64_t>(bytes, buffer_.size());
    for (uint64_t done = 0; done < wanted;) {
      const ssize_t got =
          pread(file_, buffer_.data() + done, wanted - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) error_ = errno;
      if (got <= 0) return {};
      done += static_cast<uint64_t>(got);
    }
    return buffer_.first(wanted);
  }

  /// Why something could not be read; 0 where the file has become shorter.
  int error() const { return error_; }

 private:
  int file_;
  uint64_t size_;
  std::span<std::byte> buffer_;
  int error_ = 0;
};

/// A file that is there for a moment of the start.
constexpr char scratch_name[] = "snapshot.kv.tmp";

/// Opens, makes, reserves and loads, in one directory.
class Opening {
 public:
  Opening(Instance& instance, SnapshotStart& out)
      : instance_(instance),
        allocation_(instance.allocation),
        directory_(allocation_.config.data_directory.view()),
        out_(out) {}

  Failure run() {
    if (Failure failure = open_directory()) return failure;
    // What a start may have left that was cut short; it may have the space that is needed here.
    unlinkat(out_.files.directory, scratch_name, 0);
    out_.files.first_id = random_id();
    out_.files.current = open_file(snapshot_name, O_RDWR);
    if (out_.files.current < 0 && errno == ENOENT) {
      if (Failure failure = make_empty()) return failure;
      out_.files.current = open_file(snapshot_name, O_RDWR);
    }
    if (out_.files.current < 0) return failed("open", snapshot_name);
    if (Failure failure = load()) return failure;
    out_.files.next = open_file(next_snapshot_name, O_RDWR | O_CREAT);
    if (out_.files.next < 0) return failed("create", next_snapshot_name);
    if (Failure failure = shorten_next()) return failure;
    if (Failure failure = reserve(out_.files.current, snapshot_name)) return failure;
    if (Failure failure = reserve(out_.files.next, next_snapshot_name)) return failure;
    // The names that a server before may not have been able to sync: see Snapshots::submit().
    if (fsync(out_.files.directory) == 0) return {};
    return fmt::format("cannot sync data.directory '{}' ({})", directory_, std::strerror(errno));
  }

 private:
  std::string path(std::string_view name) const { return fmt::format("{}/{}", directory_, name); }

  Failure failed(std::string_view what, std::string_view name) const {
    return fmt::format("cannot {} '{}' ({})", what, path(name), std::strerror(errno));
  }

  int open_file(const char* name, int flags) const {
    return openat(out_.files.directory, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
  }

  Failure open_directory() {
    const std::string name(directory_);
    out_.files.directory = open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out_.files.directory < 0) {
      return fmt::format("cannot open data.directory '{}' ({})", name, std::strerror(errno));
    }
    if (flock(out_.files.directory, LOCK_EX | LOCK_NB) == 0) return {};
    if (errno == EWOULDBLOCK) {
      return fmt::format("data.directory '{}' is in use by another server ({})", name,
                         std::strerror(errno));
    }
    return fmt::format("cannot lock data.directory '{}' ({})", name, std::strerror(errno));
  }

  /// So that there is always a current snapshot, and one that is missing later was lost: then
  /// nobody may take the empty store for the data.
  Failure make_empty() {
    if (faccessat(out_.files.directory, next_snapshot_name, F_OK, /*flags=*/0) == 0) {
      return fmt::format(
          "'{}' is missing, but data was kept here, since '{}' is not: put a copy back, or delete "
          "the second to begin with an empty store",
          path(snapshot_name), next_snapshot_name);
    }
    std::array<std::byte, 2 * section_align> bytes;
    const std::span<std::byte> room(bytes);
    const SnapshotHeader header = {out_.files.first_id++, unix_ms(),
                                   allocation_.terms.snapshot_section_bytes};
    SectionWriter writer(write_snapshot_header(header, allocation_.config, room));
    writer.finish_all({}, room.subspan(snapshot_header_bytes));
    const int file = open_file(scratch_name, O_RDWR | O_CREAT | O_TRUNC);
    if (file < 0) return failed("create", scratch_name);
    errno = ENOSPC;  // Where less is written than was asked for.
    const bool written =
        pwrite(file, bytes.data(), bytes.size(), 0) == ssize_t{bytes.size()} && fsync(file) == 0;
    const int error = errno;
    ::close(file);
    errno = error;
    if (!written) return failed("write", scratch_name);
    const int directory = out_.files.directory;
    if (renameat(directory, scratch_name, directory, snapshot_name) != 0 || fsync(directory) != 0) {
      return failed("rename", scratch_name);
    }
    return {};
  }

  Failure load() {
    struct stat facts = {};
    if (fstat(out_.files.current, &facts) != 0) return failed("look at", snapshot_name);
    FileSource file(out_.files.current, static_cast<uint64_t>(facts.st_size),
                    instance_.snapshot_writer.idle_buffer());
    LoadedSnapshot loaded;
    if (Failure failure = load_snapshot(file, path(snapshot_name), unix_ms(), instance_, loaded)) {
      if (file.error() != 0) *failure += fmt::format(" ({})", std::strerror(file.error()));
      return failure;
    }
    out_.files.saved_ms = loaded.header.saved_ms;
    out_.report += fmt::format("loaded {}: {} keys, {} expired and left out, {} bytes\n",
                               path(snapshot_name), loaded.keys, loaded.expired, loaded.bytes);
    return {};
  }

  /// Of a config before, with larger limits, it may have more space than is planned; nothing counts
  /// in it.
  Failure shorten_next() {
    const auto bytes = static_cast<off_t>(allocation_.terms.snapshot_file_bytes);
    struct stat facts = {};
    if (fstat(out_.files.next, &facts) != 0) return failed("look at", next_snapshot_name);
    if (facts.st_size <= bytes || ftruncate(out_.files.next, bytes) == 0) return {};
    return failed("shorten", next_snapshot_name);
  }

  /// Takes the space of the largest snapshot, so that a full disk is found now.
  Failure reserve(int file, std::string_view name) {
    const uint64_t bytes = allocation_.terms.snapshot_file_bytes;
    // A current one that is larger keeps its size: its end may lie there.
    if (fallocate(file, /*mode=*/0, 0, static_cast<off_t>(bytes)) == 0) return past_cache(file);
    if (errno != EOPNOTSUPP) {
      return fmt::format(
          "cannot reserve {} bytes for '{}' ({}); the plan's section disk has the "
          "sum",
          bytes, path(name), std::strerror(errno));
    }
    out_.report += fmt::format("the file system reserves no space for {}\n", path(name));
    return past_cache(file);
  }

  /// Past the cache of the file system, where it can: that would be memory of the container.
  static Failure past_cache(int file) {
    const int flags = fcntl(file, F_GETFL);
    if (flags >= 0) fcntl(file, F_SETFL, flags | O_DIRECT);
    return {};
  }

  Instance& instance_;
  const Allocation& allocation_;
  std::string_view directory_;
  SnapshotStart& out_;
};

}  // namespace

Failure open_snapshots(Instance& instance, SnapshotStart& out) {
  return Opening(instance, out).run();
}

Failure try_exchange(const Config& config, const SnapshotFiles& files) {
  const std::string_view name = config.data_directory.view();
  const int probe = openat(files.directory, scratch_name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (probe < 0) {
    return fmt::format("cannot create '{}/{}' ({}); the user of kvd must own data.directory", name,
                       scratch_name, std::strerror(errno));
  }
  close(probe);
  bool ok = true;
  for (int i = 0; i < 2 && ok; ++i) {
    ok = renameat2(files.directory, scratch_name, files.directory, next_snapshot_name,
                   RENAME_EXCHANGE) == 0;
  }
  const int error = errno;
  unlinkat(files.directory, scratch_name, 0);
  if (ok) return {};
  return fmt::format(
      "the file system of '{}' cannot exchange two names (renameat2: {}), which snapshots need",
      name, std::strerror(error));
}

}  // namespace kv
