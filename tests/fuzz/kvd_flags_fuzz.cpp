// The command line of kvd: what is accepted can be planned; what is not ends with one of the exit
// codes of sysexits(3).
#include <string>
#include <vector>

#include "server/command_line.hpp"
#include "tests/fuzz/command_words.hpp"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  kv::empty_standard_input();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  std::vector<std::string> words = kv::command_words(data, bytes, {"kvd"});
  std::vector<char*> arguments = kv::pointers_to(words);
  kv::CommandLine line;
  const auto exit = kv::parse_command_line(static_cast<int>(words.size()), arguments.data(), line);
  if (exit) {
    kv::require(*exit != kv::KvdExit::os_error, "the system is not asked for anything");
    return 0;
  }
  kv::require(kv::plan(line.config).ok, "accepted and cannot be planned");
  return 0;
}
