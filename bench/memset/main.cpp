// kvmemset BYTES: maps fresh memory, fills it, says that it is ready, and ends. It is the least
// that a program can do which has all of its memory before it begins.

#include <fmt/core.h>
#include <sys/mman.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

int main(int argc, char** argv) {
  const std::string_view text = argc == 2 ? argv[1] : "";
  uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || end != text.data() + text.size() || bytes == 0) {
    fmt::print(stderr, "kvmemset: error: '{}' is no number of bytes from 1 on\n", text);
    return 2;
  }
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                      /*fd=*/-1, /*offset=*/0);
  if (memory == MAP_FAILED) {
    fmt::print(stderr, "kvmemset: error: cannot map {} bytes: {}\n", bytes, std::strerror(errno));
    return 1;
  }
  std::memset(memory, 1, bytes);
  fmt::print("ready with {} bytes\n", bytes);
  return 0;
}
