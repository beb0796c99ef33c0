// Snapshots in files: when one is written, to which file, and what came of the last.
//
// Two files are open from the start: the current snapshot, always whole, and the next one. When
// the next is whole and on disk the two exchange their names, in one step of the file system, and
// the directory is synced. One operation on a file is in flight at a time. Takes no memory.
//
//     request() ──► write … write ──► sync ──► exchange names ──► sync directory ──► idle
//                                 any failure ──► the last snapshot stays
#pragma once

#include <cstdint>

#include "kvcore/plan/allocation.hpp"
#include "server/io.hpp"
#include "server/snapshot_writer.hpp"

namespace kv {

// The names of the files in data.directory. The sandbox permits them by where they lie, in memory
// that is read-only, so there is one copy of each.
extern const char snapshot_name[];
extern const char next_snapshot_name[];

/// The descriptors, and what the current snapshot says of itself.
struct SnapshotFiles {
  int directory = -1;
  int current = -1;
  int next = -1;
  uint64_t saved_ms = 0;  ///< Unix time of the current one
  uint64_t first_id = 0;  ///< random; each snapshot has the next
};

/// What came of the snapshots, for INFO. Times are Unix milliseconds.
struct SnapshotState {
  uint64_t saved_ms = 0;          ///< when the data on disk was the store's
  uint64_t changes_saved = 0;     ///< Store::changes() then
  uint64_t begun_ms = 0;          ///< of the one being written, or 0
  uint64_t took_ms = UINT64_MAX;  ///< the last one that ended; UINT64_MAX before there was one
  uint64_t file_bytes = 0;        ///< of the last one that was saved
  uint64_t failures = 0;          ///< since the last one that was saved
  int error = 0;                  ///< errno of the last one; 0 where it was saved
};

class Snapshots {
 public:
  /// What it works with, all of which outlives it. REQUIRES: the files are open, and have room for
  /// a snapshot of the allocation.
  Snapshots(const Allocation& allocation, Store& store, SnapshotWriter& writer, FileIo& io,
            const SnapshotFiles& files);

  /// Writes a snapshot of the store as it is at the end of the turn, or as it is when the one
  /// being written has ended.
  void request() { requested_ = true; }
  /// The same, and awaited() until that snapshot has ended. REQUIRES: not busy().
  void request_awaited() { requested_ = awaited_ = true; }
  bool awaited() const { return awaited_; }
  /// The last one: when busy() is over, a snapshot has every change, or it could not be written.
  /// The one that is being written is enough where nothing changes after it was begun. Where
  /// nothing has changed since the last, none is written, but when `asked`.
  void request_final(bool asked);
  bool final_failed() const { return final_ == Final::failed; }
  /// One is being written or was asked for.
  bool busy() const { return requested_ || step_ != Step::idle; }
  const SnapshotState& state() const { return state_; }
  /// Changes that no snapshot has.
  uint64_t unsaved_changes() const { return store_.changes() - state_.changes_saved; }

  /// Before a command changes the key. False where the buffer has no room for it now.
  bool save(uint32_t index) { return writer_.save(index); }

  /// Goes on, at the end of a turn. `unix_ms` is the store's clock.
  void turn(uint64_t clock_ms, uint64_t unix_ms);
  /// The operation on a file has ended.
  void complete(int32_t result, uint64_t clock_ms);
  /// How long until turn() has something to do without a completion.
  uint64_t idle_ms(uint64_t clock_ms) const;
  /// Whether there is more room in the buffer, or the end has come, since this was asked last.
  bool take_progress();

 private:
  enum class Step : uint8_t { idle, write, sync, sync_directory };
  enum class Final : uint8_t { none, wanted, begun, failed };

  uint64_t due_in_ms(uint64_t clock_ms) const;
  void begin(uint64_t unix_ms);
  void submit();
  void sync_next();
  void exchange();
  void succeed();
  void fail(int error);
  void end(bool saved);

  const Allocation& allocation_;
  Store& store_;
  SnapshotWriter& writer_;
  FileIo& io_;
  SnapshotFiles files_;
  SnapshotState state_;
  FileId current_id_;
  FileId next_id_;
  Step step_ = Step::idle;
  Final final_ = Final::none;
  bool requested_ = false;
  bool awaited_ = false;
  bool in_flight_ = false;
  bool could_go_on_ = false;
  bool progress_ = false;
  bool names_unsynced_ = false;  ///< after the last exchange, so the other file may be the one kept
  uint64_t offset_ = 0;          ///< in the file, of the section at hand
  uint64_t written_ = 0;         ///< of it
  uint64_t clock_ms_ = 0;
  uint64_t unix_ms_ = 0;
  uint64_t begun_clock_ms_ = 0;
  uint64_t tried_clock_ms_ = 0;  ///< when the last one ended, or the server began
  uint64_t begun_changes_ = 0;
};

}  // namespace kv
