// SHA-256 of a text at hand, as 64 hexadecimal digits. Source: FIPS 180-4.
//
// Locks name a config by it, so that anybody can check one with sha256sum. It is not used on
// any hot path: one pass, 64 bytes at a time, nothing allocated but the result.
#pragma once

#include <string>
#include <string_view>

namespace kv {

/// "ba7816bf…15ad" for "abc".
std::string sha256_hex(std::string_view text);

}  // namespace kv
