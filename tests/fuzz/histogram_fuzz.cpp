// Histograms of `kvplan advise`: a load is refused with its place, or there is advice for it, and
// the best size takes no more than any other that is shown.
#include <algorithm>

#include "kvcore/plan/chains.hpp"
#include "planner/block_choice.hpp"
#include "planner/workload.hpp"
#include "tests/fuzz/load_fuzz.hpp"

namespace {

/// The least limits that hold the load, as the command sets them.
kv::Config config_for(const kv::Workload& workload) {
  kv::Config config;
  config.key_count = workload.key_count();
  config.key_size_max = std::max(config.key_size_max, workload.key_bytes_max());
  config.val_size_max = std::max(config.val_size_max, workload.value_bytes_max());
  config.list_length_max = workload.list_length_max();
  return config;
}

/// A chain of n bytes can make n / 4 sizes worth a look, each for every kind.
bool is_quick(const kv::Workload& workload) {
  constexpr uint64_t bytes_max = 20'000;
  constexpr uint64_t kinds_max = 16;
  return workload.key_bytes_max() + workload.value_bytes_max() <= bytes_max &&
         workload.kinds().size() <= kinds_max;
}

void require_sound(const kv::BlockChoice& choice, const kv::Workload& workload) {
  kv::require(choice.broken.has_value() || choice.total_bytes <= choice.arena_bytes,
              "more than the arena");
  kv::require(choice.broken.has_value() ||
                  choice.block_count * choice.block_bytes ==
                      workload.data_bytes() + choice.link_bytes + choice.rounding_bytes,
              "the blocks are not data, links and rounding");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  const kv::MemoryFile file({reinterpret_cast<const char*>(data), bytes});
  kv::Workload workload;
  kv::Diagnostics found;
  const bool loaded = kv::load_histogram(file.path(), workload, found);
  kv::require(loaded == found.empty(), "refused without a word");
  kv::require_shown(found);
  if (!loaded) return 0;
  kv::require(workload.key_count() > 0, "a load without keys");
  uint64_t chains = 0;
  for (const kv::ChainKind& kind : workload.chains()) chains += kind.count;
  kv::require(chains == workload.chain_count(), "chains are lost");
  if (!is_quick(workload)) return 0;
  const kv::Advice advice = kv::advise_blocks(config_for(workload), workload);
  require_sound(advice.best, workload);
  for (const kv::BlockChoice& other : advice.others) {
    require_sound(other, workload);
    kv::require(other.broken.has_value() || (!advice.best.broken.has_value() &&
                                             advice.best.total_bytes <= other.total_bytes),
                "another size takes less than the best");
  }
  return 0;
}
