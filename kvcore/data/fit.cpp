#include "kvcore/data/fit.hpp"

#include <algorithm>
#include <cstring>

#include "kvcore/plan/chains.hpp"

namespace kv {

bool FitCheck::holds(Option option, uint64_t needed, uint64_t limit) {
  if (needed <= limit) return true;
  unfit_ = at_;
  unfit_->option = option;
  unfit_->needed = needed;
  unfit_->limit = limit;
  return false;
}

bool FitCheck::begin(const EntryHead& head, std::string_view key, uint64_t offset) {
  const Config& config = allocation_.config;
  head_ = head;
  at_ = Unfit();
  at_.entry = ++seen_;
  at_.offset = offset;
  at_.key_bytes = head.key_bytes;
  std::memcpy(at_.key, key.data(), std::min<uint64_t>(key.size(), Unfit::key_shown_max));
  entry_ = {1, head.expires(), 0, 0};
  if (head.expires() && head.deadline_ms <= now_ms_) return true;
  if (!holds(Option::key_size_max, head.key_bytes, config.key_size_max)) return false;
  const bool is_list = head.type == EntryType::list;
  const uint64_t chain_bytes = head.key_bytes + (is_list ? 0 : uint64_t{head.length});
  entry_.blocks = chain_blocks(chain_bytes, config.block_bytes);
  entry_.nodes = is_list ? head.length : 0;
  return is_list ? holds(Option::list_length_max, head.length, config.list_length_max)
                 : holds(Option::val_size_max, head.length, config.val_size_max);
}

bool FitCheck::value(uint64_t bytes, std::string_view) {
  if (head_.expires() && head_.deadline_ms <= now_ms_) return true;
  if (head_.type == EntryType::string) return true;
  entry_.blocks += chain_blocks(bytes, allocation_.config.block_bytes);
  return holds(Option::val_size_max, bytes, allocation_.config.val_size_max);
}

bool FitCheck::end(EntryEnd how) {
  if (how == EntryEnd::dropped) return true;
  if (head_.expires() && head_.deadline_ms <= now_ms_) {
    ++expired_;
    return true;
  }
  used_.entries += entry_.entries;
  used_.timers += entry_.timers;
  used_.blocks += entry_.blocks;
  used_.nodes += entry_.nodes;
  const Config& config = allocation_.config;
  return holds(Option::key_count, used_.entries, config.key_count) &&
         holds(Option::expiring_keys_max, used_.timers, config.expiring_keys_max) &&
         holds(Option::store_bytes, used_.blocks * config.block_bytes,
               allocation_.terms.block_count * config.block_bytes) &&
         // Nodes are as many as keys times elements, or as blocks.
         holds(Option::key_count, used_.nodes, allocation_.terms.list_nodes);
}

}  // namespace kv
