// The epoll backend against socket pairs: what each verb completes with, and when.
#include "server/epoll.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

namespace kv {
namespace {

constexpr uint64_t descriptors = 64;
constexpr uint64_t buffer_bytes = 8;

/// A backend with so many shared buffers, and clients that are the other ends of socket pairs.
class Fixture {
 public:
  explicit Fixture(uint64_t buffers)
      : free_(buffers), memory_(buffers * buffer_bytes), sockets_(descriptors), events_(4) {
    REQUIRE(!io.start({sockets_, events_, free_}, area()));
    sigset_t none;
    sigemptyset(&none);
    REQUIRE(!io.listen_on({}, none));
  }

  ~Fixture() {
    for (const int client : clients_) ::close(client);
    for (uint64_t i = 0; i < descriptors; ++i) {
      if (client_of_[i] != 0) ::close(static_cast<int>(i));
    }
  }

  BufferArea area() { return {memory_, buffer_bytes}; }

  /// The server's end; connection number and generation are made from it.
  Target connect() {
    std::array<int, 2> pair = {};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()) == 0);
    clients_.push_back(pair[1]);
    client_of_[static_cast<uint64_t>(pair[0])] = pair[1];
    return {static_cast<uint32_t>(pair[0]) + 100, 7, pair[0]};
  }

  int client(Target target) { return client_of_[static_cast<uint64_t>(target.socket)]; }

  void write(Target target, std::string_view bytes) {
    REQUIRE(::send(client(target), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }

  /// What the client can read now.
  std::string read(Target target) {
    std::string out(1 << 20, '\0');
    const ssize_t bytes = recv(client(target), out.data(), out.size(), MSG_DONTWAIT);
    out.resize(bytes > 0 ? static_cast<uint64_t>(bytes) : 0);
    return out;
  }

  /// What completes in two turns: with something to report the kernel is asked every other time.
  std::vector<Completion> turns() {
    std::vector<Completion> out;
    for (int turn = 0; turn < 2; ++turn) {
      const uint64_t count = io.wait(completions_, /*timeout_ms=*/0);
      out.insert(out.end(), completions_.begin(),
                 completions_.begin() + static_cast<int64_t>(count));
    }
    return out;
  }

  Completion one() {
    const std::vector<Completion> all = turns();
    REQUIRE(all.size() == 1);
    return all[0];
  }

  std::string_view text(const Completion& completion) {
    REQUIRE(completion.buffer != index_none);
    return {area()[completion.buffer].data(), static_cast<uint64_t>(completion.result)};
  }

  Epoll io;

 private:
  std::vector<uint32_t> free_;
  std::vector<char> memory_;
  std::vector<EpollSocket> sockets_;
  std::vector<EpollEvent> events_;
  std::array<Completion, 16> completions_ = {};
  std::array<int, descriptors> client_of_ = {};
  std::vector<int> clients_;
};

}  // namespace

TEST_CASE("a receive completes when bytes arrive, and not before") {
  Fixture at(2);
  const Target target = at.connect();
  at.io.receive_any(target);
  CHECK(at.turns().empty());
  at.write(target, "hello");
  const Completion got = at.one();
  CHECK(got.operation == Operation::receive);
  CHECK(got.connection == target.connection);
  CHECK(got.generation == 7);
  CHECK(at.text(got) == "hello");
  CHECK(at.turns().empty());
}

TEST_CASE("what does not fit in a buffer is there for the next receive without another event") {
  Fixture at(3);
  const Target target = at.connect();
  at.write(target, "12345678abcdefghXY");
  std::string all;
  for (int i = 0; i < 3; ++i) {
    at.io.receive_any(target);
    all += at.text(at.one());
  }
  CHECK(all == "12345678abcdefghXY");
  at.io.receive_any(target);
  CHECK(at.turns().empty());
}

TEST_CASE("a receive into given room fills that, and takes no shared buffer") {
  Fixture at(1);
  const Target target = at.connect();
  std::array<char, 16> room = {};
  at.io.receive_into(target, room);
  at.write(target, "hello");
  const Completion got = at.one();
  CHECK(got.result == 5);
  CHECK(got.buffer == index_none);
  CHECK(std::string_view(room.data(), 5) == "hello");
}

TEST_CASE("without a free buffer a receive ends with ENOBUFS once bytes are there") {
  Fixture at(1);
  const Target first = at.connect();
  const Target second = at.connect();
  at.io.receive_any(first);
  at.io.receive_any(second);
  at.write(first, "one");
  const Completion held = at.one();
  CHECK(at.turns().empty());
  at.write(second, "two");
  Completion refused = at.one();
  CHECK(refused.result == -ENOBUFS);
  CHECK(refused.buffer == index_none);
  // Whoever is late comes before one that was faster to ask again.
  at.write(first, "more");
  at.io.release_buffer(held.buffer);
  at.io.receive_any(first);
  at.io.receive_any(second);
  const std::vector<Completion> both = at.turns();
  REQUIRE(both.size() == 2);
  CHECK(both[0].connection == second.connection);
  CHECK(at.text(both[0]) == "two");
  CHECK(both[1].connection == first.connection);
  CHECK(both[1].result == -ENOBUFS);
}

TEST_CASE("a send that the client does not read sends a part, waits, and goes on") {
  Fixture at(1);
  const Target target = at.connect();
  const std::string bytes(8 << 20, 'x');
  uint64_t sent = 0;
  for (;;) {
    at.io.send(target, std::span(bytes).subspan(sent));
    const std::vector<Completion> done = at.turns();
    if (done.empty()) break;
    REQUIRE(done.size() == 1);
    REQUIRE(done[0].operation == Operation::send);
    REQUIRE(done[0].result > 0);
    sent += static_cast<uint64_t>(done[0].result);
  }
  CHECK(sent < bytes.size());
  CHECK(at.turns().empty());
  while (!at.read(target).empty()) {
  }
  CHECK(at.one().result > 0);
  // And again: from now on the kernel reports room whenever there is some.
  for (;;) {
    at.io.send(target, bytes);
    if (at.turns().empty()) break;
  }
  while (!at.read(target).empty()) {
  }
  CHECK(at.one().result > 0);
}

TEST_CASE("the end of a stream is received behind the last bytes, also after a short read") {
  Fixture at(2);
  const Target target = at.connect();
  at.io.receive_any(target);
  at.write(target, "bye");
  ::shutdown(at.client(target), SHUT_WR);
  CHECK(at.text(at.one()) == "bye");
  at.io.receive_any(target);
  const Completion end = at.one();
  CHECK(end.result == 0);
  CHECK(end.buffer == index_none);
}

TEST_CASE("an end that comes after the bytes were received is a completion of its own") {
  Fixture at(2);
  const Target target = at.connect();
  at.io.receive_any(target);
  at.write(target, "bye");
  CHECK(at.text(at.one()) == "bye");
  at.io.receive_any(target);
  CHECK(at.turns().empty());
  ::shutdown(at.client(target), SHUT_WR);
  CHECK(at.one().result == 0);
}

TEST_CASE("shutting down completes what is in flight, and the descriptor can be used again") {
  Fixture at(2);
  const Target target = at.connect();
  const std::string bytes(8 << 20, 'x');
  at.io.receive_any(target);
  for (;;) {
    at.io.send(target, bytes);
    if (at.turns().empty()) break;
  }
  at.io.shut_down(target.socket);
  const std::vector<Completion> ended = at.turns();
  REQUIRE(ended.size() == 2);
  CHECK(ended[0].operation == Operation::send);
  CHECK(ended[0].result == -EPIPE);
  CHECK(ended[1].operation == Operation::receive);
  CHECK(ended[1].result == 0);
  at.io.close(target.socket);

  Target next = at.connect();
  REQUIRE(next.socket == target.socket);
  next.generation = 8;
  at.write(next, "new");
  at.io.receive_any(next);
  const Completion got = at.one();
  CHECK(got.generation == 8);
  CHECK(at.text(got) == "new");
}

TEST_CASE("more events than one call reports, and more completions than one turn takes, keep") {
  Fixture at(40);
  std::vector<Target> targets;
  for (int i = 0; i < 20; ++i) {
    targets.push_back(at.connect());
    at.io.receive_any(targets.back());
    at.io.send(targets.back(), std::string_view("x"));
    at.write(targets.back(), "y");
  }
  uint64_t received = 0;
  uint64_t sent = 0;
  for (int i = 0; i < 20; ++i) {
    for (const Completion& completion : at.turns()) {
      REQUIRE(completion.result == 1);
      ++(completion.operation == Operation::send ? sent : received);
    }
  }
  CHECK(received == 20);
  CHECK(sent == 20);
}

TEST_CASE("a socket that the kernel does not watch ends its operations with the reason") {
  Fixture at(1);
  // A regular file cannot be watched.
  char path[] = "/tmp/kvd_epoll_XXXXXX";
  const int file = mkstemp(path);
  REQUIRE(file >= 0);
  unlink(path);
  at.io.receive_any({1, 1, file});
  const Completion refused = at.one();
  CHECK(refused.result == -EPERM);
  CHECK(refused.buffer == index_none);
  at.io.close(file);
}

}  // namespace kv
