// The records that live in the arena, and their sizes.
//
// Records refer to one another by 32-bit index, never by pointer, so a sizeof here is the
// same on every machine and the planner (wasm32 included) computes what the server carves.
#pragma once

#include <cstdint>

#include "kvcore/plan/client_records.hpp"
#include "kvcore/plan/units.hpp"

namespace kv {

/// A key and what it holds. Free entries are chained through `first`.
struct Entry {
  enum class Type : uint8_t { free, string, list };

  uint32_t key_block;  ///< first block of the chain that begins with the key
  uint32_t key_bytes;
  uint32_t first;       ///< list: first node; free: next free entry; string: unused
  uint32_t timer;       ///< of its deadline; index_none for a key that stays
  uint32_t length;      ///< string: bytes, behind the key in its chain; list: elements
  uint32_t hash_high;   ///< upper half of the key's hash, compared before the key is
  uint32_t accessed_s;  ///< when it was last looked up, in seconds since 1970
  Type type;
  uint8_t unused[3];

  /// What the key's chain holds: the key, and the value of a string.
  constexpr uint64_t chain_bytes() const {
    return uint64_t{key_bytes} + (type == Type::string ? length : 0);
  }
};
static_assert(sizeof(Entry) == 32 && alignof(Entry) == 4);

/// A cache line of the map.
///
///     0            12        16                                   64
///     | 12 tags    | passed  | 12 entry indices of 4 bytes        |
///
/// A tag of 0 is an empty slot. `passed` counts the keys whose home is here or before and
/// that were placed further on, because this bucket was full: a search ends where it is 0.
struct alignas(64) Bucket {
  static constexpr uint32_t slots = 12;

  uint8_t tags[slots];
  uint32_t passed;
  uint32_t entries[slots];
};
static_assert(sizeof(Bucket) == 64 && alignof(Bucket) == 64);

/// An element of a list. Free nodes are chained through `next`.
struct ListNode {
  uint32_t previous;  ///< of the first one: the last
  uint32_t next;      ///< of the last one: none
  uint32_t block;     ///< first block of the element
  uint32_t bytes;     ///< length of the element
};
static_assert(sizeof(ListNode) == 16 && alignof(ListNode) == 4);

/// When a key expires, and its neighbours in a slot of the timing wheel. Free timers are chained
/// through `next`.
struct Timer {
  static constexpr uint32_t levels = 11;
  static constexpr uint32_t slots = levels * 64;
  static constexpr uint64_t first_in_slot = uint64_t{1} << 63;

  uint32_t deadline[2];  ///< Unix time in 63 bits, the lower half first; see marked_deadline()
  uint32_t previous;     ///< the first of a slot has the slot here
  uint32_t next;
  uint32_t entry;  ///< of the key

  /// In milliseconds; the highest bit, first_in_slot, marks the first of a slot.
  constexpr uint64_t marked_deadline() const { return uint64_t{deadline[1]} << 32 | deadline[0]; }
  constexpr void set_marked_deadline(uint64_t marked) {
    deadline[0] = static_cast<uint32_t>(marked);
    deadline[1] = static_cast<uint32_t>(marked >> 32);
  }
};
static_assert(sizeof(Timer) == 20 && alignof(Timer) == 4);

/// One argument of the command being executed: where it lies in the request buffer.
struct Slice {
  alignas(8) const char* data;
  alignas(8) uint64_t bytes;
};
static_assert(sizeof(Slice) == 16 && alignof(Slice) == 8);

/// Every block but the last of its chain ends in the index of the next.
using BlockLink = uint32_t;
static_assert(sizeof(BlockLink) == 4);

/// What the kernel knows of a buffer in the buffer ring. Source: struct io_uring_buf.
struct BufferRingEntry {
  uint64_t address;
  uint32_t bytes;
  uint16_t id;
  uint16_t reserved;
};
static_assert(sizeof(BufferRingEntry) == 16);

/// What epoll remembers of a socket: its operations that have not completed, and what the kernel
/// last said of it. The number of the descriptor is its place.
struct EpollSocket {
  alignas(8) char* room;        ///< of the receive; null for a shared buffer
  alignas(8) const char* data;  ///< of the send
  alignas(8) uint32_t room_bytes;
  uint32_t data_bytes;
  uint32_t connection;
  uint32_t generation;
  uint32_t next;   ///< in the queue of those that can go on
  uint16_t error;  ///< what the kernel said when it was asked to watch the socket
  uint16_t flags;  ///< see server/epoll.cpp
};
static_assert(sizeof(EpollSocket) == 40 && alignof(EpollSocket) == 8);

/// Room for an event that the kernel reports. Source: struct epoll_event, which is packed to 12
/// bytes on x86-64 and has 16 elsewhere.
struct EpollEvent {
  alignas(8) unsigned char bytes[16];
};
static_assert(sizeof(EpollEvent) == 16 && alignof(EpollEvent) == 8);

}  // namespace kv
