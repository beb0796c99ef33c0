// What is wrong with a file, in words.

#include <fmt/format.h>

#include <algorithm>

#include "kvcore/data/fit.hpp"
#include "kvcore/plan/options.hpp"

namespace kv {

namespace {

/// What the limit counts, as the subject of a sentence.
std::string_view subject(Option option) {
  switch (option) {
    case Option::key_size_max:
      return "a key of {} bytes exceeds {} ({})";
    case Option::val_size_max:
      return "a value of {} bytes exceeds {} ({})";
    case Option::list_length_max:
      return "a list of {} elements exceeds {} ({})";
    case Option::store_bytes:
      return "the blocks up to here, {} bytes, exceed {} ({})";
    case Option::expiring_keys_max:
      return "key {} that expires exceeds {} ({})";
    default:
      return "key or element {} exceeds {} ({})";
  }
}

}  // namespace

std::string printable_key(std::string_view key) {
  std::string text;
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\' || c == '\'') {
      text += '\\';
      text += c;
    } else if (byte >= 0x20 && byte < 0x7f) {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", byte);
    }
  }
  return text;
}

std::string unfit_text(const Unfit& unfit) {
  const uint64_t shown = std::min(unfit.key_bytes, Unfit::key_shown_max);
  const std::string_view cut = shown < unfit.key_bytes ? "…" : "";
  return fmt::format("entry {} (offset {}, key '{}{}'): {}", unfit.entry, unfit.offset,
                     printable_key({unfit.key, shown}), cut,
                     fmt::format(fmt::runtime(subject(unfit.option)), unfit.needed,
                                 option_info(unfit.option).name, unfit.limit));
}

std::string fault_text(std::string_view file, const DataFault& fault) {
  return fmt::format("{}: offset {}: {}", file, fault.offset, fault.reason);
}

}  // namespace kv
