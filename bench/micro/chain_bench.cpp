// Chains of blocks of the default size, used in random order: stored, read and overwritten.

#include <fmt/core.h>

#include <memory>

#include "bench/micro/micro.hpp"
#include "kvcore/memory/block_pool.hpp"

namespace kv::bench {

namespace {

constexpr uint64_t block_bytes = 256;

/// A pool with as many chains of one length as the range has room for.
class Chains {
 public:
  Chains(const Range& range, uint64_t bytes)
      : memory_(range.bytes / sizeof(Word)),
        pool_(std::as_writable_bytes(std::span(memory_)), block_bytes),
        content_(bytes, 'x') {
    firsts_.resize(pool_.count() / pool_.blocks_for(bytes));
    for (uint32_t& first : firsts_) first = pool_.store(content_);
  }

  [[nodiscard]] uint64_t count() const { return firsts_.size(); }

  void read(uint32_t chain, char* out) const {
    pool_.read(firsts_[chain], content_.size(), 0, content_.size(), out);
  }

  void overwrite(uint32_t chain) { pool_.overwrite(firsts_[chain], content_.size(), 0, content_); }

  /// Gives a chain back and stores another.
  void replace(uint32_t chain) {
    pool_.release(firsts_[chain], content_.size());
    firsts_[chain] = pool_.store(content_);
  }

 private:
  struct alignas(8) Word {
    uint64_t value;
  };

  std::vector<Word> memory_;
  BlockPool pool_;
  std::string content_;
  std::vector<uint32_t> firsts_;
};

template <class Use>
void use_chains(benchmark::State& state, const Range& range, uint64_t bytes, Use use) {
  auto& chains = kept<Chains>(fmt::format("{} {}", range.name, bytes), range, bytes);
  const std::vector<uint32_t> order = random_order(chains.count());
  uint64_t at = 0;
  for (auto _ : state) {
    use(chains, order[at]);
    benchmark::ClobberMemory();
    at = (at + 1) & (order.size() - 1);
  }
}

}  // namespace

void add_chain_benchmarks() {
  for (const Range& range : {hot, cold}) {
    for (const uint64_t bytes : {64, 4096}) {
      const auto add = [&](std::string_view verb, auto use) {
        add_benchmark(
            fmt::format("chain of {} B: {}, {}", bytes, verb, range.name), copy_limit(range, bytes),
            [range, bytes, use](benchmark::State& state) { use_chains(state, range, bytes, use); });
      };
      add("read", [out = std::vector<char>(bytes)](const Chains& chains, uint32_t chain) mutable {
        chains.read(chain, out.data());
        benchmark::DoNotOptimize(out.data());
      });
      add("overwrite", [](Chains& chains, uint32_t chain) { chains.overwrite(chain); });
      add("release and store", [](Chains& chains, uint32_t chain) { chains.replace(chain); });
    }
  }
}

}  // namespace kv::bench
