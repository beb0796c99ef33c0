#include "server/lookahead.hpp"

#include "server/commands/lookup.hpp"

namespace kv {

namespace {

/// Where a command's keys are among its arguments, by Command.
struct KeyPlaces {
  int8_t first;  ///< 0 for none
  int8_t last;
  int8_t step;
};

constexpr std::array<KeyPlaces, command_count + 1> key_places = [] {
  std::array<KeyPlaces, command_count + 1> out = {};
  for (const CommandInfo& command : commands) {
    out[static_cast<uint64_t>(command.id)] = {command.first_key, command.last_key,
                                              command.key_step};
  }
  return out;
}();

}  // namespace

bool Lookahead::read(const RequestParser& parser, const Store& store, From from,
                     std::string_view input) {
  // Requests whose keys are not asked for in time are better read with the next ones.
  while (end_ < requests_.size() && keys_used_ < keys_.size()) {
    const std::span<Slice> room = std::span(slices_).subspan(slices_used_);
    const PlainRequest plain = parser.parse_plain(input, room);
    if (plain.bytes == 0) return !plain.lacks_room;
    Request& request = requests_[end_++];
    request.arguments = room.first(plain.arguments);
    request.connection = from.connection;
    request.begin = from.begin;
    request.bytes = static_cast<uint32_t>(plain.bytes);
    request.command = find_command({room[0].data, room[0].bytes});
    request.keys = find_keys(request, store);
    slices_used_ += plain.arguments;
    input.remove_prefix(plain.bytes);
    from.begin += request.bytes;
  }
  return false;
}

std::span<const KnownKey> Lookahead::find_keys(const Request& request, const Store& store) {
  const KeyPlaces places = key_places[static_cast<uint64_t>(request.command)];
  if (places.first <= 0) return {};
  const auto count = static_cast<int64_t>(request.arguments.size());
  const int64_t last = places.last < 0 ? count + places.last : places.last;
  const uint64_t first_used = keys_used_;
  for (int64_t i = places.first; i <= last && i < count; i += places.step) {
    if (keys_used_ == keys_.size()) break;
    const Slice& key = request.arguments[static_cast<uint64_t>(i)];
    const uint64_t hash = store.hash({key.data, key.bytes});
    store.prefetch_bucket(hash);
    keys_[keys_used_++] = {key.data, hash, index_none};
  }
  return std::span(keys_).subspan(first_used, keys_used_ - first_used);
}

void Lookahead::prefetch(const Store& store) {
  const std::span<KnownKey> keys = std::span(keys_).first(keys_used_);
  if (keys.size() < 2) return;  // There is nothing to do meanwhile.
  for (KnownKey& key : keys) key.entry = store.prefetch_entry(key.hash);
  for (const KnownKey& key : keys) store.prefetch_value(key.entry);
}

}  // namespace kv
