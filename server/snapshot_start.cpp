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

#include "kvcore/data/fit.hpp"
#include "kvcore/memory/assert.hpp"

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

/// Says how far a load has come, on a terminal, when it takes long enough to ask.
class LoadProgress {
 public:
  explicit LoadProgress(uint64_t entries) : entries_(entries), shown_(isatty(STDERR_FILENO) == 1) {}

  void step(uint64_t done) {
    if (!shown_ || done % look_every != 0) return;
    const auto now = Clock::now();
    if (now - last_ < std::chrono::milliseconds(200)) return;
    last_ = now;
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    const double rate = static_cast<double>(done) / seconds;
    fmt::print(stderr, "\rloading: {} of {} entries, {:.0f} a second, {:.0f} s left  ", done,
               entries_, rate, static_cast<double>(entries_ - done) / rate);
    drawn_ = true;
  }
  void finish() const {
    if (drawn_) fmt::print(stderr, "\r{:60}\r", "");
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr uint64_t look_every = 4096;

  uint64_t entries_;
  bool shown_;
  bool drawn_ = false;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point last_ = begin_;
};

/// Puts the entries of a snapshot that fits into a store that is empty.
class Loader final : public EntryVisitor {
 public:
  Loader(Store& store, uint64_t entries) : store_(store), progress_(entries) {}

  /// The first entry that the store refused: its number, and why. Nothing where there is none.
  const Failure& failure() const { return failure_; }
  void finish() const { progress_.finish(); }

  bool wants_values() const override { return !skips_ && refusal_.empty(); }

  bool begin(const EntryHead& head, std::string_view key, uint64_t offset) override {
    progress_.step(++seen_);
    head_ = head;
    key_ = key;
    offset_ = offset;
    skips_ = head.expires() && head.deadline_ms <= store_.now_ms();
    was_there_ = !skips_ && store_.find(key);
    refusal_ = was_there_ ? "its key was there before" : "";
    return true;
  }

  bool value(uint64_t, std::string_view data) override {
    if (!wants_values()) return true;
    StoreResult result;
    if (head_.type == EntryType::string) {
      result = store_.set(key_, data, head_.expires() ? head_.deadline_ms : Store::no_deadline);
    } else {
      const Slice element = {data.data(), data.size()};
      result = store_.push(key_, {&element, 1}, ListEnd::tail);
    }
    if (!result.ok()) refusal_ = "the store has no room for it";
    return true;
  }

  /// Only now is it known whether the entry counts. One that was given up had expired, but the
  /// clock may have been set back since; its bytes, those of its key too, may be zeros.
  bool end(EntryEnd how) override {
    if (skips_) return true;
    if (how == EntryEnd::dropped) {
      if (!was_there_) store_.erase(key_);
      return true;
    }
    if (!refusal_.empty()) return refuse(refusal_);
    if (head_.type == EntryType::string || !head_.expires()) return true;
    const Store::Found found = store_.find(key_);
    const bool ok = found && store_.set_deadline(found, head_.deadline_ms).ok();
    return ok || refuse("the store has no timer for it");
  }

 private:
  bool refuse(std::string_view reason) {
    failure_ = fmt::format("entry {} (offset {}, key '{}'): {}", seen_, offset_,
                           printable_key(key_.substr(0, Unfit::key_shown_max)), reason);
    return false;
  }

  Store& store_;
  LoadProgress progress_;
  EntryHead head_;
  std::string_view key_;
  uint64_t offset_ = 0;
  uint64_t seen_ = 0;
  bool skips_ = false;
  bool was_there_ = false;
  std::string_view refusal_;  ///< static text; empty where there is none
  Failure failure_;
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
    if (Failure failure = reserve(out_.files.current, snapshot_name)) return failure;
    if (Failure failure = reserve(out_.files.next, next_snapshot_name)) return failure;
    if (Failure failure = try_exchange()) return failure;
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
    return fmt::format("data.directory '{}' is in use by another server ({})", name,
                       std::strerror(errno));
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

  /// Reads the current snapshot, twice.
  Failure load() {
    struct stat facts = {};
    if (fstat(out_.files.current, &facts) != 0) return failed("look at", snapshot_name);
    FileSource file(out_.files.current, static_cast<uint64_t>(facts.st_size),
                    instance_.snapshot_writer.idle_buffer());
    const uint64_t now_ms = unix_ms();
    SnapshotReader reader(file);
    if (const auto fault = reader.open()) return refused(file, *fault);
    FitCheck fit(allocation_, now_ms);
    std::array<char, Unfit::key_shown_max> key;
    if (const auto fault = reader.read(fit, key)) return refused(file, *fault);
    if (fit.unfit()) {
      return fmt::format("{} does not fit this config: {}", path(snapshot_name),
                         unfit_text(*fit.unfit()));
    }
    if (Failure failure = fill_store(file, reader.totals(), now_ms)) return failure;
    out_.files.saved_ms = reader.header().saved_ms;
    out_.report =
        fmt::format("loaded {}: {} keys, {} expired and left out, {} bytes\n", path(snapshot_name),
                    fit.entries(), fit.expired(), reader.file_bytes());
    return {};
  }

  Failure fill_store(FileSource& file, const SnapshotTotals& totals, uint64_t now_ms) {
    instance_.store.set_clock(now_ms);
    SnapshotReader reader(file);
    Loader loader(instance_.store, totals.entries);
    // It was whole before: what is wrong now was changed since, or cannot be read any more.
    if (const auto fault = reader.open()) return refused(file, *fault);
    const auto fault = reader.read(loader, instance_.connections.largest_request_room());
    loader.finish();
    if (fault) return refused(file, *fault);
    if (!loader.failure()) return {};
    return fmt::format("{}: {}", path(snapshot_name), *loader.failure());
  }

  /// What is wrong with the snapshot and, of what cannot be read, why.
  Failure refused(const FileSource& file, const DataFault& fault) const {
    std::string text = fault_text(path(snapshot_name), fault);
    if (file.error() != 0) text += fmt::format(" ({})", std::strerror(file.error()));
    return text;
  }

  /// Takes the space of the largest snapshot, so that a full disk is found now.
  Failure reserve(int file, std::string_view name) {
    const uint64_t bytes = allocation_.terms.snapshot_file_bytes;
    // A larger one, of a config before, keeps its size: its end may lie there.
    if (fallocate(file, /*mode=*/0, 0, static_cast<off_t>(bytes)) != 0 && errno != EOPNOTSUPP) {
      return fmt::format(
          "cannot reserve {} bytes for '{}' ({}); the plan's section disk has the "
          "sum",
          bytes, path(name), std::strerror(errno));
    }
    // Past the cache of the file system, where it can: that would be memory of the container.
    const int flags = fcntl(file, F_GETFL);
    if (flags >= 0) fcntl(file, F_SETFL, flags | O_DIRECT);
    return {};
  }

  /// Whether the file system can exchange two names, asked with one that means nothing yet.
  Failure try_exchange() {
    const int directory = out_.files.directory;
    const int probe = open_file(scratch_name, O_RDWR | O_CREAT);
    if (probe < 0) return failed("create", scratch_name);
    ::close(probe);
    bool ok = true;
    for (int i = 0; i < 2 && ok; ++i) {
      ok = renameat2(directory, scratch_name, directory, next_snapshot_name, RENAME_EXCHANGE) == 0;
    }
    const int error = errno;
    unlinkat(directory, scratch_name, 0);
    if (ok) return {};
    return fmt::format(
        "the file system of '{}' cannot exchange two names (renameat2: {}), which "
        "snapshots need",
        directory_, std::strerror(error));
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

}  // namespace kv
