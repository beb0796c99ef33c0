// The disk of a run: what a snapshot must hold, and what is left when a server ends, in good order
// or not. Another one begins with that.

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "kvcore/data/little_endian.hpp"
#include "kvcore/data/section_writer.hpp"
#include "server/snapshot_load.hpp"
#include "simulation.hpp"

namespace kv::sim {

namespace {

/// A snapshot as a start reads it, into the buffer of the next one.
class Source final : public DataSource {
 public:
  static constexpr uint64_t never = UINT64_MAX;

  /// What is read after so many looks cannot be read.
  Source(const SimulatedDisk::Bytes& file, std::span<std::byte> buffer,
         uint64_t fails_after = never)
      : file_(file), buffer_(buffer), fails_after_(fails_after) {}

  uint64_t size() const override { return file_.size(); }
  std::span<const std::byte> look(uint64_t offset, uint64_t bytes) override {
    require(offset + bytes <= file_.size(), "a file is read behind its end");
    if (looks_++ >= fails_after_) return {};
    const uint64_t count = std::min<uint64_t>(bytes, buffer_.size());
    std::memcpy(buffer_.data(), file_.data() + offset, count);
    return buffer_.first(count);
  }
  uint64_t looks() const { return looks_; }

 private:
  const SimulatedDisk::Bytes& file_;
  std::span<std::byte> buffer_;
  uint64_t fails_after_;
  uint64_t looks_ = 0;
};

Model::Value value_of(Store& store, uint32_t index) {
  const Entry& entry = store.entry_at(index);
  Model::Value value;
  value.is_list = entry.type == Entry::Type::list;
  value.deadline_ms = store.deadline_ms({index, 0});
  if (!value.is_list) {
    value.text.resize(entry.length);
    store.read(entry, value.text.data());
    return value;
  }
  uint32_t at = entry.first;
  for (uint64_t i = 0; i < entry.length; ++i, at = store.node(at).next) {
    const ListNode& node = store.node(at);
    value.list.emplace_back(node.bytes, '\0');
    store.read(node, value.list.back().data());
  }
  return value;
}

/// What a store holds, entry by entry.
Model::Keys keys_of(Store& store) {
  Model::Keys out;
  for (uint32_t index = 0; index < store.entry_end(); ++index) {
    if (!store.is_live(index)) continue;
    const Entry& entry = store.entry_at(index);
    std::string key(entry.key_bytes, '\0');
    store.read_key(entry, key.data());
    out.emplace(key, value_of(store, index));
  }
  return out;
}

std::string printed(const Model::Keys& keys) {
  std::string out;
  for (const auto& [key, value] : keys) {
    out += (out.empty() ? "" : ", ") + key.substr(0, 20) + "=";
    out += value.is_list ? "[" + std::to_string(value.list.size()) + "]" : value.text.substr(0, 10);
    if (value.deadline_ms != Model::never) out += "@" + std::to_string(value.deadline_ms);
  }
  return out;
}

}  // namespace

void Simulation::begin_server(Random& random) {
  const SimulatedIo::World world = io_ ? io_->world() : SimulatedIo::World();
  model_.reset();
  snapshots_.reset();
  io_.reset();
  whole_.emplace();
  const std::string wrong = whole_->carve(script_.config);
  require(wrong.empty(), wrong);
  const uint32_t listeners = std::max(script_.listeners, 1U);
  if (!disk_ && script_.config.snapshot_enabled != 0) make_disk(random);
  io_.emplace(whole_->instance.connections.request_area(), listeners, world,
              disk_ ? &*disk_ : nullptr);
  model_.emplace(whole_->instance.allocation);
  waiting_.fill(index_none);
  if (disk_) load(random);
  whole_->start(*io_, listeners, snapshots_ ? &*snapshots_ : nullptr);
}

/// With a snapshot of nothing, as the first start makes it.
void Simulation::make_disk(Random& random) {
  const Allocation& allocation = whole_->instance.allocation;
  const SnapshotHeader header = {random.next(), /*saved_ms=*/1,
                                 allocation.terms.snapshot_section_bytes};
  SimulatedDisk::Bytes content(2 * section_align);
  const std::span<std::byte> room(content);
  SectionWriter writer(write_snapshot_header(header, allocation.config, room));
  writer.finish_all({}, room.subspan(snapshot_header_bytes));
  disk_.emplace(script_.disk, allocation.terms.snapshot_file_bytes, content);
  saved_states_ = {{0, header.id, header.saved_ms, {}}};
}

/// What the disk has kept must be a snapshot that may be the current one, and nothing else.
void Simulation::load(Random& random) {
  Instance& instance = whole_->instance;
  SnapshotFiles files = disk_->open();
  latest_ms_ = std::max(latest_ms_, io_->unix_ms());
  Source source(disk_->current(), instance.snapshot_writer.idle_buffer());
  LoadedSnapshot loaded;
  const Failure failure = load_snapshot(source, snapshot_name, io_->unix_ms(), instance, loaded);
  if (failure) fail("what the disk has kept is refused", *failure);
  const auto due = std::find_if(saved_states_.begin(), saved_states_.end(),
                                [&](const SavedState& at) { return at.id == loaded.header.id; });
  require(due != saved_states_.end(), "a snapshot is loaded that was replaced before");
  const Model::Keys keys = keys_of(instance.store);
  if (!same_keys(due->keys, keys)) {
    fail("what is loaded is not what there was when the snapshot began",
         printed(keys) + ", not " + printed(due->keys));
  }
  if (random.one_in(4)) check_read_errors(source.looks(), random);
  saved_states_ = {SavedState(*due)};
  model_->restore(keys);
  io_->note(loaded.header.id);
  files.first_id = random.next();
  files.saved_ms = loaded.header.saved_ms;
  snapshots_.emplace(instance.allocation, instance.store, instance.snapshot_writer, *disk_, files);
}

/// Whether both are the same but for keys that had expired at one time and not at the other.
bool Simulation::same_keys(const Model::Keys& due, const Model::Keys& is) const {
  for (const auto& [key, value] : is) {
    const auto found = due.find(key);
    if (found == due.end() || found->second != value) return false;
  }
  return std::all_of(due.begin(), due.end(), [&](const auto& pair) {
    return pair.second.deadline_ms <= latest_ms_ || is.count(pair.first) > 0;
  });
}

/// Whatever cannot be read of the snapshot, it is refused.
void Simulation::check_read_errors(uint64_t looks, Random& random) const {
  WholeServer other;
  const std::string wrong = other.carve(script_.config);
  require(wrong.empty(), wrong);
  Source source(disk_->current(), other.instance.snapshot_writer.idle_buffer(),
                random.below(looks));
  LoadedSnapshot loaded;
  const Failure failure =
      load_snapshot(source, snapshot_name, io_->unix_ms(), other.instance, loaded);
  require(failure.has_value(), "a snapshot is loaded that cannot be read");
}

/// Whether a snapshot has ended or begun. It begins at the end of a turn: what the model has then
/// is what it must hold. Its header, which is written first, has its id.
void Simulation::note_snapshots() {
  latest_ms_ = std::max({latest_ms_, io_->unix_ms(), whole_->view.now_ms});
  if (!snapshots_) return;
  const std::span<const std::byte> next = whole_->instance.snapshot_writer.next_section();
  const bool is_header =
      !next.empty() && std::memcmp(next.data(), snapshot_magic.data(), snapshot_magic.size()) == 0;
  const uint64_t id = is_header ? get_little(next.data() + 16, 8) : saved_states_.back().id;
  const bool begins = id != saved_states_.back().id;
  const SnapshotState& state = snapshots_->state();
  if (saving_ && (begins || state.begun_ms == 0)) {
    saving_ = false;
    save_failed_ = state.error != 0;
    if (!save_failed_) saved_states_ = {SavedState(saved_states_.back())};
  }
  if (!begins) return;
  model_->set_clock(whole_->view.now_ms);
  saving_ = true;
  saved_states_.push_back({++saved_count_, id, get_little(next.data() + 24, 8), model_->keys()});
}

void Simulation::break_disk(const Words& words) {
  using Verb = SimulatedDisk::Verb;
  static const std::map<std::string, Verb> verbs = {{"write", Verb::write},
                                                    {"sync", Verb::sync},
                                                    {"exchange", Verb::exchange},
                                                    {"sync_directory", Verb::sync_directory}};
  static const std::map<std::string, int32_t> results = {
      {"EIO", -EIO}, {"ENOSPC", -ENOSPC}, {"EINTR", -EINTR}, {"nothing", 0}};
  const auto verb = verbs.find(words[0]);
  const auto result = results.find(words.back());
  require(words.size() == 2 && verb != verbs.end() && result != results.end(), "no fault of a disk",
          words[0]);
  require(result->second != 0 || verb->second == Verb::write, "only a write takes nothing");
  if (disk_) disk_->fail_next(verb->second, result->second);
}

/// The server ends where it is, and the next begins with what the disk or the kernel has.
void Simulation::crash(const Action& action) {
  if (!disk_) return;
  Random random(action.seed);
  using Kind = Action::Kind;
  const bool power =
      action.kind == Kind::crash || (action.kind == Kind::restart && random.one_in(2));
  power ? disk_->cut_power(random) : disk_->kill(random);
  clients_before_ += clients_.size();
  clients_.clear();
  current_.clear();
  holders_.clear();
  closed_by_clock_ = 0;
  stopping_ = saving_ = save_failed_ = false;
  begin_server(random);
}

}  // namespace kv::sim
