#include "server/snapshot_load.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>

#include "kvcore/data/fit.hpp"

namespace kv {

namespace {

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

}  // namespace

Failure load_snapshot(DataSource& source, std::string_view name, uint64_t now_ms,
                      Instance& instance, LoadedSnapshot& out) {
  const auto refused = [&](const DataFault& fault) { return fault_text(name, fault); };
  SnapshotReader checked(source);
  if (const auto fault = checked.open()) return refused(*fault);
  FitCheck fit(instance.allocation, now_ms);
  std::array<char, Unfit::key_shown_max> key;
  if (const auto fault = checked.read(fit, key)) return refused(*fault);
  if (fit.unfit()) {
    return fmt::format("{} does not fit this config: {}", name, unfit_text(*fit.unfit()));
  }
  instance.store.set_clock(now_ms);
  SnapshotReader reader(source);
  Loader loader(instance.store, checked.totals().entries);
  // It was whole before: what is wrong now was changed since, or cannot be read any more.
  if (const auto fault = reader.open()) return refused(*fault);
  const auto fault = reader.read(loader, instance.connections.largest_request_room());
  loader.finish();
  if (fault) return refused(*fault);
  if (loader.failure()) return fmt::format("{}: {}", name, *loader.failure());
  out = {reader.header(), fit.entries(), fit.expired(), reader.file_bytes()};
  return {};
}

}  // namespace kv
