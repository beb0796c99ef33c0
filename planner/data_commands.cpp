// kvplan inspect: what a file of data holds. kvplan convert: from one format to the other.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <random>

#include "kvcore/data/section_writer.hpp"
#include "kvcore/data/zigkv.hpp"
#include "planner/command_line.hpp"
#include "planner/commands.hpp"
#include "planner/data_file.hpp"

namespace kv {

namespace {

struct InspectCommand {
  CommandLine line{
      {"inspect",
       "Says what a snapshot of kvd or a ZIGKV001 file holds, and whether it is whole.",
       inspect_schema,
       {Format::table, Format::json}}};
  std::string file;

  InspectCommand() {
    line.add_word(file, "FILE", "a snapshot (data.directory/snapshot.kv), or a ZIGKV001 file");
    line.app().footer("Exit codes: 0 the file is whole; 1 it is not; 2 it cannot be read.");
  }
};

struct ConvertCommand {
  CommandLine line{{"convert",
                    "Makes a snapshot of a ZIGKV001 file, or a ZIGKV001 file of the strings of a "
                    "snapshot. A snapshot with lists is refused."}};
  std::string from;
  std::string to;

  ConvertCommand() {
    line.add_word(from, "FROM", "the file to read");
    line.add_word(to, "TO", "the file to write");
    line.app().footer("Exit codes: 0 done; 1 refused; 2 a file cannot be read or written.");
  }
};

/// Makes a snapshot of the strings that it is shown.
class ToSnapshot final : public EntryVisitor {
 public:
  explicit ToSnapshot(const DataContents& contents) : room_(section_bytes) {
    Config config;
    config.key_count = std::max<uint64_t>(1, contents.strings);
    config.key_size_max = std::max<uint64_t>(1, contents.key_bytes_max);
    config.val_size_max = std::max<uint64_t>(1, contents.value_bytes_max);
    config.list_length_max = 0;
    const PlanResult planned = plan(config);
    std::vector<std::byte> header(snapshot_header_bytes);
    std::random_device random;
    const uint64_t id = uint64_t{random()} << 32 | random();
    writer_ = SectionWriter(
        write_snapshot_header({id, 0, section_bytes}, planned.allocation.config, header));
    add(header);
  }

  bool wants_values() const override { return true; }
  bool begin(const EntryHead& head, std::string_view key, uint64_t) override {
    std::byte bytes[entry_frame_bytes_max];
    const uint64_t count = write_entry_head(head, bytes);
    open();
    writer_.count_entry();
    put(std::span<const std::byte>(bytes, count));
    put(std::as_bytes(std::span(key)));
    ++totals_.entries;
    totals_.expiring += head.expires();
    totals_.bytes += key.size();
    return true;
  }
  bool value(uint64_t bytes, std::string_view data) override {
    put(std::as_bytes(std::span(data)));
    totals_.bytes += bytes;
    return true;
  }
  bool end(EntryEnd how) override {
    const auto last = static_cast<std::byte>(how);
    put({&last, 1});
    return true;
  }

  std::string_view finish() {
    if (writer_.is_open()) add(writer_.finish());
    add(writer_.finish_all(totals_, room_));
    return file_;
  }

 private:
  static constexpr uint64_t section_bytes = 256 * kibibyte;

  void open() {
    if (writer_.is_open() && writer_.free_bytes() == 0) add(writer_.finish());
    if (!writer_.is_open()) writer_.begin(room_);
  }
  void put(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      open();
      bytes = bytes.subspan(writer_.put(bytes));
    }
  }
  void add(std::span<const std::byte> bytes) {
    file_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  std::vector<std::byte> room_;
  std::string file_;
  SectionWriter writer_;
  SnapshotTotals totals_;
};

/// Makes a file of the tutorial of the strings that it is shown; the first list ends it.
class ToZigkv final : public EntryVisitor {
 public:
  explicit ToZigkv(uint64_t created_s) : created_s_(created_s) {}

  std::string_view list() const { return list_; }
  std::string_view finish() { return writer_.text(); }

  bool wants_values() const override { return true; }
  bool begin(const EntryHead& head, std::string_view key, uint64_t offset) override {
    deadline_ms_ = head.deadline_ms;
    key_ = key;
    if (head.type == EntryType::string) return true;
    list_ = fmt::format("offset {}: key '{}' is a list, and a ZIGKV001 file holds strings only",
                        offset, printable_key(key.substr(0, Unfit::key_shown_max)));
    return false;
  }
  bool value(uint64_t, std::string_view data) override {
    value_ = data;
    return true;
  }
  bool end(EntryEnd how) override {
    if (how == EntryEnd::whole) writer_.add(key_, value_, created_s_, deadline_ms_);
    return true;
  }

 private:
  ZigkvWriter writer_;
  uint64_t created_s_;
  uint64_t deadline_ms_ = no_deadline_ms;
  std::string key_;
  std::string value_;
  std::string list_;
};

ExitCode fail(const CommandLine& line, const std::string& message, ExitCode code) {
  print_error(message, "", line.color());
  return code;
}

ExitCode write(const ConvertCommand& command, std::string_view file) {
  const std::string failure = write_report(file, command.to);
  return failure.empty() ? ExitCode::fits : fail(command.line, failure, ExitCode::could_not_judge);
}

}  // namespace

void show_inspect(const FlagsVisitor& look) { look(InspectCommand().line.app()); }

ExitCode run_inspect(std::span<char* const> arguments) {
  InspectCommand command;
  const CommandLine& line = command.line;
  if (const std::optional<ExitCode> done = command.line.parse(arguments)) return *done;
  DataFile file;
  if (const std::string failure = file.open(command.file); !failure.empty()) {
    return fail(line, failure, ExitCode::could_not_judge);
  }
  const DataContents contents = read_contents(file);
  const std::string report = line.format() == Format::json ? inspect_json(command.file, contents)
                                                           : inspect_text(command.file, contents);
  return line.finish(report, {}, contents.fault ? ExitCode::does_not_fit : ExitCode::fits);
}

void show_convert(const FlagsVisitor& look) { look(ConvertCommand().line.app()); }

ExitCode run_convert(std::span<char* const> arguments) {
  ConvertCommand command;
  const CommandLine& line = command.line;
  if (const std::optional<ExitCode> done = command.line.parse(arguments)) return *done;
  DataFile file;
  if (const std::string failure = file.open(command.from); !failure.empty()) {
    return fail(line, failure, ExitCode::could_not_judge);
  }
  // Read once before anything is made of it: one that is refused is not half converted.
  const DataContents contents = read_contents(file);
  if (contents.fault) {
    return fail(line, fault_text(command.from, *contents.fault), ExitCode::does_not_fit);
  }
  if (contents.kind == DataFile::Kind::zigkv) {
    ToSnapshot target(contents);
    static_cast<void>(visit(file, contents, target));
    return write(command, target.finish());
  }
  ToZigkv target(contents.header.saved_ms / 1000);
  static_cast<void>(visit(file, contents, target));
  if (!target.list().empty()) {
    return fail(line, fmt::format("{}: {}", command.from, target.list()), ExitCode::does_not_fit);
  }
  return write(command, target.finish());
}

}  // namespace kv
