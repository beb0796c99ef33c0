// What a server tells `kvplan doctor`: bytes of any kind in answer to AUTH and INFO. The answer is
// a report or why there is none, never a crash, and never a wait for more than was announced.
//
// The first byte of the input says whether a password is sent; the rest is what a server on the
// loopback answers before it closes the connection, whatever it was asked.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "planner/running.hpp"
#include "tests/fuzz/load_fuzz.hpp"

namespace {

/// Answers every connection with the same bytes.
class Answering {
 public:
  Answering() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    kv::require(::bind(listener_, any, bytes) == 0 && ::listen(listener_, /*backlog=*/4) == 0 &&
                    ::getsockname(listener_, any, &bytes) == 0,
                "no listener");
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }

  /// What kvplan makes of an answer.
  kv::OrError<std::string> ask(std::string_view answer, const std::string& password) {
    std::thread server([&] {
      const int client = ::accept(listener_, nullptr, nullptr);
      kv::require(client >= 0, "nobody came");
      while (!answer.empty()) {
        const ssize_t sent = ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
        if (sent <= 0) break;
        answer.remove_prefix(static_cast<uint64_t>(sent));
      }
      ::shutdown(client, SHUT_WR);
      char rest[4096];
      while (::recv(client, rest, sizeof rest, 0) > 0) continue;
      ::close(client);
    });
    kv::OrError<std::string> said = kv::ask_for_info(address_, password);
    server.join();
    return said;
  }

 private:
  int listener_;
  std::string address_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  static Answering server;
  if (bytes == 0) return -1;
  const std::string_view answer(reinterpret_cast<const char*>(data) + 1, bytes - 1);
  const kv::OrError<std::string> said = server.ask(answer, data[0] % 2 == 0 ? "" : "secret");
  if (said.index() == 0) {
    kv::require(std::get<0>(said).size() <= answer.size(), "more than was answered");
  } else {
    kv::require(!std::get<1>(said).empty(), "failed without a word");
  }
  const std::string_view text = said.index() == 0 ? std::string_view(std::get<0>(said)) : answer;
  const kv::OrError<kv::ServerReport> report = kv::parse_info(text);
  kv::require(report.index() == 0 || !std::get<1>(report).empty(), "failed without a word");
  return 0;
}
