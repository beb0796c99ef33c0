// The hooks that see every heap allocation of kvd, so that none can happen after seal().
//
// Where the program is linked with them they replace operator new and, with KV_WRAP_MALLOC and
// the linker's --wrap, malloc and its kin. AddressSanitizer brings its own allocator, which is
// asked to call them instead. They cost a counter per allocation and no memory.
#pragma once

namespace kv {

/// Installs what linking alone does not. Call it first in main().
void install_seal_hooks();

}  // namespace kv
