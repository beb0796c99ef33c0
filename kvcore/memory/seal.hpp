// The end of allocation.
//
// A process has two phases. In `init` anything may allocate. After seal() it only serves: any
// operator new or malloc is a bug, reported with its size before the process aborts. The
// hooks are linked into kvd (seal_hooks.cpp), not into the library, so a program that uses
// kvcore keeps its own allocator.
#pragma once

#include <cstdint>

namespace kv {

/// Ends the init phase. Cannot be undone.
void seal();
bool sealed();

/// Called by the hooks before every heap allocation of `bytes`; aborts when sealed.
void heap_allocation(uint64_t bytes);

/// Heap allocations so far; does not change after seal().
uint64_t heap_allocation_count();

}  // namespace kv
