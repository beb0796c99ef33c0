// The seal, with the hooks that kvd is linked with.
#include "kvcore/memory/seal.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include "kvcore/memory/assert.hpp"
#include "server/seal_hooks.hpp"

// clang declares these for a compiler's own use only. Source: [new.delete] of C++14.
void operator delete(void* memory, std::size_t bytes) noexcept;
void operator delete[](void* memory, std::size_t bytes) noexcept;
void operator delete(void* memory, std::size_t bytes, std::align_val_t align) noexcept;
void operator delete[](void* memory, std::size_t bytes, std::align_val_t align) noexcept;

namespace kv {
namespace {

/// What a child wrote to standard error, and how it ended.
struct Outcome {
  std::string text;
  bool aborted;
};

template <class Body>
Outcome run(Body body) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    signal(SIGABRT, SIG_DFL);
    dup2(ends[1], STDERR_FILENO);
    body();
    _exit(0);
  }
  close(ends[1]);
  Outcome out = {};
  char buffer[512];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) {
    out.text.append(buffer, static_cast<uint64_t>(n));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  out.aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
  return out;
}

// Volatile, so that the compiler cannot leave an allocation out.
void* volatile sink = nullptr;

TEST_CASE("heap allocations are counted before seal") {
  install_seal_hooks();
  const uint64_t before = heap_allocation_count();
  sink = ::operator new(100);
  CHECK(heap_allocation_count() == before + 1);
  ::operator delete(sink);
  CHECK(heap_allocation_count() == before + 1);
}

TEST_CASE("every operator new counts") {
  const auto counted = [](auto allocate) {
    const uint64_t before = heap_allocation_count();
    sink = allocate();
    return heap_allocation_count() - before;
  };
  constexpr std::align_val_t line{64};
  CHECK(counted([] { return ::operator new[](8); }) == 1);
  ::operator delete[](sink);
  CHECK(counted([] { return ::operator new(8, std::nothrow); }) == 1);
  ::operator delete(sink, std::nothrow);
  CHECK(counted([] { return ::operator new(8, line); }) == 1);
  CHECK(reinterpret_cast<uintptr_t>(sink) % 64 == 0);
  ::operator delete(sink, line);
  CHECK(counted([] { return ::operator new[](8, line, std::nothrow); }) == 1);
  ::operator delete[](sink, line, std::nothrow);
}

TEST_CASE("operator new after seal aborts and says how many bytes were asked for") {
  const Outcome outcome = run([] {
    seal();
    sink = ::operator new(12345);
  });
  CHECK(outcome.aborted);
  CHECK(outcome.text == "heap allocation after seal: 12345 bytes\n");
}

TEST_CASE("malloc, calloc, realloc and aligned_alloc after seal abort") {
  CHECK(run([] {
          seal();
          sink = std::malloc(77);
        }).text == "heap allocation after seal: 77 bytes\n");
  CHECK(run([] {
          seal();
          sink = std::calloc(6, 7);
        }).text == "heap allocation after seal: 42 bytes\n");
  CHECK(run([] {
          sink = std::malloc(10);
          seal();
          sink = std::realloc(sink, 5000);
        }).text == "heap allocation after seal: 5000 bytes\n");
  CHECK(run([] {
          seal();
          sink = std::aligned_alloc(64, 128);
        }).text == "heap allocation after seal: 128 bytes\n");
}

TEST_CASE("freeing after seal is allowed, and the count stands still") {
  const Outcome outcome = run([] {
    sink = ::operator new(100);
    const uint64_t before = heap_allocation_count();
    seal();
    ::operator delete(sink);
    KV_ASSERT(sealed());
    KV_ASSERT(heap_allocation_count() == before);
  });
  CHECK(outcome.text.empty());
  CHECK(!outcome.aborted);
}

TEST_CASE("every form of new is counted, and each delete takes what it gave") {
  constexpr std::align_val_t align{64};
  const uint64_t before = heap_allocation_count();
  ::operator delete(::operator new(10), 10);
  ::operator delete[](::operator new[](10), 10);
  ::operator delete[](::operator new[](0));
  ::operator delete(::operator new(10, align), align);
  ::operator delete(::operator new(0, align), 0, align);
  ::operator delete[](::operator new[](10, align), align);
  ::operator delete[](::operator new[](10, align), 10, align);
  ::operator delete(::operator new(10, std::nothrow), std::nothrow);
  ::operator delete[](::operator new[](10, std::nothrow), std::nothrow);
  ::operator delete(::operator new(10, align, std::nothrow), align, std::nothrow);
  ::operator delete[](::operator new[](10, align, std::nothrow), align, std::nothrow);
  CHECK(heap_allocation_count() == before + 11);
  void* memory = nullptr;
  REQUIRE(posix_memalign(&memory, 64, 10) == 0);
  std::free(memory);
  CHECK(heap_allocation_count() == before + 12);
}

TEST_CASE("sealing twice is a bug") {
  const Outcome outcome = run([] {
    seal();
    seal();
  });
  CHECK(outcome.aborted);
  CHECK(outcome.text.ends_with(": assertion failed: !is_sealed\n"));
}

TEST_CASE("a failed assertion names its file, line and expression, and aborts") {
  const int line = __LINE__ + 1;
  const Outcome outcome = run([] { KV_ASSERT(1 + 1 == 3); });
  CHECK(outcome.aborted);
  CHECK(outcome.text ==
        std::string(__FILE__) + ":" + std::to_string(line) + ": assertion failed: 1 + 1 == 3\n");
}

}  // namespace
}  // namespace kv
