// Random valid configs for properties that hold for all of them. The seed is fixed, so a
// failure repeats; it is printed with the values through doctest's INFO.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "kvcore/plan/validate.hpp"

namespace kv {

class RandomConfigs {
 public:
  explicit RandomConfigs(uint64_t seed) : random_(seed) {}

  /// A config without violations: small and large limits, stores below the worst case.
  Config next() {
    for (;;) {
      Config config;
      config.connections_max = below_power(5'000);
      config.key_count = below_power(100'000);
      config.key_size_max = below_power(5'000);
      config.val_size_max = below_power(200'000);
      config.list_length_max = below_power(2'000) - 1;
      config.block_bytes = 32 + 8 * below_power(500);
      if (one_in(2)) config.store_bytes = below_power(1ULL << 34);
      if (one_in(3)) config.request_buffers = below_power(1'000);
      if (one_in(3)) config.reply_buffers = below_power(1'000);
      if (one_in(3)) config.request_buffer_bytes = 256 + below_power(100'000);
      if (one_in(3)) config.reply_buffer_bytes = 1024 + below_power(100'000);
      if (one_in(3)) config.command_args_max = 7 + below_power(3'000);
      if (one_in(4)) config.memory_huge_pages = 2;
      if (validate(config).empty()) return config;
    }
  }

 private:
  /// 1 to `limit`, small numbers as likely as large ones.
  uint64_t below_power(uint64_t limit) {
    uint64_t bits = 1;
    while ((1ULL << bits) < limit) ++bits;
    const uint64_t ceiling = 1ULL << (random_() % (bits + 1));
    return 1 + random_() % (ceiling < limit ? ceiling : limit);
  }
  bool one_in(uint64_t count) { return random_() % count == 0; }

  std::mt19937_64 random_;
};

}  // namespace kv
