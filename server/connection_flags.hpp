// The bits of ConnectionRecord::flags: what is in flight for a connection, and how it ends.
// They live in one byte of the record.
#pragma once

#include <cstdint>

#include "kvcore/plan/records.hpp"

namespace kv::connection_flag {

constexpr uint8_t receiving = 1;  ///< a receive is in flight
constexpr uint8_t sending = 2;    ///< a send is in flight
constexpr uint8_t ending = 4;     ///< closes once its replies are sent; no more commands
constexpr uint8_t closing = 8;    ///< closes once nothing is in flight
constexpr uint8_t woken = 16;     ///< was first to wait for a receive buffer, and stays first

inline bool has(const ConnectionRecord& record, uint8_t flags) {
  return (record.flags & flags) != 0;
}
inline void set(ConnectionRecord& record, uint8_t flags) {
  record.flags = static_cast<uint8_t>(record.flags | flags);
}
inline void clear(ConnectionRecord& record, uint8_t flags) {
  record.flags = static_cast<uint8_t>(record.flags & ~flags);
}

}  // namespace kv::connection_flag
