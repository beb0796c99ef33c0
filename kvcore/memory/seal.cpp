#include "kvcore/memory/seal.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "kvcore/memory/assert.hpp"

namespace kv {

namespace {

// Libraries may start threads while the process initialises.
std::atomic<bool> is_sealed = false;
std::atomic<uint64_t> allocations = 0;

/// Says how many bytes were asked for, without allocating, and aborts.
[[noreturn]] void refuse(uint64_t bytes) {
  char text[96] = "heap allocation after seal: ";
  constexpr uint64_t head = sizeof "heap allocation after seal: " - 1;
  char digits[20];
  uint64_t count = 0;
  do {
    digits[count++] = static_cast<char>('0' + bytes % 10);
    bytes /= 10;
  } while (bytes > 0);
  uint64_t end = head;
  while (count > 0) text[end++] = digits[--count];
  for (const char c : {' ', 'b', 'y', 't', 'e', 's', '\n'}) text[end++] = c;
  if (write(STDERR_FILENO, text, end) < 0) std::abort();
  std::abort();
}

}  // namespace

void seal() {
  KV_ASSERT(!is_sealed);
  is_sealed = true;
}

bool sealed() { return is_sealed.load(std::memory_order_relaxed); }

void heap_allocation(uint64_t bytes) {
  if (sealed()) refuse(bytes);
  allocations.fetch_add(1, std::memory_order_relaxed);
}

uint64_t heap_allocation_count() { return allocations.load(std::memory_order_relaxed); }

}  // namespace kv
