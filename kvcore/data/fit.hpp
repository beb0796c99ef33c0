// Whether what a snapshot holds fits the limits of a config, asked before anything is loaded.
//
// It counts as the store does: chain_blocks() for each key, string and element, a node for each
// element, a timer for each key that expires. So what fits here can be loaded whole. Keys that
// have expired are left out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kvcore/data/snapshot_reader.hpp"
#include "kvcore/plan/allocation.hpp"

namespace kv {

/// The first entry that does not fit, and the limit that is too small for it.
struct Unfit {
  static constexpr uint64_t key_shown_max = 48;

  Option option = Option::none;
  uint64_t needed = 0;  ///< in the option's own units; at least, where more entries follow
  uint64_t limit = 0;
  uint64_t entry = 0;   ///< its number, from 1
  uint64_t offset = 0;  ///< in the file
  uint64_t key_bytes = 0;
  char key[key_shown_max] = {};  ///< its beginning
};

class FitCheck final : public EntryVisitor {
 public:
  /// REQUIRES: `allocation` is the plan of a valid config, and outlives this.
  FitCheck(const Allocation& allocation, uint64_t now_ms)
      : allocation_(allocation), now_ms_(now_ms) {}

  const std::optional<Unfit>& unfit() const { return unfit_; }
  /// Entries that a load stores, and those that it leaves out because they have expired.
  uint64_t entries() const { return used_.entries; }
  uint64_t expired() const { return expired_; }

  bool wants_values() const override { return false; }
  bool begin(const EntryHead& head, std::string_view key, uint64_t offset) override;
  bool value(uint64_t bytes, std::string_view data) override;
  bool end(EntryEnd how) override;

 private:
  struct Use {
    uint64_t entries = 0;
    uint64_t timers = 0;
    uint64_t blocks = 0;
    uint64_t nodes = 0;
  };

  bool holds(Option option, uint64_t needed, uint64_t limit);

  const Allocation& allocation_;
  uint64_t now_ms_;
  EntryHead head_;
  Use used_;
  Use entry_;  ///< of the entry being read
  uint64_t seen_ = 0;
  uint64_t expired_ = 0;
  Unfit at_;  ///< the entry being read
  std::optional<Unfit> unfit_;
};

/// "entry 7 (offset 4,131, key 'user:7'): a value of 5000 bytes exceeds val_size_max (4096)"
std::string unfit_text(const Unfit& unfit);

/// A key as text: what is not printable as \xNN.
std::string printable_key(std::string_view key);

/// "FILE: offset 4096: the checksum of a section is wrong"
std::string fault_text(std::string_view file, const DataFault& fault);

}  // namespace kv
