#include "kvcore/memory/assert.hpp"

#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace kv {

namespace {

void write_text(const char* text) noexcept {
  // A short or failed write changes nothing: the process is about to abort.
  if (write(STDERR_FILENO, text, std::strlen(text)) < 0) return;
}

}  // namespace

void assert_failed(const char* expression, const char* file, int line) noexcept {
  char digits[12];
  char* first = digits + sizeof digits - 1;
  *first = '\0';
  for (int rest = line; first == digits + sizeof digits - 1 || rest > 0; rest /= 10) {
    *--first = static_cast<char>('0' + rest % 10);
  }
  write_text(file);
  write_text(":");
  write_text(first);
  write_text(": assertion failed: ");
  write_text(expression);
  write_text("\n");
  std::abort();
}

}  // namespace kv
