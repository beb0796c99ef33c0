// The command line of kvplan. No command may crash, and each ends with one of the three exit codes.
// Commands that would reach for another program or the network are left out.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "planner/commands.hpp"
#include "tests/fuzz/command_words.hpp"

namespace {

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

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  kv::empty_standard_input();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  std::vector<std::string> words = kv::command_words(data, bytes);
  if (!is_local(words.front())) return -1;
  const auto code = static_cast<int>(kv::run_command(kv::pointers_to(words)));
  kv::require(code >= 0 && code <= 2);
  return 0;
}
