// LocalIo: the io interface inside one process, with clients that are function calls.
//
// The prompt and the fuzzers drive the whole server through it, so that what they see is what a
// client on a socket sees. Bytes move in pieces of at most `piece_bytes`, as on a real network.
// It keeps what clients have sent and not read on the heap: no program that seals uses it.
//
//     write() ──► receive_any(), receive_into() ──► server ──► send() ──► take_replies()
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/connections.hpp"
#include "server/io.hpp"

namespace kv {

class LocalIo final : public Io {
 public:
  /// Whether time passes by itself, or only when the server waits and nothing is to be done.
  enum class Clock : uint8_t { real, simulated };

  LocalIo(BufferArea buffers, Clock clock);

  // The clients' side. A client is the number that connect() returns.
  int connect();
  void write(int client, std::string_view bytes);
  /// The client closes its side: the server sees an end of stream behind what was written.
  void hang_up(int client);
  /// What the server has sent since the last call.
  std::string take_replies(int client);
  /// Whether the server has closed, or refused, the connection.
  bool closed(int client) const { return clients_[static_cast<uint64_t>(client)].closed; }
  /// Whether the server has taken all that was written and waits for more.
  bool idle(int client) const;
  /// Bytes that one receive or send moves at most.
  void set_piece_bytes(uint64_t bytes) { piece_bytes_ = bytes; }

  void accept(uint32_t) override { accepting_ = true; }
  void stop_accepting() override { accepting_ = false; }
  /// Every client is on this machine: the same as one of a Unix socket.
  void name(int, SocketName& peer, SocketName& local) override {
    peer.family = local.family = SocketName::Family::unix_socket;
  }
  void receive_any(Target target) override;
  void receive_into(Target target, std::span<char> room) override;
  void send(Target target, std::span<const char> bytes) override;
  void release_buffer(uint32_t buffer) override { free_buffers_.push_back(buffer); }
  bool has_left(int socket) override { return at(socket).hung_up; }
  void shut_down(int socket) override;
  uint64_t unsent_bytes(int) override { return 0; }
  void end_sending(int) override {}
  void drop_unsent(int) override {}
  void close(int socket) override;
  void refuse(int socket, std::string_view text) override;
  uint64_t wait(std::span<Completion> out, uint64_t timeout_ms) override;
  uint64_t monotonic_us() override;
  uint64_t unix_us() override;

 private:
  struct Client {
    std::string sent;     ///< by the client, not received yet
    std::string replies;  ///< to the client, not taken yet
    Target target = {};
    std::span<char> room;        ///< of the receive in flight; empty for receive_any()
    std::span<const char> data;  ///< of the send in flight
    bool accepted = false;
    bool receiving = false;
    bool sending = false;
    bool hung_up = false;
    bool shut_down = false;
    bool closed = false;
  };

  Client& at(int socket) { return clients_[static_cast<uint64_t>(socket)]; }
  bool complete_receive(Client& client, Completion& out);
  bool complete_send(Client& client, Completion& out);
  uint64_t complete_all(std::span<Completion> out);
  void pass_time(uint64_t timeout_ms);

  BufferArea buffers_;
  Clock clock_;
  std::vector<uint32_t> free_buffers_;
  std::vector<Client> clients_;
  uint64_t piece_bytes_ = UINT64_MAX;
  uint64_t simulated_ms_ = 1'000'000;
  bool accepting_ = false;
};

}  // namespace kv
