#include "server/connections.hpp"

#include "kvcore/memory/assert.hpp"
#include "server/planted.hpp"

namespace kv {

void WaitQueue::push_back(std::span<ConnectionRecord> records, uint32_t index) {
  records[index].waiting = {tail_, index_none};
  (tail_ == index_none ? head_ : records[tail_].waiting.next) = index;
  tail_ = index;
  ++count_;
}

void WaitQueue::push_front(std::span<ConnectionRecord> records, uint32_t index) {
  records[index].waiting = {index_none, head_};
  (head_ == index_none ? tail_ : records[head_].waiting.previous) = index;
  head_ = index;
  ++count_;
}

void WaitQueue::remove(std::span<ConnectionRecord> records, uint32_t index) {
  KV_ASSERT(count_ > 0);
  const QueueLink link = records[index].waiting;
  (link.previous == index_none ? head_ : records[link.previous].waiting.next) = link.next;
  (link.next == index_none ? tail_ : records[link.next].waiting.previous) = link.previous;
  --count_;
}

void Connections::carve(Arena& arena, const Allocation& allocation) {
  constexpr uint64_t cache_line = 64;
  const Config& config = allocation.config;
  const Terms& planned = allocation.terms;
  const auto area = [&](Part part, uint64_t count, uint64_t unit_bytes) -> BufferArea {
    return {arena.take<char>(part, count * unit_bytes, cache_line), unit_bytes};
  };
  Pool& large_requests = pool(Resource::large_request);
  Pool& replies = pool(Resource::reply_buffer);
  Pool& large_replies = pool(Resource::large_reply);
  large_requests = {{}, {}, Part::large_requests, &ConnectionRecord::large_request};
  replies = {{}, {}, Part::reply_buffers, &ConnectionRecord::reply_buffer};
  large_replies = {{}, {}, Part::large_replies, &ConnectionRecord::large_reply};

  records_ = arena.take<ConnectionRecord>(Part::connection_records, config.connections_max);
  request_area_ = area(Part::request_buffers, config.request_buffers, planned.request_unit_bytes);
  replies.area = area(Part::reply_buffers, config.reply_buffers, planned.reply_unit_bytes);
  large_requests.area =
      area(Part::large_requests, planned.large_requests, planned.request_bytes_max);
  large_replies.area = area(Part::large_replies, planned.large_replies, planned.reply_bytes_max);
  for (Pool* each : {&replies, &large_requests, &large_replies}) {
    each->free = IndexPool(arena.take<uint32_t>(Part::buffer_free_lists, each->area.count()));
  }
}

uint32_t Connections::open() {
  uint32_t index = free_head_;
  if (index != index_none) {
    free_head_ = records_[index].waiting.next;
  } else if (fresh_ < records_.size()) {
    index = fresh_++;
  } else {
    return index_none;
  }
  const uint32_t generation = records_[index].generation;
  ConnectionRecord& record = records_[index];
  record = {};
  record.generation = generation;
  record.socket = -1;
  record.request_buffer = record.large_request = index_none;
  record.reply_buffer = record.large_reply = index_none;
  record.protocol = 2;
  record.last_command = static_cast<uint8_t>(Command::unknown);
  ++count_;
  note(Part::connection_records, 1);
  return index;
}

void Connections::close(uint32_t index) {
  ConnectionRecord& record = records_[index];
  KV_ASSERT(record.request_buffer == index_none);
  KV_ASSERT(record.reply_buffer == index_none);
  record.socket = -1;
  if (!planted(Fault::kept_generation)) record.generation = (record.generation + 1) & 0xffffff;
  record.waiting = {index_none, free_head_};
  free_head_ = index;
  --count_;
  note(Part::connection_records, -1);
}

void Connections::hold_request_buffer(ConnectionRecord& record, uint32_t buffer) {
  KV_ASSERT(record.request_buffer == index_none);
  record.request_buffer = buffer;
  ++request_buffers_held_;
  note(Part::request_buffers, 1);
}

uint32_t Connections::drop_request_buffer(ConnectionRecord& record) {
  KV_ASSERT(record.request_buffer != index_none);
  const uint32_t buffer = record.request_buffer;
  record.request_buffer = index_none;
  --request_buffers_held_;
  note(Part::request_buffers, -1);
  return buffer;
}

bool Connections::acquire(Resource resource, ConnectionRecord& record) {
  Pool& from = pool(resource);
  KV_ASSERT(record.*from.held == index_none);
  const uint32_t index = from.free.acquire();
  if (index == index_none) return false;
  record.*from.held = index;
  note(from.part, 1);
  return true;
}

void Connections::release(Resource resource, ConnectionRecord& record) {
  Pool& to = pool(resource);
  KV_ASSERT(record.*to.held != index_none);
  to.free.release(record.*to.held);
  record.*to.held = index_none;
  note(to.part, -1);
}

uint64_t Connections::free_count(Resource resource) const {
  if (resource >= Resource::unpause) return UINT64_MAX;
  if (resource == Resource::request_buffer) return request_area_.count() - request_buffers_held_;
  return pool(resource).free.free_count();
}

void Connections::wait(Resource resource, uint32_t index, bool first) {
  ConnectionRecord& record = records_[index];
  KV_ASSERT(record.waiting_for == static_cast<uint8_t>(Resource::none));
  record.waiting_for = static_cast<uint8_t>(resource);
  if (first) {
    queue(resource).push_front(records_, index);
  } else {
    queue(resource).push_back(records_, index);
  }
}

void Connections::stop_waiting(uint32_t index) {
  ConnectionRecord& record = records_[index];
  if (record.waiting_for == static_cast<uint8_t>(Resource::none)) return;
  queue(static_cast<Resource>(record.waiting_for)).remove(records_, index);
  record.waiting_for = static_cast<uint8_t>(Resource::none);
}

uint64_t Connections::waiting_count() const {
  uint64_t count = 0;
  for (const WaitQueue& queue : queues_) count += queue.count();
  return count;
}

void Connections::note(Part part, int64_t change) {
  if (use_ == nullptr) return;
  PoolUse& use = (*use_)[static_cast<uint64_t>(part)];
  use.used += static_cast<uint64_t>(change);
  if (use.used > use.used_max) use.used_max = use.used;
}

}  // namespace kv
