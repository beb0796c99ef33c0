#include "planner/running.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <vector>

#include "kvcore/load/words.hpp"

namespace kv {

namespace {

constexpr uint64_t reply_bytes_max = 1 << 20;
constexpr uint64_t page_bytes = 4096;
constexpr int timeout_seconds = 5;

/// The number behind "name=" in "planned_bytes=1,carved_bytes=2".
std::optional<uint64_t> number_of(std::string_view line, std::string_view name) {
  while (!line.empty()) {
    const auto end = std::min(line.find(','), line.size());
    const std::string_view item = line.substr(0, end);
    if (item.size() > name.size() && item.starts_with(name) && item[name.size()] == '=') {
      uint64_t value = 0;
      const std::string_view digits = item.substr(name.size() + 1);
      const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      if (read.ec == std::errc() && read.ptr == digits.data() + digits.size()) return value;
    }
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return {};
}

/// What stands behind "name:" at the beginning of a line.
std::optional<std::string_view> line_of(std::string_view text, const std::string& name) {
  const std::string key = name + ":";
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(key)) return line.substr(key.size());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

class Socket {
 public:
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// Empty, or what went wrong.
  std::string connect(const sockaddr_storage& address, socklen_t bytes) {
    fd_ = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval timeout = {timeout_seconds, 0};
    const bool ready = fd_ >= 0 &&
                       setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0 &&
                       setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0 &&
                       ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), bytes) == 0;
    return ready ? "" : std::strerror(errno);
  }

  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<uint64_t>(sent));
    }
    return true;
  }

  /// The next line without its end, or nothing.
  std::optional<std::string> line() {
    for (;;) {
      const auto end = buffer_.find("\r\n");
      if (end != std::string::npos) {
        std::string out = buffer_.substr(0, end);
        buffer_.erase(0, end + 2);
        return out;
      }
      if (!receive()) return {};
    }
  }

  std::optional<std::string> bytes(uint64_t count) {
    while (buffer_.size() < count) {
      if (!receive()) return {};
    }
    return buffer_.substr(0, count);
  }

 private:
  bool receive() {
    if (buffer_.size() > reply_bytes_max) return false;
    std::array<char, 16384> chunk;
    const ssize_t received = ::recv(fd_, chunk.data(), chunk.size(), 0);
    if (received <= 0) return false;
    buffer_.append(chunk.data(), static_cast<uint64_t>(received));
    return true;
  }

  int fd_ = -1;
  std::string buffer_;
};

/// "127.0.0.1:6379", "[::1]:6379", "localhost:6379". Names are not looked up.
bool parse_address(std::string_view text, sockaddr_storage& out, socklen_t& bytes) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  uint16_t port = 0;
  const std::string_view digits = text.substr(colon + 1);
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return false;
  std::string host(text.substr(0, colon));
  if (host == "localhost") host = "127.0.0.1";
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    bytes = sizeof(sockaddr_in);
    return true;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out);
  if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) != 1) return false;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  bytes = sizeof(sockaddr_in6);
  return true;
}

/// An error that a server answered, without its first byte, fit for a terminal.
std::string shown(std::string_view line) {
  return words::plain_or_quoted(line.substr(std::min<uint64_t>(1, line.size())));
}

std::string bulk(std::string_view text) { return fmt::format("${}\r\n{}\r\n", text.size(), text); }

struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;
};

/// The arena: by its name where the kernel keeps names (5.17), else by its size.
std::optional<Range> find_arena(const std::string& process, uint64_t arena_bytes) {
  std::ifstream in(process + "/maps");
  std::optional<Range> by_size;
  for (std::string line; std::getline(in, line);) {
    Range range;
    const char* const end = line.data() + line.size();
    const auto first = std::from_chars(line.data(), end, range.begin, /*base=*/16);
    if (first.ptr == end || *first.ptr != '-') continue;
    std::from_chars(first.ptr + 1, end, range.end, /*base=*/16);
    if (line.ends_with("[anon:kvd-arena]")) return range;
    const bool anonymous = line.find(" 00:00 0") != std::string::npos;
    if (anonymous && range.end - range.begin == arena_bytes) by_size = range;
  }
  return by_size;
}

/// Which of the pages from `first_page` on are resident. Not a stream: the kernel wants whole
/// entries of 8 bytes in every read.
bool read_pagemap(const std::string& process, uint64_t first_page, std::vector<bool>& resident) {
  const int fd = ::open((process + "/pagemap").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  std::vector<uint64_t> entries(65536);
  uint64_t page = 0;
  while (page < resident.size()) {
    const uint64_t count = std::min<uint64_t>(entries.size(), resident.size() - page);
    const auto offset = static_cast<off_t>((first_page + page) * sizeof(uint64_t));
    const ssize_t bytes = ::pread(fd, entries.data(), count * sizeof(uint64_t), offset);
    if (bytes < static_cast<ssize_t>(sizeof(uint64_t))) break;
    const uint64_t found = static_cast<uint64_t>(bytes) / sizeof(uint64_t);
    constexpr int present_bit = 63;
    for (uint64_t i = 0; i < found; ++i) resident[page + i] = (entries[i] >> present_bit) != 0;
    page += found;
  }
  ::close(fd);
  return page == resident.size();
}

}  // namespace

OrError<ServerReport> parse_info(std::string_view text) {
  ServerReport out;
  for (const ComponentInfo& component : components) {
    const std::string name = fmt::format("component_{}", component.id_text);
    const auto line = line_of(text, name);
    if (!line) return fmt::format("INFO has no line {}: it is no kvd, or another version", name);
    const auto planned = number_of(*line, "planned_bytes");
    const auto carved = number_of(*line, "carved_bytes");
    const auto used_max = number_of(*line, "used_bytes_max");
    if (!planned || !carved || !used_max) return fmt::format("INFO has a strange line {}", name);
    out.components[static_cast<uint64_t>(component.id)] = {*planned, *carved, *used_max};
  }
  for (const PartInfo& part : parts) {
    const std::string name = fmt::format("part_{}", part.id_text);
    const auto line = line_of(text, name);
    if (!line) return fmt::format("INFO has no line {}: it is no kvd, or another version", name);
    const auto used_max = number_of(*line, "used_max");
    if (!used_max) return fmt::format("INFO has a strange line {}", name);
    out.used_max[static_cast<uint64_t>(part.id)] = *used_max;
  }
  return out;
}

OrError<std::string> ask_for_info(const std::string& address, const std::string& password) {
  const auto failed = [&](std::string_view why) {
    return OrError<std::string>(std::in_place_index<1>, fmt::format("{}: {}", address, why));
  };
  sockaddr_storage target = {};
  socklen_t target_bytes = 0;
  if (!parse_address(address, target, target_bytes)) {
    return failed("is no address; write 127.0.0.1:6379 or [::1]:6379");
  }
  Socket socket;
  const std::string refused = socket.connect(target, target_bytes);
  if (!refused.empty()) return failed("cannot connect: " + refused);
  if (!password.empty()) {
    socket.send("*2\r\n" + bulk("AUTH") + bulk(password));
    const auto reply = socket.line();
    if (!reply) return failed("no answer to AUTH");
    if (!reply->starts_with('+')) return failed("AUTH: " + shown(*reply));
  }
  socket.send("*2\r\n" + bulk("INFO") + bulk("memory"));
  const auto head = socket.line();
  if (!head || head->empty()) return failed("no answer to INFO");
  uint64_t bytes = 0;
  const auto read = std::from_chars(head->data() + 1, head->data() + head->size(), bytes);
  if (head->front() != '$' || read.ec != std::errc() || bytes > reply_bytes_max) {
    return failed("INFO: " + shown(*head));
  }
  auto body = socket.bytes(bytes);
  if (!body) return failed("INFO ended early");
  return OrError<std::string>(std::in_place_index<0>, std::move(*body));
}

OrError<Residence> read_residence(uint64_t pid, const Allocation& allocation) {
  const std::string process = fmt::format("/proc/{}", pid);
  const auto arena = find_arena(process, allocation.arena_bytes);
  if (!arena) {
    return fmt::format(
        "process {} has no arena that can be read; that of a kvd without "
        "server.core_dumps can be read by root only",
        pid);
  }
  if (arena->end - arena->begin != allocation.arena_bytes) {
    return fmt::format(
        "the arena of process {} has {} bytes and the plan {}: it runs another config", pid,
        arena->end - arena->begin, allocation.arena_bytes);
  }
  const uint64_t page_count = allocation.arena_bytes / page_bytes;
  std::vector<bool> resident(page_count);
  if (!read_pagemap(process, arena->begin / page_bytes, resident)) {
    return fmt::format(
        "cannot read {}/pagemap; run kvplan as root, or kvd with server.core_dumps = on and kvplan "
        "as its user",
        process);
  }
  return residence_of(allocation, [&](uint64_t from, uint64_t to) {
    uint64_t bytes = 0;
    for (uint64_t at = from; at < to;) {
      const uint64_t end = std::min((at / page_bytes + 1) * page_bytes, to);
      bytes += resident[at / page_bytes] ? end - at : 0;
      at = end;
    }
    return bytes;
  });
}

}  // namespace kv
