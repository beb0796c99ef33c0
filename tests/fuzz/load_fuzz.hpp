// What is asked of a loader, whatever it is given: it comes back, and says so itself when it is
// not content; every diagnostic can be shown, and nothing of the file reaches the terminal as it
// is; what it accepts can be checked and planned.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kvcore/load/settings.hpp"
#include "kvcore/plan/allocation.hpp"

namespace kv {

inline void require(bool holds, const char* what = "a requirement does not hold") {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// Lines of text and nothing that steers a terminal.
inline void require_printable(std::string_view text) {
  require(!text.empty(), "an empty text");
  for (const char c : text) {
    require(c == '\n' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f'),
            "a control character is shown");
  }
}

inline void require_shown(const Diagnostics& found) {
  for (const Diagnostic& diagnostic : found) {
    require_printable(render(diagnostic, /*color=*/false));
    require(!render(diagnostic, /*color=*/true).empty());
  }
}

/// A file that is nowhere, for loaders that want a path.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content) : fd_(memfd_create("fuzz", MFD_CLOEXEC)) {
    require(fd_ >= 0 &&
            ::write(fd_, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

inline int fuzz_loader(const uint8_t* data, size_t bytes, FileFormat format) {
  const std::string_view text(reinterpret_cast<const char*>(data), bytes);
  Settings settings;
  Diagnostics found;
  const bool loaded = load_text(text, format, "fuzz", settings, found);
  require(loaded == found.empty());
  if (loaded && check(settings, found)) {
    const PlanResult planned = plan(settings.config);
    require(planned.ok);
    uint64_t sum = 0;
    for (const uint64_t component : planned.allocation.component_bytes) sum += component;
    require(sum == planned.allocation.arena_bytes);
  }
  require_shown(found);
  return 0;
}

}  // namespace kv
