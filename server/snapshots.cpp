#include "server/snapshots.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "kvcore/memory/assert.hpp"
#include "server/planted.hpp"

namespace kv {

const char snapshot_name[] = "snapshot.kv";
const char next_snapshot_name[] = "snapshot.kv.next";

namespace {

/// What a turn may spend on reading the store: some 50 to 200 microseconds.
constexpr SnapshotWriter::Steps steps_per_turn = {.entries = 512, .bytes = 65536};

/// After a failure nothing is tried for so long, but when a client asks. Source: CONFIG_BGSAVE_-
/// RETRY_DELAY of Redis 7.
constexpr uint64_t retry_ms = 5000;

/// A line on standard error; the only thing that tells an operator before somebody asks INFO.
void report(int error, std::string_view consequence) {
  char line[256];
  const char* const reason = strerrordesc_np(error);
  const auto end = fmt::format_to_n(line, sizeof line, "kvd: snapshot failed: {}; {}\n",
                                    reason == nullptr ? "unknown error" : reason, consequence);
  const ssize_t written = write(STDERR_FILENO, line, std::min(end.size, sizeof line));
  static_cast<void>(written);  // There is nowhere else to say it.
}

}  // namespace

Snapshots::Snapshots(const Allocation& allocation, Store& store, SnapshotWriter& writer, FileIo& io,
                     const SnapshotFiles& files)
    : allocation_(allocation), store_(store), writer_(writer), io_(io), files_(files) {
  state_.saved_ms = files.saved_ms;
  state_.changes_saved = store.changes();
  current_id_ = io.file_id(files.directory, snapshot_name);
  next_id_ = io.file_id(files.directory, next_snapshot_name);
}

void Snapshots::request_final(bool asked) {
  final_ = Final::wanted;
  if (step_ == Step::idle && (asked || unsaved_changes() > 0)) requested_ = true;
}

/// How long until the interval is over. Where a file failed last, it is tried again soon but not
/// at once.
uint64_t Snapshots::due_in_ms(uint64_t clock_ms) const {
  const uint64_t interval_ms = allocation_.config.snapshot_interval_ms;
  if (interval_ms == 0 || unsaved_changes() == 0) return UINT64_MAX;
  const uint64_t wait_ms = state_.error == 0 ? interval_ms : std::min(interval_ms, retry_ms);
  const uint64_t waited_ms = clock_ms - tried_clock_ms_;
  return wait_ms - std::min(wait_ms, waited_ms);
}

uint64_t Snapshots::idle_ms(uint64_t clock_ms) const {
  if (step_ == Step::idle) return requested_ ? 0 : due_in_ms(clock_ms);
  return step_ == Step::write && could_go_on_ ? 0 : UINT64_MAX;
}

bool Snapshots::take_progress() {
  const bool progress = progress_;
  progress_ = false;
  return progress;
}

void Snapshots::turn(uint64_t clock_ms, uint64_t unix_ms) {
  clock_ms_ = clock_ms;
  unix_ms_ = unix_ms;
  if (tried_clock_ms_ == 0) tried_clock_ms_ = clock_ms;
  if (step_ == Step::idle && (requested_ || due_in_ms(clock_ms) == 0)) begin(unix_ms);
  if (step_ != Step::write) return;
  could_go_on_ = writer_.fill(steps_per_turn);
  // The key that somebody waits for may be in the buffer now.
  progress_ = true;
  submit();
}

void Snapshots::begin(uint64_t unix_ms) {
  requested_ = false;
  if (final_ == Final::wanted) final_ = Final::begun;
  const SnapshotHeader header = {++files_.first_id, unix_ms, writer_.section_bytes()};
  writer_.begin(store_, header, allocation_.config);
  state_.begun_ms = unix_ms;
  begun_clock_ms_ = clock_ms_;
  begun_changes_ = store_.changes();
  offset_ = written_ = 0;
  step_ = Step::write;
}

/// As long as it is not known which file a crash would leave as the current one, none is written.
void Snapshots::submit() {
  if (in_flight_) return;
  if (names_unsynced_) {
    io_.sync_file(files_.directory);
    in_flight_ = true;
    return;
  }
  const std::span<const std::byte> section = writer_.next_section();
  if (!section.empty()) {
    io_.write_file(files_.next, offset_ + written_, section.subspan(written_));
    in_flight_ = true;
  } else if (writer_.done()) {
    if (planted(Fault::unsynced_snapshot)) return exchange();
    sync_next();
  }
}

void Snapshots::sync_next() {
  step_ = Step::sync;
  io_.sync_file(files_.next);
  in_flight_ = true;
}

void Snapshots::complete(int32_t result, uint64_t clock_ms) {
  KV_ASSERT(in_flight_);
  clock_ms_ = clock_ms;
  in_flight_ = false;
  const bool interrupted = result == -EINTR || result == -EAGAIN;
  if (interrupted && step_ == Step::write) return submit();
  if (planted(Fault::repeated_sync) && result < 0 && step_ == Step::sync) return sync_next();
  if (result < 0) return fail(-result);
  switch (step_) {
    case Step::write: {
      if (names_unsynced_) {
        names_unsynced_ = false;
        return submit();
      }
      // A write that takes nothing, again and again, is a full disk that does not say so.
      if (result == 0) return fail(ENOSPC);
      written_ += static_cast<uint64_t>(result);
      const uint64_t bytes = writer_.next_section().size();
      KV_ASSERT(written_ <= bytes);
      if (written_ < bytes) return submit();
      offset_ += bytes;
      written_ = 0;
      writer_.written();
      progress_ = true;
      could_go_on_ = true;
      return submit();
    }
    case Step::sync:
      return exchange();
    case Step::sync_directory:
      return succeed();
    case Step::idle:
      break;
  }
  KV_ASSERT(false);
}

/// What was the next snapshot is the current one, and the other way round. Where somebody has put
/// another file in the place of one of them, that would lead to it.
void Snapshots::exchange() {
  const FileId current = io_.file_id(files_.directory, snapshot_name);
  const FileId next = io_.file_id(files_.directory, next_snapshot_name);
  const bool are_ours = current.is_known() && current == current_id_ && next == next_id_;
  const int error =
      are_ours ? io_.exchange_names(files_.directory, next_snapshot_name, snapshot_name) : ESTALE;
  if (error != 0) return fail(error);
  std::swap(files_.current, files_.next);
  std::swap(current_id_, next_id_);
  if (planted(Fault::unsynced_names)) return succeed();
  step_ = Step::sync_directory;
  io_.sync_file(files_.directory);
  in_flight_ = true;
}

void Snapshots::succeed() {
  state_.saved_ms = state_.begun_ms;
  state_.changes_saved = begun_changes_;
  state_.file_bytes = offset_;
  state_.failures = 0;
  state_.error = 0;
  end(/*saved=*/true);
}

void Snapshots::fail(int error) {
  const bool named = step_ == Step::sync_directory || names_unsynced_;
  if (error == ESTALE) {
    report(error, "another file has the name of one of data.directory's: nothing can be saved");
  } else {
    report(error, named ? "a crash may leave it or the last one" : "the last one stays");
  }
  names_unsynced_ = named && !planted(Fault::forgotten_names);
  if (writer_.active()) writer_.give_up();
  ++state_.failures;
  state_.error = error;
  end(/*saved=*/false);
}

void Snapshots::end(bool saved) {
  state_.took_ms = clock_ms_ - begun_clock_ms_;
  state_.begun_ms = 0;
  tried_clock_ms_ = clock_ms_;
  step_ = Step::idle;
  awaited_ = false;
  could_go_on_ = false;
  progress_ = true;
  if (final_ == Final::none) return;
  if (!saved && final_ == Final::begun) {
    final_ = Final::failed;
  } else if (unsaved_changes() > 0) {
    requested_ = true;
  }
}

}  // namespace kv
