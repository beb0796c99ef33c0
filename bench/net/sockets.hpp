// Sockets of the benchmark's programs: one listens, the other connects, both without Nagle's
// delay. An address is an IPv4 address and a port, or the path of a Unix socket.
#pragma once

#include <cstdint>
#include <string>

namespace kv::bench {

struct Address {
  std::string host = "127.0.0.1";  // in numbers
  uint16_t port = 6379;
  std::string unix_path;  // used instead, where it is not empty
};

/// "127.0.0.1:6379", or the path.
std::string text_of(const Address& address);

/// A descriptor, or -1 with the reason in `error`. Port 0 lets the system choose; `address` is
/// then set to what it chose.
int listen_on(Address& address, std::string& error);
int connect_to(const Address& address, std::string& error);

/// Turns Nagle's delay off; for what was accepted on a TCP socket. Others are left alone.
void send_at_once(int socket);

/// Lets the process have `count` descriptors. Returns why not, or "".
std::string allow_descriptors(uint64_t count);

}  // namespace kv::bench
