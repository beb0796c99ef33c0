#include "planner/data_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "kvcore/data/zigkv.hpp"

namespace kv {

namespace {

/// The names of kvd's files in data.directory.
constexpr std::string_view snapshot_name = "/snapshot.kv";
constexpr std::string_view next_snapshot_name = "/snapshot.kv.next";

/// Counts what it is shown.
class Counter final : public EntryVisitor {
 public:
  explicit Counter(DataContents& out) : out_(out) {}

  bool wants_values() const override { return false; }
  bool begin(const EntryHead& head, std::string_view, uint64_t) override {
    head_ = head;
    value_bytes_ = value_bytes_max_ = 0;
    return true;
  }
  bool value(uint64_t bytes, std::string_view) override {
    value_bytes_ += bytes;
    value_bytes_max_ = std::max(value_bytes_max_, bytes);
    return true;
  }
  bool end(EntryEnd how) override {
    out_.spare_bytes = std::max(out_.spare_bytes, head_.key_bytes + value_bytes_max_);
    if (how == EntryEnd::dropped) {
      ++out_.dropped;
      return true;
    }
    const bool is_list = head_.type == EntryType::list;
    ++(is_list ? out_.lists : out_.strings);
    if (is_list) {
      out_.elements += head_.length;
      out_.list_length_max = std::max<uint64_t>(out_.list_length_max, head_.length);
    }
    out_.key_bytes += head_.key_bytes;
    out_.value_bytes += value_bytes_;
    out_.key_bytes_max = std::max<uint64_t>(out_.key_bytes_max, head_.key_bytes);
    out_.value_bytes_max = std::max(out_.value_bytes_max, value_bytes_max_);
    if (!head_.expires()) return true;
    ++out_.expiring;
    out_.first_expiry_ms = std::min(out_.first_expiry_ms, head_.deadline_ms);
    out_.last_expiry_ms = std::max(out_.last_expiry_ms, head_.deadline_ms);
    return true;
  }

 private:
  DataContents& out_;
  EntryHead head_;
  uint64_t value_bytes_ = 0;
  uint64_t value_bytes_max_ = 0;
};

uint64_t unix_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

bool exists(const std::string& path) {
  struct stat facts = {};
  return lstat(path.c_str(), &facts) == 0 || errno != ENOENT;
}

}  // namespace

DataFile::~DataFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

std::string DataFile::open(const std::string& path) {
  const auto failed = [&] {
    return fmt::format("cannot read '{}': {}", path, std::strerror(errno));
  };
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return failed();
  struct stat facts = {};
  const bool known = fstat(file, &facts) == 0;
  if (known && !S_ISREG(facts.st_mode)) {
    ::close(file);
    return fmt::format("cannot read '{}': not a file", path);
  }
  const auto bytes = static_cast<uint64_t>(facts.st_size);
  void* at = nullptr;
  if (known && bytes > 0) at = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file, 0);
  const std::string failure = known && at != MAP_FAILED ? "" : failed();
  ::close(file);
  if (failure.empty() && bytes > 0) bytes_ = {static_cast<const std::byte*>(at), bytes};
  return failure;
}

DataFile::Kind DataFile::kind() const {
  const std::string_view text(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
  if (text.starts_with(snapshot_magic)) return Kind::snapshot;
  return text.starts_with(zigkv_magic) ? Kind::zigkv : Kind::unknown;
}

DataContents read_contents(const DataFile& file) {
  DataContents out;
  out.kind = file.kind();
  out.file_bytes = file.bytes().size();
  Counter counter(out);
  if (out.kind == DataFile::Kind::zigkv) {
    out.fault = read_zigkv(file.bytes(), counter);
    out.snapshot_bytes = out.file_bytes;
    return out;
  }
  SnapshotReader reader(file.bytes());
  out.fault = reader.open();
  if (out.fault) return out;
  out.header = reader.header();
  reader.look_at_limits([&](std::string_view name, uint64_t number) {
    out.limits.emplace_back(printable_key(name), number);
  });
  out.fault = reader.read(counter, {});
  out.sections = reader.section_count();
  out.snapshot_bytes = reader.file_bytes();
  out.crc = reader.crc();
  return out;
}

std::optional<DataFault> visit(const DataFile& file, const DataContents& contents,
                               EntryVisitor& visitor) {
  if (contents.kind == DataFile::Kind::zigkv) return read_zigkv(file.bytes(), visitor);
  std::vector<char> spare(contents.spare_bytes);
  SnapshotReader reader(file.bytes());
  if (const std::optional<DataFault> fault = reader.open()) return fault;
  return reader.read(visitor, spare);
}

void check_data(const std::string& directory, const Allocation& allocation, Diagnostics& out) {
  const std::string path = directory + std::string(snapshot_name);
  const auto refuse = [&](Rule rule, std::string message, std::string hint) {
    Place place;
    place.file = path;
    out.push_back({rule, Severity::error, place, std::move(message), std::move(hint)});
  };
  struct stat facts = {};
  if (stat(directory.c_str(), &facts) != 0) {
    return refuse(Rule::data_invalid,
                  fmt::format("cannot open '{}': {}", directory, std::strerror(errno)),
                  "data.directory must exist");
  }
  if (S_ISDIR(facts.st_mode) && !exists(path)) {
    // What kvd does then: its first start makes an empty snapshot, a later one has lost its own.
    if (!exists(directory + std::string(next_snapshot_name))) return;
    return refuse(Rule::data_invalid,
                  fmt::format("'{}' is missing, but data was kept here, since 'snapshot.kv.next' "
                              "is not: put a copy back, or delete the second to begin with an "
                              "empty store",
                              path),
                  "");
  }
  DataFile file;
  if (const std::string failure = file.open(path); !failure.empty()) {
    return refuse(Rule::data_invalid, failure, "kvd needs to read and write it");
  }
  SnapshotReader reader(file.bytes());
  FitCheck fit(allocation, unix_ms());
  std::array<char, Unfit::key_shown_max> key;
  std::optional<DataFault> fault = reader.open();
  if (!fault) fault = reader.read(fit, key);
  if (fault) {
    return refuse(Rule::data_invalid, fmt::format("offset {}: {}", fault->offset, fault->reason),
                  "restore the file from a copy; kvplan inspect says what it holds");
  }
  if (fit.unfit()) refuse(Rule::data_unfit, unfit_text(*fit.unfit()), "raise the limit");
}

}  // namespace kv
