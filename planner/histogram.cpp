// The two forms of a histogram: CSV with a line of names, and a JSON object in each line.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "kvcore/load/source.hpp"
#include "kvcore/load/words.hpp"
#include "kvcore/plan/size.hpp"
#include "planner/command_line.hpp"
#include "planner/workload.hpp"

namespace kv {

namespace {

constexpr uint64_t mistakes_max = 20;

/// What a line may give; what has no default must be there.
struct Field {
  std::string_view name;
  uint64_t KeyKind::*number;
  bool required;
};
constexpr auto fields = std::to_array<Field>({
    {"key_bytes", &KeyKind::key_bytes, true},
    {"value_bytes", &KeyKind::value_bytes, true},
    {"count", &KeyKind::count, true},
    {"list_length", &KeyKind::list_length, false},
});

const Field* find_field(std::string_view name) {
  for (const Field& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

WordList field_names() {
  WordList names;
  for (const Field& field : fields) names.push_back(field.name);
  return names;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

class Reader {
 public:
  Reader(const Source& source, Workload& workload, Diagnostics& out)
      : source_(source), workload_(workload), out_(out) {}

  void read() {
    std::string_view rest = source_.text();
    while (!rest.empty() && mistakes_ < mistakes_max) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      if (!trimmed(line).empty() && !read_line(trimmed(line))) return;
    }
    if (mistakes_ == 0 && lines_ == 0) fail({}, "the histogram has no keys");
  }

 private:
  /// Returns whether the lines behind it are worth reading.
  bool read_line(std::string_view line) {
    const bool is_object = line.front() == '{';
    if (columns_.empty() && lines_ == 0 && !is_object) return read_names(line);
    if (lines_ == histogram_lines_max) {
      fail(line, fmt::format("a histogram may have at most {} lines of keys",
                             words::grouped(histogram_lines_max)));
      return false;
    }
    ++lines_;
    KeyKind kind;
    const bool good = columns_.empty() ? read_object(line, kind) : read_numbers(line, kind);
    if (!good) return true;
    const std::string problem = workload_.add(kind);
    if (!problem.empty()) fail(line, problem);
    return true;
  }

  bool read_names(std::string_view line) {
    for_each_cell(line, [&](std::string_view name) {
      const Field* field = find_field(name);
      if (field == nullptr) {
        fail(name, fmt::format("unknown column {}", words::in_quotes(name)),
             suggestion(name, field_names()));
      } else if (std::find(columns_.begin(), columns_.end(), field) != columns_.end()) {
        fail(name, fmt::format("the column {} is there twice", name));
      }
      columns_.push_back(field);
    });
    for (const Field& field : fields) {
      const bool given = std::find(columns_.begin(), columns_.end(), &field) != columns_.end();
      if (mistakes_ > 0 || given || !field.required) continue;
      fail(line, fmt::format("the column {} is missing", field.name),
           "the first line names them: key_bytes,value_bytes,count,list_length");
    }
    return mistakes_ == 0;
  }

  bool read_numbers(std::string_view line, KeyKind& kind) {
    uint64_t cells = 0;
    bool good = true;
    for_each_cell(line, [&](std::string_view text) {
      if (cells < columns_.size()) good = set(*columns_[cells], text, kind) && good;
      ++cells;
    });
    if (cells == columns_.size()) return good;
    fail(line, fmt::format("the line has {} but the first one names {}",
                           words::counted(cells, "value"), columns_.size()));
    return false;
  }

  bool read_object(std::string_view line, KeyKind& kind) {
    using Json = nlohmann::json;
    const Json object = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) {
      fail(line, "the line is not a JSON object");
      return false;
    }
    for (const auto& [name, value] : object.items()) {
      const Field* field = find_field(name);
      if (field == nullptr) {
        fail(line, fmt::format("unknown member {}", words::in_quotes(name)),
             suggestion(name, field_names()));
        return false;
      }
      const std::string text =
          value.dump(/*indent=*/-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
      if (!set(*field, text, kind, line)) return false;
    }
    for (const Field& field : fields) {
      if (!field.required || object.contains(std::string(field.name))) continue;
      fail(line, fmt::format("the member {} is missing", field.name));
      return false;
    }
    return true;
  }

  bool set(const Field& field, std::string_view text, KeyKind& kind, std::string_view at = {}) {
    const SizeResult number = parse_count(text);
    if (number.ok()) {
      kind.*field.number = number.value;
      return true;
    }
    fail(at.empty() ? text : at, fmt::format("{} is {} but must be a whole number", field.name,
                                             words::plain_or_quoted(text)));
    return false;
  }

  template <typename Each>
  void for_each_cell(std::string_view line, const Each& each) {
    for (bool more = true; more;) {
      const auto comma = line.find(',');
      more = comma != std::string_view::npos;
      const std::string_view cell = trimmed(line.substr(0, comma));
      each(cell.empty() ? line.substr(0, 0) : cell);
      if (more) line.remove_prefix(comma + 1);
    }
  }

  /// `at` is a part of the text, or nothing for all of it.
  void fail(std::string_view at, std::string message, std::string hint = {}) {
    ++mistakes_;
    Place place = source_.place(0, 0);
    if (at.data() == nullptr) {
      place = {};
      place.file = source_.place(0, 0).file;
    } else {
      const auto begin = static_cast<uint64_t>(at.data() - source_.text().data());
      place = source_.place(begin, begin + at.size());
    }
    out_.push_back(
        {Rule::bad_load, Severity::error, std::move(place), std::move(message), std::move(hint)});
  }

  const Source& source_;
  Workload& workload_;
  Diagnostics& out_;
  std::vector<const Field*> columns_;  ///< of CSV
  uint64_t lines_ = 0;
  uint64_t mistakes_ = 0;
};

}  // namespace

bool load_histogram(const std::string& path, Workload& workload, Diagnostics& out) {
  const uint64_t before = out.size();
  std::string text;
  if (!read_file(path, text, out)) return false;
  const Source source(path == "-" ? "<stdin>" : path, without_bom(text));
  Reader(source, workload, out).read();
  return out.size() == before;
}

}  // namespace kv
