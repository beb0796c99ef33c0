// CRC-32C, the checksum of what is on disk.
//
// Polynomial 0x1edc6f41 (reflected 0x82f63b78), as in RFC 3720, section 12.1, and its appendix
// B.4 for examples. Computed by the processor where it can (SSE 4.2), else from a table of 8 KiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kv {

/// The checksum of `bytes` behind those whose checksum is `before`; 0 for none.
uint32_t crc32c(std::span<const std::byte> bytes, uint32_t before = 0);

/// The same without the processor's help, on every machine.
uint32_t crc32c_by_table(std::span<const std::byte> bytes, uint32_t before = 0);

}  // namespace kv
