// The bits of ConnectionRecord::flags, which are the state of its io, and of ::traits, which are
// what the client asked to be or was told.
#pragma once

#include <cstdint>

#include "kvcore/plan/records.hpp"

namespace kv::connection_flag {

constexpr uint8_t receiving = 1;   ///< a receive is in flight
constexpr uint8_t sending = 2;     ///< a send is in flight
constexpr uint8_t ending = 4;      ///< closes once its replies are sent; no more commands
constexpr uint8_t closing = 8;     ///< closes once nothing is in flight
constexpr uint8_t woken = 16;      ///< was first to wait for a receive buffer, and stays first
constexpr uint8_t received = 32;   ///< has sent something in this turn that was not looked at yet
constexpr uint8_t lingering = 64;  ///< closes once its client has taken all that was sent
constexpr uint8_t dropping = 128;  ///< closes without waiting for that

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

namespace kv::client_trait {

constexpr uint16_t unauthenticated = 1;  ///< there was a password, and it was not given yet
constexpr uint16_t muted = 2;            ///< CLIENT REPLY OFF
constexpr uint16_t skips = 4;            ///< the reply to this command is dropped
constexpr uint16_t skips_next = 8;       ///< CLIENT REPLY SKIP was the last command
constexpr uint16_t killed = 16;          ///< CLIENT KILL; closes when its replies are sent
constexpr uint16_t no_evict = 32;
constexpr uint16_t no_touch = 64;
constexpr uint16_t in_transaction = 128;  ///< between MULTI and EXEC
constexpr uint16_t saving = 256;          ///< its SAVE was begun

inline bool has(const ConnectionRecord& record, uint16_t traits) {
  return (record.traits & traits) != 0;
}
inline void set(ConnectionRecord& record, uint16_t traits) {
  record.traits = static_cast<uint16_t>(record.traits | traits);
}
inline void clear(ConnectionRecord& record, uint16_t traits) {
  record.traits = static_cast<uint16_t>(record.traits & ~traits);
}

}  // namespace kv::client_trait
