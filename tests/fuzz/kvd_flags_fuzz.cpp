// The command line of kvd: lines of the input are its words. What is accepted can be planned; what
// is not ends with one of the exit codes of sysexits(3).
//
// Words lose their slashes, so that --config and --lock read no device that never ends.
#include <string>
#include <vector>

#include "server/command_line.hpp"
#include "tests/fuzz/load_fuzz.hpp"

namespace {

constexpr uint64_t words_max = 24;

}  // namespace

/// A config that is read from "-" ends at once.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  kv::require(std::freopen("/dev/null", "r", stdin) != nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  std::vector<std::string> words = {"kvd", ""};
  for (size_t i = 0; i < bytes && words.size() <= words_max; ++i) {
    const char c = static_cast<char>(data[i]);
    if (c == '\n' || c == '\0') {
      words.emplace_back();
    } else {
      words.back() += c == '/' ? '_' : c;
    }
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  kv::CommandLine line;
  const auto exit = kv::parse_command_line(static_cast<int>(words.size()), arguments.data(), line);
  if (exit) {
    kv::require(*exit != kv::KvdExit::os_error, "the system is not asked for anything");
    return 0;
  }
  kv::require(kv::plan(line.config).ok, "accepted and cannot be planned");
  return 0;
}
