#include "planner/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "kvcore/load/words.hpp"
#include "kvcore/plan/options.hpp"

namespace kv {

namespace {

using words::grouped;

/// "key_bytes is 9 but may be at most 8", or empty.
std::string beyond(std::string_view name, uint64_t value, uint64_t limit) {
  return value <= limit
             ? ""
             : fmt::format("{} is {} but may be at most {}", name, grouped(value), grouped(limit));
}

constexpr uint64_t maximum(Option option) { return option_info(option).maximum; }

}  // namespace

std::string Workload::add(const KeyKind& kind) {
  if (kind.count == 0) return "count is 0 but must be at least 1";
  for (const std::string& problem :
       {beyond("key_bytes", kind.key_bytes, maximum(Option::key_size_max)),
        beyond("value_bytes", kind.value_bytes, maximum(Option::val_size_max)),
        beyond("list_length", kind.list_length, maximum(Option::list_length_max)),
        beyond("count", kind.count, maximum(Option::key_count))}) {
    if (!problem.empty()) return problem;
  }
  const QuickAmount count(kind.count);
  const QuickAmount values = std::max<uint64_t>(kind.list_length, 1);
  const QuickAmount keys = count + key_count_;
  const QuickAmount chains = count * (1 + kind.list_length) + chain_count_;
  const QuickAmount bytes = count * (values * kind.value_bytes + kind.key_bytes) + data_bytes_;
  if (keys.value() > maximum(Option::key_count)) {
    return "the keys are more than " + grouped(maximum(Option::key_count));
  }
  if (!chains.ok() || chains.value() > index_max) {
    return "the keys and elements are more than the blocks that can exist: " + grouped(index_max);
  }
  if (!bytes.ok() || bytes.value() > arena_bytes_max) {
    return "the keys and values are more bytes than an arena can have: " + grouped(arena_bytes_max);
  }
  kinds_.push_back(kind);
  key_count_ = keys.value();
  chain_count_ = chains.value();
  data_bytes_ = bytes.value();
  key_bytes_max_ = std::max(key_bytes_max_, kind.key_bytes);
  value_bytes_max_ = std::max(value_bytes_max_, kind.value_bytes);
  list_length_max_ = std::max(list_length_max_, kind.list_length);
  return {};
}

std::vector<ChainKind> Workload::chains() const {
  std::map<uint64_t, uint64_t> counts;
  for (const KeyKind& kind : kinds_) {
    if (kind.list_length == 0) {
      counts[kind.key_bytes + kind.value_bytes] += kind.count;
      continue;
    }
    counts[kind.key_bytes] += kind.count;
    counts[kind.value_bytes] += kind.count * kind.list_length;
  }
  std::vector<ChainKind> out;
  for (const auto& [bytes, count] : counts) out.push_back({bytes, count});
  return out;
}

}  // namespace kv
