// The limits that a snapshot was written under, and that it must fit when it is loaded.
//
// One row is one limit: its option, and so its name on disk.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "kvcore/plan/config.hpp"
#include "kvcore/plan/option_id.hpp"

namespace kv {

struct SavedLimit {
  Option option;
  std::string_view name;
  uint64_t Config::*number;
};

inline constexpr auto saved_limits = std::to_array<SavedLimit>({
    {Option::key_count, "key_count", &Config::key_count},
    {Option::expiring_keys_max, "expiring_keys_max", &Config::expiring_keys_max},
    {Option::key_size_max, "key_size_max", &Config::key_size_max},
    {Option::val_size_max, "val_size_max", &Config::val_size_max},
    {Option::list_length_max, "list_length_max", &Config::list_length_max},
    {Option::store_bytes, "store_bytes", &Config::store_bytes},
    {Option::block_bytes, "block_bytes", &Config::block_bytes},
});

}  // namespace kv
