// The connection pool: records, shared buffers and large slots, and who waits for them.
//
// Memory is what the component `connections` of the plan says. Buffers and slots belong to no
// connection: one is held while it is needed, and goes to the connection that has waited the
// longest when it is given back.
//
//     records   | 0 | 1 | 2 | …            one per client
//     buffers   | request 0 | request 1 | …    | reply 0 | reply 1 | …
//     slots     | large request 0 | …          | large reply 0 | …
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "kvcore/memory/arena.hpp"
#include "kvcore/memory/assert.hpp"
#include "kvcore/memory/index_pool.hpp"
#include "kvcore/plan/allocation.hpp"
#include "kvcore/plan/records.hpp"
#include "server/call.hpp"

namespace kv {

/// What a connection can wait for. The value is ConnectionRecord::waiting_for.
enum class Resource : uint8_t {
  none,
  request_buffer,
  large_request,
  reply_buffer,
  large_reply,
  unpause,        ///< the end of CLIENT PAUSE; no memory, and any number can have it
  snapshot_room,  ///< room for a key that is to be changed, in the buffer of the snapshot
  snapshot_end,   ///< the end of the snapshot that is being written
};
constexpr uint64_t resource_count = 8;

/// Buffers of one size in one piece of memory.
struct BufferArea {
  std::span<char> memory;
  uint64_t unit_bytes = 0;

  std::span<char> operator[](uint32_t index) const {
    return memory.subspan(index * unit_bytes, unit_bytes);
  }
  uint64_t count() const { return unit_bytes == 0 ? 0 : memory.size() / unit_bytes; }
};

/// Connections that wait for one resource, the longest first. Links are in the records.
class WaitQueue {
 public:
  bool empty() const { return head_ == index_none; }
  uint32_t front() const { return head_; }
  uint64_t count() const { return count_; }
  void push_back(std::span<ConnectionRecord> records, uint32_t index);
  void push_front(std::span<ConnectionRecord> records, uint32_t index);
  void remove(std::span<ConnectionRecord> records, uint32_t index);

 private:
  uint32_t head_ = index_none;
  uint32_t tail_ = index_none;
  uint64_t count_ = 0;
};

class Connections {
 public:
  /// Carves every part of the component.
  void carve(Arena& arena, const Allocation& allocation);

  /// Where usage is counted: the parts of this component.
  void count_in(std::array<PoolUse, part_count>& use) { use_ = &use; }

  uint64_t capacity() const { return records_.size(); }
  uint64_t count() const { return count_; }
  /// Records from here on were never used; those before are in use or have no socket.
  uint32_t opened() const { return fresh_; }
  /// Those records: the rest was never touched.
  std::span<ConnectionRecord> opened_records() { return records_.first(fresh_); }
  uint32_t index_of(const ConnectionRecord& record) const {
    return static_cast<uint32_t>(&record - records_.data());
  }
  ConnectionRecord& operator[](uint32_t index) { return records_[index]; }

  /// A free record, cleared but for its generation; index_none when all are in use.
  uint32_t open();
  /// Gives the record back. REQUIRES: it holds no buffer and waits for nothing.
  void close(uint32_t index);

  BufferArea request_area() const { return request_area_; }
  /// The room of the buffer or slot that the record holds, empty when it holds none.
  std::span<char> request_room(const ConnectionRecord& record) const {
    if (record.large_request != index_none) {
      return pool(Resource::large_request).area[record.large_request];
    }
    if (record.request_buffer != index_none) return request_area_[record.request_buffer];
    return {};
  }
  std::span<char> reply_room(const ConnectionRecord& record) const {
    if (record.large_reply != index_none) {
      return pool(Resource::large_reply).area[record.large_reply];
    }
    if (record.reply_buffer != index_none) {
      return pool(Resource::reply_buffer).area[record.reply_buffer];
    }
    return {};
  }
  static bool has_input(const ConnectionRecord& record) {
    return record.request_end > record.request_begin;
  }
  /// What was received and is not executed yet.
  std::string_view input(const ConnectionRecord& record) const {
    return {request_room(record).data() + record.request_begin,
            record.request_end - record.request_begin};
  }
  uint64_t request_unit_bytes() const { return request_area_.unit_bytes; }
  uint64_t reply_unit_bytes() const { return pool(Resource::reply_buffer).area.unit_bytes; }

  /// The kernel filled this receive buffer for the record.
  void hold_request_buffer(ConnectionRecord& record, uint32_t buffer);
  /// Forgets the record's receive buffer and returns it, to be given to the kernel.
  uint32_t drop_request_buffer(ConnectionRecord& record);

  /// Takes a reply buffer or a slot for the record. False when none is free.
  /// REQUIRES: not Resource::request_buffer, which the kernel hands out.
  bool acquire(Resource resource, ConnectionRecord& record);
  void release(Resource resource, ConnectionRecord& record);
  /// The whole room that the largest request has: a slot, or a receive buffer. REQUIRES: nobody
  /// uses it yet.
  std::span<char> largest_request_room() const {
    const BufferArea& large = pool(Resource::large_request).area;
    return large.count() > 0 ? large[0] : request_area_[0];
  }
  /// How many are free. For request_buffer: not held by a connection.
  uint64_t free_count(Resource resource) const;

  void wait(Resource resource, uint32_t index, bool first);
  void stop_waiting(uint32_t index);
  WaitQueue& queue(Resource resource) { return queues_[static_cast<uint64_t>(resource)]; }
  uint64_t waiting_count() const;

 private:
  /// Buffers of one kind, and where a record keeps the index of the one it holds.
  struct Pool {
    BufferArea area;
    IndexPool free;
    Part part = Part::reply_buffers;
    uint32_t ConnectionRecord::*held = nullptr;
  };

  const Pool& pool(Resource resource) const {
    KV_ASSERT(resource >= Resource::large_request);
    KV_ASSERT(resource <= Resource::large_reply);
    return pools_[static_cast<uint64_t>(resource) - static_cast<uint64_t>(Resource::large_request)];
  }
  Pool& pool(Resource resource) { return const_cast<Pool&>(std::as_const(*this).pool(resource)); }
  void note(Part part, int64_t change);

  std::span<ConnectionRecord> records_;
  BufferArea request_area_;
  std::array<Pool, 3> pools_;  ///< large requests, reply buffers, large replies
  std::array<WaitQueue, resource_count> queues_;
  uint64_t count_ = 0;
  uint64_t request_buffers_held_ = 0;
  uint32_t free_head_ = index_none;
  uint32_t fresh_ = 0;
  std::array<PoolUse, part_count>* use_ = nullptr;
};

}  // namespace kv
