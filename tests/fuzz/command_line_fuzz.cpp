// The command line: lines of the input are its words. No command may crash, and each ends with
// one of the three exit codes.
//
// Words lose their slashes, so that --output cannot leave the directory of the test; commands
// that would reach for another program or the network are left out.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "planner/commands.hpp"
#include "tests/fuzz/load_fuzz.hpp"

namespace {

constexpr uint64_t words_max = 24;

constexpr auto local_commands =
    std::to_array<std::string_view>({"plan", "init", "schema", "render", "completion", "check",
                                     "explain", "lock", "solve", "sweep", "advise"});

bool is_local(std::string_view word) {
  if (word.empty() || word.front() == '-') return true;
  const bool known = std::any_of(kv::command_rows().begin(), kv::command_rows().end(),
                                 [&](const kv::CommandRow& row) { return row.name == word; });
  return !known ||
         std::find(local_commands.begin(), local_commands.end(), word) != local_commands.end();
}

}  // namespace

/// A config that is read from "-" ends at once.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  kv::require(std::freopen("/dev/null", "r", stdin) != nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  std::vector<std::string> words(1);
  for (size_t i = 0; i < bytes && words.size() <= words_max; ++i) {
    const char c = static_cast<char>(data[i]);
    if (c == '\n' || c == '\0') {
      words.emplace_back();
    } else {
      words.back() += c == '/' ? '_' : c;
    }
  }
  if (!is_local(words.front())) return -1;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  const auto code = static_cast<int>(kv::run_command(arguments));
  kv::require(code >= 0 && code <= 2);
  return 0;
}
