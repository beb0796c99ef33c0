#include "server/seal_hooks.hpp"

#include <malloc.h>
#include <string.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "kvcore/memory/seal.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define KV_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KV_ADDRESS_SANITIZER
#endif
#endif

#ifdef KV_ADDRESS_SANITIZER

// Declared here since g++ comes without the header. Source: sanitizer/allocator_interface.h.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*,
                                                                             std::size_t),
                                                         void (*free_hook)(const volatile void*));

namespace kv {

void install_seal_hooks() {
  __sanitizer_install_malloc_and_free_hooks(
      [](const volatile void*, std::size_t bytes) { heap_allocation(bytes); },
      [](const volatile void*) {});
}

}  // namespace kv

#else

#ifdef KV_WRAP_MALLOC
// With --wrap=malloc the linker sends every call of malloc to __wrap_malloc, those of the
// libraries that are linked statically included. Source: ld(1), --wrap.
extern "C" {
void* __real_malloc(std::size_t bytes);
void* __real_calloc(std::size_t count, std::size_t bytes);
void* __real_realloc(void* memory, std::size_t bytes);
void* __real_aligned_alloc(std::size_t align, std::size_t bytes);
int __real_posix_memalign(void** out, std::size_t align, std::size_t bytes);

void* __wrap_malloc(std::size_t bytes) {
  kv::heap_allocation(bytes);
  return __real_malloc(bytes);
}

void* __wrap_calloc(std::size_t count, std::size_t bytes) {
  kv::heap_allocation(count * bytes);
  return __real_calloc(count, bytes);
}

void* __wrap_realloc(void* memory, std::size_t bytes) {
  kv::heap_allocation(bytes);
  return __real_realloc(memory, bytes);
}

void* __wrap_aligned_alloc(std::size_t align, std::size_t bytes) {
  kv::heap_allocation(bytes);
  return __real_aligned_alloc(align, bytes);
}

int __wrap_posix_memalign(void** out, std::size_t align, std::size_t bytes) {
  kv::heap_allocation(bytes);
  return __real_posix_memalign(out, align, bytes);
}
}

// operator new counts for itself, so it goes past the wraps.
#define KV_MALLOC __real_malloc
#define KV_ALIGNED_ALLOC __real_aligned_alloc
#else
#define KV_MALLOC std::malloc
#define KV_ALIGNED_ALLOC std::aligned_alloc
#endif

namespace {

/// Memory for an operator new that may fail, null then.
void* allocate(std::size_t bytes) noexcept {
  kv::heap_allocation(bytes);
  return KV_MALLOC(bytes == 0 ? 1 : bytes);
}

void* allocate(std::size_t bytes, std::align_val_t align) noexcept {
  kv::heap_allocation(bytes);
  const std::size_t unit = static_cast<std::size_t>(align);
  // aligned_alloc wants a multiple of the alignment.
  const std::size_t whole = (bytes + unit - 1) / unit * unit;
  return KV_ALIGNED_ALLOC(unit, whole == 0 ? unit : whole);
}

/// A string that held the password, or the line of the file where it stands, leaves nothing behind.
void release(void* memory) noexcept {
  explicit_bzero(memory, malloc_usable_size(memory));
  std::free(memory);
}

/// kvd allocates at start only: without memory there is nobody to serve.
void* or_abort(void* memory) {
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t n) { return or_abort(allocate(n)); }
void* operator new[](std::size_t n) { return or_abort(allocate(n)); }
void* operator new(std::size_t n, std::align_val_t a) { return or_abort(allocate(n, a)); }
void* operator new[](std::size_t n, std::align_val_t a) { return or_abort(allocate(n, a)); }
void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return allocate(n); }
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept { return allocate(n); }
void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate(n, a);
}
void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate(n, a);
}

void operator delete(void* p) noexcept { release(p); }
void operator delete[](void* p) noexcept { release(p); }
void operator delete(void* p, std::size_t) noexcept { release(p); }
void operator delete[](void* p, std::size_t) noexcept { release(p); }
void operator delete(void* p, std::align_val_t) noexcept { release(p); }
void operator delete[](void* p, std::align_val_t) noexcept { release(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { release(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { release(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { release(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { release(p); }
void operator delete(void* p, std::align_val_t, const std::nothrow_t&) noexcept { release(p); }
void operator delete[](void* p, std::align_val_t, const std::nothrow_t&) noexcept { release(p); }

namespace kv {

void install_seal_hooks() {}  // linking sufficed

}  // namespace kv

#endif
