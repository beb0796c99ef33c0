// What io on sockets has in common, however the kernel is asked: names, ends, clocks.
//
// A backend adds the verbs that transfer something, and wait(). This part costs no memory.
#pragma once

#include <signal.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "kvcore/memory/arena.hpp"
#include "server/io.hpp"

namespace kv {

class SocketIo : public Io, public FileIo {
 public:
  /// Accepts on these sockets from now on; they outlive this. Signals in `awaited` are blocked,
  /// but for wait(), which they interrupt. The failure says what the kernel refuses.
  [[nodiscard]] virtual Failure listen_on(std::span<const int> sockets, const sigset_t& awaited);

  void stop_accepting() override;
  void name(int socket, SocketName& peer, SocketName& local) override;
  bool has_left(int socket) override;
  void shut_down(int socket) override;
  uint64_t unsent_bytes(int socket) override;
  void end_sending(int socket) override;
  void drop_unsent(int socket) override;
  void close(int socket) override;
  void refuse(int socket, std::string_view text) override;
  uint64_t monotonic_us() override;
  uint64_t unix_us() override;
  int exchange_names(int directory, const char* one, const char* other) override;
  FileId file_id(int directory, const char* name) override;

 protected:
  std::span<const int> listeners_;
  sigset_t unblocked_ = {};  ///< the signals that are blocked while wait() waits
};

}  // namespace kv
