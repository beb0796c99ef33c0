// kvplan check: parse, find, check, report, exit code.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>

#include "planner/check_command_line.hpp"
#include "planner/check_report.hpp"
#include "planner/commands.hpp"
#include "planner/config_files.hpp"

namespace kv {

namespace {

/// Files that are checked before the first of them is reported: memory stays flat, and threads
/// do not wait for one another often.
constexpr uint64_t batch_files = 256;
constexpr uint64_t threads_max = 8;

/// Standard output or a file, written piece by piece. The first failure is kept.
class Sink {
 public:
  explicit Sink(const std::string& path) : path_(path.empty() || path == "-" ? "" : path) {
    file_ = path_.empty() ? stdout : std::fopen(path_.c_str(), "wbe");
    if (file_ == nullptr) fail();
  }
  ~Sink() {
    if (file_ != nullptr && file_ != stdout) std::fclose(file_);
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  void write(std::string_view text) {
    if (file_ == nullptr || !failure_.empty()) return;
    if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) fail();
  }

  /// Empty, or why not all was written.
  const std::string& finish() {
    if (file_ != nullptr && failure_.empty() && std::fflush(file_) != 0) fail();
    return failure_;
  }

 private:
  void fail() {
    failure_ = path_.empty()
                   ? fmt::format("cannot write to standard output: {}", std::strerror(errno))
                   : fmt::format("cannot write '{}': {}", path_, std::strerror(errno));
  }

  std::string path_;
  std::FILE* file_ = nullptr;
  std::string failure_;
};

/// Checks paths[begin, end) into `out`, each thread every n-th of them.
void check_batch(const std::vector<std::string>& paths, uint64_t begin, uint64_t end,
                 const CheckOptions& options, std::vector<CheckedFile>& out) {
  const uint64_t count = end - begin;
  out.assign(count, {});
  const uint64_t cores = std::max(1u, std::thread::hardware_concurrency());
  const uint64_t threads = std::min({cores, threads_max, count});
  const auto work = [&](uint64_t first) {
    for (uint64_t i = first; i < count; i += threads) {
      out[i] = check_file(paths[begin + i], options);
    }
  };
  std::vector<std::thread> others;
  for (uint64_t i = 1; i < threads; ++i) others.emplace_back(work, i);
  work(0);
  for (std::thread& other : others) other.join();
}

void add_policy(const CheckRequest& request, Policy& policy, std::vector<CheckFailure>& failures) {
  if (request.policy.empty()) return;
  Diagnostics mistakes;
  load_policy(request.policy, policy, mistakes);
  print_diagnostics(mistakes, request.color);
  for (const Diagnostic& mistake : mistakes) {
    failures.push_back({rule_info(mistake.rule).name, full_message(mistake), mistake.place});
  }
}

void print_failures(const std::vector<CheckFailure>& failures, ColorMode color) {
  for (const CheckFailure& failure : failures) {
    if (failure.rule == "usage") print_error(failure.message, "", color);
  }
}

}  // namespace

ExitCode run_check(std::span<char* const> words) {
  CheckRequest request;
  std::vector<CheckFailure> failures;
  if (const std::optional<ExitCode> done = parse_check(words, request, failures)) return *done;

  ConfigFiles files;
  if (failures.empty()) add_policy(request, request.options.policy, failures);
  if (failures.empty()) {
    files = find_configs(request.arguments);
    for (std::string& problem : files.problems) failures.push_back({"usage", std::move(problem)});
    if (request.arguments.empty()) failures.push_back({"usage", "no file to check was named"});
    const bool from_input =
        std::find(files.paths.begin(), files.paths.end(), "-") != files.paths.end();
    if (request.options.locked && from_input) {
      failures.push_back({"usage", "--locked: a config on standard input has no lock beside it"});
      files.paths.clear();
    }
    if (!request.options.manifest.empty() && files.paths.size() > 1) {
      failures.push_back({"usage", fmt::format("--manifest is held against one config, and {} were "
                                               "named",
                                               files.paths.size())});
      files.paths.clear();
    }
  }
  print_failures(failures, request.color);

  Sink sink(request.output);
  const std::unique_ptr<CheckReport> report = make_check_report(request.format);
  sink.write(report->begin());
  CheckTotals totals;
  std::vector<CheckedFile> batch;
  for (uint64_t begin = 0; begin < files.paths.size(); begin += batch_files) {
    const uint64_t end = std::min<uint64_t>(begin + batch_files, files.paths.size());
    check_batch(files.paths, begin, end, request.options, batch);
    for (const CheckedFile& file : batch) {
      totals.add(file);
      print_diagnostics(file.findings, request.color);
      sink.write(report->file(file));
    }
  }
  sink.write(report->end(totals, failures));
  if (const std::string& failure = sink.finish(); !failure.empty()) {
    print_error(failure, "", request.color);
    return ExitCode::could_not_judge;
  }
  return failures.empty() ? totals.exit_code() : ExitCode::could_not_judge;
}

}  // namespace kv
