// Locks: whatever a file holds, it is a lock that is written again to the byte, or it is refused.
//
// A lock holds the hash of its own options, which no mutation finds. So an input that begins with
// '=' is a script of changes to a true lock: what is then written must be read again, and must be
// found to differ from the plan if and only if it does.
#include "kvcore/load/lock.hpp"

#include "tests/fuzz/load_fuzz.hpp"

namespace {

using kv::Lock;

const kv::Allocation& allocation() {
  static const kv::Allocation planned = kv::plan(kv::Config{}).allocation;
  return planned;
}

/// A value as a lock holds it: JSON of one of the kinds that are no structure.
std::string value_of(uint8_t byte) {
  const std::string values[] = {"null", "true", "false",       "0",
                                "7",    "\"\"", "\"word\"",    "18446744073709551615",
                                "1.5",  "-3",   "\"\\u0007\"", "\"€\""};
  return values[byte % std::size(values)];
}

/// Three bytes are a change.
Lock changed(std::string_view script) {
  Lock lock = kv::make_lock(allocation());
  for (uint64_t at = 0; at + 3 <= script.size(); at += 3) {
    const auto what = static_cast<uint8_t>(script[at]);
    const auto which = static_cast<uint8_t>(script[at + 1]);
    const auto value = static_cast<uint8_t>(script[at + 2]);
    if (what % 8 < 3 && !lock.options.empty()) {
      lock.options[which % lock.options.size()].second = value_of(value);
    } else if (what % 8 == 3 && !lock.options.empty()) {
      lock.options.erase(lock.options.begin() + which % lock.options.size());
    } else if (what % 8 == 4) {
      lock.options.emplace_back("x" + std::to_string(at), value_of(value));
    } else if (what % 8 == 5 && !lock.components.empty()) {
      uint64_t& bytes = lock.components[which % lock.components.size()].second;
      bytes += value;
      lock.arena_bytes += value;
    } else if (what % 8 == 6) {
      lock.container_bytes = uint64_t{value} << which % 64;
    } else if (what % 8 == 7) {
      lock.layout_version = value;
    }
  }
  return lock;
}

/// What differs from the plan must be found, and be shown.
void compare(const Lock& lock) {
  kv::Diagnostics found;
  const bool same = kv::compare_lock(kv::Settings(), allocation(), lock, "fuzz.lock", found);
  kv::require(same == found.empty(), "said to be the same and not");
  kv::require(!(lock == kv::make_lock(allocation())) || same, "the same lock differs");
  kv::require_shown(found);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  const std::string_view text(reinterpret_cast<const char*>(data), bytes);
  const bool is_script = text.starts_with('=');
  const Lock written = is_script ? changed(text.substr(1)) : Lock();
  const kv::MemoryFile file(is_script ? kv::lock_text(written) : text);
  kv::Diagnostics found;
  const std::optional<Lock> lock = kv::read_lock(file.path(), found);
  kv::require(lock.has_value() == found.empty(), "refused without a word");
  kv::require_shown(found);
  kv::require(!is_script || lock == written, "not read as it was written");
  if (!lock) return 0;
  compare(*lock);
  const kv::MemoryFile again(kv::lock_text(*lock));
  kv::require(kv::read_lock(again.path(), found) == lock, "written again it is another lock");
  return 0;
}
