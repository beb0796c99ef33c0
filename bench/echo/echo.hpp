// Servers that do nothing but receive and send: for every `request_bytes` that come, one reply.
// What they cost is the kernel's part of any server on this machine; nothing can be cheaper.
//
// Both run until a signal ends the process.
#pragma once

#include <string>

#include "bench/echo/reply.hpp"
#include "bench/net/ring.hpp"

namespace kv::bench {

/// Returns why it cannot serve. REQUIRES: 1 to 30,000 connections.
std::string serve_with_ring(int listener, const Replies& replies, uint32_t connections,
                            Receive receive);
std::string serve_with_epoll(int listener, const Replies& replies);

}  // namespace kv::bench
