// The fixed buffer allocator: the argument slices of the command being executed.
//
// One area of command_args_max slices, 16 bytes each, filled from the front and reset after
// every command. Nothing in it outlives the command.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kvcore/memory/arena.hpp"
#include "kvcore/memory/assert.hpp"
#include "kvcore/plan/records.hpp"

namespace kv {

class Scratch {
 public:
  /// Carves command_args_max slices. REQUIRES: a resolved config.
  static Scratch carve(Arena& arena, const Config& config);

  Scratch() = default;
  explicit Scratch(std::span<Slice> slices) : slices_(slices) {}

  uint64_t capacity() const { return slices_.size(); }
  uint64_t count() const { return count_; }
  uint64_t count_max_seen() const { return count_max_seen_; }

  /// REQUIRES: count() < capacity().
  void push(std::string_view argument) {
    KV_ASSERT(count_ < slices_.size());
    slices_[count_++] = {argument.data(), argument.size()};
    if (count_ > count_max_seen_) count_max_seen_ = count_;
  }

  /// The last `bytes` of the area, for text that slices refer to, or null where the area has
  /// no room for it behind `slices` slices.
  char* tail(uint64_t bytes, uint64_t slices) {
    if (slices > slices_.size()) return nullptr;
    if (bytes > (slices_.size() - slices) * sizeof(Slice)) return nullptr;
    return reinterpret_cast<char*>(slices_.data() + slices_.size()) - bytes;
  }

  std::span<Slice> slices() const { return slices_.first(count_); }
  void reset() { count_ = 0; }

 private:
  std::span<Slice> slices_;
  uint64_t count_ = 0;
  uint64_t count_max_seen_ = 0;
};

}  // namespace kv
