// The arena: one mapping that holds every byte the server works with.
//
// Address space is reserved first, with room to spare; components carve their parts from its
// front, each at its alignment, in table order; commit() gives the rest back. The arena keeps
// a ledger of what was carved and knows nothing of the plan: the two meet in verify().
//
//     reserve()  |································································|
//     take()     | records | buffers | slices | buckets | … ·······················|
//     commit()   | records | buffers | slices | buckets | … pad |   (one mapping, exact)
//
// A page that cannot be touched lies before and behind: a write beyond the end faults, and
// the kernel never merges the mapping with a neighbour, so its size in smaps is the arena's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "kvcore/plan/allocation.hpp"

namespace kv {

/// Why a step of start-up failed, in words for the operator; nothing when it succeeded.
using Failure = std::optional<std::string>;

/// What was carved, part by part.
struct Ledger {
  std::array<uint64_t, part_count> part_bytes = {};
  uint64_t padding_bytes = 0;
  uint64_t total_bytes = 0;
};

/// Address space that is reserved beyond the plan, so that a part nobody planned shows as a
/// difference in verify() and not as an arena that is too small. It costs nothing and is given
/// back. Explicit huge pages are set aside for all of it, so one of them has to do.
constexpr uint64_t arena_spare_bytes(HugePages huge_pages) {
  return huge_pages == HugePages::explicit_ ? 2 * mebibyte : 64 * mebibyte;
}

/// Address space in use while an arena of so many bytes is reserved: with what is spare, the pages
/// before and behind, and what an aligned base takes.
constexpr uint64_t arena_mapping_bytes(uint64_t bytes, HugePages huge_pages) {
  const uint64_t aligning = huge_pages == HugePages::transparent ? 2 * mebibyte : 0;
  return bytes + arena_spare_bytes(huge_pages) + 2 * 4096 + aligning;
}

class Arena {
 public:
  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Reserves address space for at most `bytes`, with nothing behind it yet. Explicit huge
  /// pages must be there at this point. The failure names the bytes and the limit that stands
  /// in the way (RLIMIT_AS, vm.max_map_count, vm.nr_hugepages, …).
  [[nodiscard]] Failure reserve(uint64_t bytes, HugePages huge_pages);

  /// Carves `count` objects of T, zero-filled, at `align` (at least alignof(T)). Parts are
  /// carved in the order of the enumeration; a part may be carved in several takes. A count
  /// of zero costs nothing, no alignment either.
  /// REQUIRES: reserved, not committed. Aborts when the reserve is used up: it is sized so
  /// that an unplanned part shows up in verify() instead.
  template <class T>
  std::span<T> take(Part part, uint64_t count, uint64_t align = alignof(T)) {
    static_assert(std::is_trivially_destructible_v<T>);
    return {static_cast<T*>(take_bytes(part, count, sizeof(T), align)), count};
  }

  /// Ends carving: rounds up to a whole page, returns the rest of the reserve, and names the
  /// mapping "kvd-arena" in /proc/PID/maps where the kernel can.
  [[nodiscard]] Failure commit();

  /// Puts memory behind every page (MADV_POPULATE_WRITE). REQUIRES: committed.
  [[nodiscard]] Failure populate();

  /// Locks the arena in memory (mlock). REQUIRES: committed.
  [[nodiscard]] Failure lock();

  const Ledger& ledger() const { return ledger_; }
  std::span<std::byte> memory() const { return {base_, end_}; }

 private:
  void* take_bytes(Part part, uint64_t count, uint64_t unit_bytes, uint64_t align);

  std::byte* base_ = nullptr;
  uint64_t reserved_ = 0;  ///< bytes of address space
  uint64_t writable_ = 0;  ///< bytes from base_ that can be written
  uint64_t end_ = 0;       ///< bytes carved
  uint64_t page_bytes_ = 4096;
  uint64_t guard_bytes_ = 0;  ///< before base_ and behind the end, of address space only
  HugePages huge_pages_ = HugePages::off;
  bool committed_ = false;
  uint64_t last_part_ = 0;
  Ledger ledger_;
};

}  // namespace kv
